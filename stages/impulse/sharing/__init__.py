"""Datasets between machines: the remote that DVC stores them in, and releases of them."""
