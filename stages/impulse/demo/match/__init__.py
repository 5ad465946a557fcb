"""The truth of a synthetic match: what happened, frame by frame; it knows nothing of files."""
