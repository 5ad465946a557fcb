"""What the columns of frames are: names, types, units, bounds, and the parser's features they come from."""
