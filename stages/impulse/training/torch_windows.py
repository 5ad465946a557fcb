"""The windows as a torch Dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from impulse.training.windows import Windows

try:
    import torch
except ImportError as error:
    raise ImportError("TorchWindows needs torch: pip install -e '.[torch]' in the checkout of impulse") from error

if TYPE_CHECKING:
    import os

    from impulse.loading.arrays import FrameArrays


class TorchWindows(torch.utils.data.Dataset):
    """Windows as tensors, for ``torch.utils.data.DataLoader``: a map-style Dataset.

    A window depends on its index alone and nothing here is random, so that workers need no seeds of their own. Shuffle
    with ``shuffle=True, generator=...``, or with ``sampler=EpochSampler(windows)`` where workers are persistent: torch
    draws from the generator at other moments then, and the orders after the first differ.
    """

    def __init__(self, dataset: str | os.PathLike[str] | FrameArrays | Windows, **settings: Any) -> None:  # noqa: ANN401
        """Find the windows.

        Args:
            dataset: as for :class:`Windows`, or windows that exist already.
            **settings: those of :class:`Windows`.
        """
        self.windows = dataset if isinstance(dataset, Windows) else Windows(dataset, **settings)
        """The same windows as arrays; its ``normalisation`` and ``where`` are of use."""

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.windows)

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401  (a tensor, or a pair of them)
        """Return a window, (length, columns), with its mask for ``nulls='zero'``."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return several windows; the DataLoader calls this for a whole batch, which is faster."""
        batch = self.windows.batch(np.asarray(indices))
        if isinstance(batch, tuple):
            values, present = (torch.from_numpy(part) for part in batch)
            return list(zip(values, present, strict=True))
        return list(torch.from_numpy(batch))


class EpochSampler(torch.utils.data.Sampler):
    """Shuffled numbers of windows, decided by their seed and the epoch alone: the same with any workers and any loader."""

    def __init__(self, windows: Windows, *, epoch: int = 0) -> None:
        """Start at an epoch; :meth:`set_epoch` goes on to others."""
        self._windows = windows
        self._epoch = epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass, as torch's DistributedSampler does."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers in this epoch's order."""
        return iter(self._windows.order(self._epoch).tolist())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._windows)
