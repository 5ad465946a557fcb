"""Frames of one replay, and the rows of tables that follow from them."""
