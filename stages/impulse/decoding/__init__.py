"""The boundary to the parser: its calls, their sampling, and their failures as reject reasons."""
