"""The codec: what the recording of a match looks like as bytes."""
