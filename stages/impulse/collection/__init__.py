"""Collection: replay files from a source, verified and listed in an exact manifest."""
