"""Is everything that a checkout holds what was written, and from where can it be mended when it is not."""
