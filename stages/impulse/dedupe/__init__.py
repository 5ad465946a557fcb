"""Deduplication: one recording for each match, one column for each quantity."""
