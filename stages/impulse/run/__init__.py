"""A stage as a program: settings, metrics, progress, worker processes."""
