"""Fixed windows of play for training, as NumPy arrays, and as a torch Dataset where torch is installed.

Windows         arrays of ``length`` rows that lie in one stretch of play of one replay
TorchWindows    the same windows as tensors, for a DataLoader; needs the extra ``torch``
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from impulse.training.normalisation import Normalisation
from impulse.training.windows import Windows

if TYPE_CHECKING:
    from impulse.training.torch_windows import EpochSampler, TorchWindows

__all__ = ["EpochSampler", "Normalisation", "TorchWindows", "Windows"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import torch only for those who use it."""
    if name not in ("EpochSampler", "TorchWindows"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("impulse.training.torch_windows"), name)
