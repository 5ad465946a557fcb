"""Frames of one replay, and the rows of tables that follow from them: facts, players, goals, demolitions."""

USES = ("decoding", "files/arrow.py", "files/frames.py")
"""What this product uses beside the ground rooms; its digest covers them."""
