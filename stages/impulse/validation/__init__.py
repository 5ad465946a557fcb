"""Validation: which replays are good enough, by rules that are data."""
