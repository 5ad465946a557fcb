"""Export: the dataset itself, the same bytes for the same inputs and settings."""
