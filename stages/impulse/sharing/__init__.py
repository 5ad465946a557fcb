"""Datasets between machines: the remote that DVC stores them in, and releases of them; and the page about what real replays give."""
