"""Open an exported dataset, local or remote, and read what is asked for and nothing else."""

from __future__ import annotations

from impulse.loading.api import load, open_dataset
from impulse.loading.dataset import Dataset
from impulse.loading.frames import Frames

__all__ = ["Dataset", "Frames", "load", "open_dataset"]
