"""Windows of fixed length that cross no goal, no kickoff and no replay, each reproducible from its index."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from impulse.errors import ConfigError, check_known
from impulse.files.disk import from_home
from impulse.loading.arrays import FrameArrays, open_frame_arrays
from impulse.training.normalisation import Normalisation
from impulse.training.stretches import find_stretches, stale_columns

NOT_QUANTITIES = re.compile(r"row|time|frame_time|is_held|segment|game_state|(ball|p\d+)_stale|p\d+_control_source")
"""Columns that say which row it is, and how well it was recorded; a window has them only when they are asked for."""

_WINDOWS_IN_CACHE = 16
"""Windows that are scaled at a time: a whole batch would wander through the processor's cache three times."""

Batch = npt.NDArray[np.floating[Any]] | tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.bool_]]


class Windows(Sequence[Any]):
    """All windows of some frames, in a fixed order: by replay, segment and first row.

    A window is a NumPy array (length, columns) in the arrays' type, float32 or float64. It depends on its index and the
    settings alone, never on the process, on what was read before, or on the order of reading. Objects may be pickled: of
    mapped files only the path travels, and they are opened again on the other side.
    """

    def __init__(
        self,
        dataset: str | os.PathLike[str] | FrameArrays,
        *,
        split: str = "train",
        length: int = 64,
        stride: int | None = None,
        columns: Sequence[str] | None = None,
        normalise: bool = True,
        nulls: Literal["nan", "zero"] = "nan",
        drop_held: bool = False,
        max_stale: float | None = None,
        seed: int = 0,
    ) -> None:
        """Find the windows. Of mapped arrays only one or two columns are read for it.

        Args:
            dataset: folder of a dataset that was exported with arrays (``export=numpy``), which are mapped, never
                loaded; or what ``impulse.load(..., as_='numpy')`` gave, whole replays with the column ``segment``.
            split: split of the folder; arrays have theirs already.
            length: rows of a window.
            stride: rows from one window's start to the next; None takes ``length``, so that windows do not overlap.
            columns: names of the columns in the order wanted; None takes all that describe the ball and the players, and
                the clock.
            normalise: scale columns by their physical bounds, see :class:`Normalisation`.
            nulls: ``nan`` leaves what is not there NaN; ``zero`` makes it 0 after scaling and gives pairs of values and
                a mask (length, columns) that is true where something is there.
            drop_held: leave out rows that repeat a network frame. Rows of a window are then those that show something
                new, and need not be equally far apart in time.
            max_stale: s; no window has a row in which the ball, or a car of a slot that the arrays have columns of, is
                staler (``ball_stale``, ``p*_stale``). None takes them all; 0.5 leaves out what no sound recording has.
            seed: of the shuffled orders.

        Raises:
            ConfigError: a setting is out of range, or a column is not there.
            DatasetError: the dataset has no arrays of this split.
        """
        stride = length if stride is None else stride
        for key, value in (("length", length), ("stride", stride)):
            if value < 1:
                raise ConfigError(key, f"{value} is out of range, must be at least 1")
        check_known("nulls", nulls, ("nan", "zero"))
        self._source: tuple[Path, str] | None = None
        if isinstance(dataset, FrameArrays):
            frames = dataset
        else:
            # Absolute, because a worker process may have another working folder.
            self._source = from_home(dataset).absolute(), split
            frames = open_frame_arrays(*self._source)
        self.build: str = frames.build
        """Identity of the build that the windows were found in; they are never cut from another one."""
        if columns is None:
            columns = [name for name in frames.columns if not NOT_QUANTITIES.fullmatch(name)]
        needed = ["segment"]
        if drop_held:
            needed.append("is_held")
        if max_stale is not None:
            if not max_stale >= 0:
                raise ConfigError("max_stale", f"{max_stale} is out of range, must be at least 0 s")
            needed += stale_columns(frames.columns)
        _check(frames, columns, needed=needed)
        self.length, self.stride = length, stride
        self.columns: tuple[str, ...] = tuple(columns)
        """Names of the columns of a window."""
        self.seed = seed
        self._positions = np.array([frames.columns.index(name) for name in columns], dtype=np.int64)
        self.normalisation: Normalisation | None = (
            Normalisation.from_bounds(frames.bounds[self._positions]) if normalise else None
        )
        """The scaling, whose ``invert`` gives the schema's units again; None without."""
        self._has_mask = nulls == "zero"
        self._stretches = find_stretches(frames, drop_held=drop_held, max_stale=max_stale)
        counts = self._stretches.windows(length, stride)
        # A window's place is found from its number, so that no list of windows is kept, however many there are.
        self._ends = np.cumsum(counts, dtype=np.int64)
        self._firsts = self._ends - counts
        self._frames: FrameArrays | None = frames

    @property
    def frames(self) -> FrameArrays:
        """The arrays that the windows are cut from.

        Raises:
            DatasetError: they have to be opened in this process first, and the dataset was rebuilt since.
        """
        if self._frames is None:
            assert self._source is not None
            self._frames = open_frame_arrays(*self._source, build=self.build)
        return self._frames

    def __getstate__(self) -> dict[str, Any]:
        """Leave a mapped file behind."""
        return {**self.__dict__, "_frames": self._frames if self._source is None else None}

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int | slice) -> Any:  # noqa: ANN401  (an array, or a pair of them)
        """Return one window (length, columns), with its mask for ``nulls='zero'``; or a batch for a slice."""
        if isinstance(index, slice):
            return self.batch(range(*index.indices(len(self))))
        batch = self.batch([index])
        return (batch[0][0], batch[1][0]) if isinstance(batch, tuple) else batch[0]

    def batch(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]]) -> Batch:
        """Return several windows at once, which is much faster than one after the other.

        Args:
            indices: numbers of windows in any order; negative ones count from the end.

        Returns:
            (windows, length, columns) values; for ``nulls='zero'`` a pair of them and of the mask in the same shape.

        Raises:
            IndexError: there is no such window.
        """
        starts = self._starts(indices)
        frames = self.frames
        source = frames.values.view(np.ndarray)  # a mapped array's own indexing is many times slower
        values = np.empty((len(starts), self.length, len(self._positions)), dtype=source.dtype)
        for target, start in zip(values, starts.tolist(), strict=True):
            rows = (
                source[start : start + self.length]
                if self._stretches.rows is None
                else source[self._stretches.rows[start : start + self.length]]
            )
            rows.take(self._positions, axis=1, out=target, mode="clip")
        if self.normalisation is not None:
            for first in range(0, len(values), _WINDOWS_IN_CACHE):
                part = values[first : first + _WINDOWS_IN_CACHE]
                self.normalisation.apply(part, out=part)
        if not self._has_mask:
            return values
        present = ~np.isnan(values)
        values[~present] = 0
        return values, present

    def where(self, index: int) -> tuple[str, int]:
        """Return the replay of a window and the number of its first row there."""
        start = int(self._starts([index])[0])
        row = start if self._stretches.rows is None else int(self._stretches.rows[start])
        replay = int(np.searchsorted(self.frames.offsets, row, side="right")) - 1
        return self.frames.replay_ids[replay], row - int(self.frames.offsets[replay])

    def order(self, epoch: int = 0) -> npt.NDArray[np.int64]:
        """Return the numbers of all windows, shuffled by seed and epoch alone, the same in every process."""
        return np.random.default_rng((self.seed, epoch)).permutation(len(self))

    def batches(self, size: int, *, epoch: int | None = None, part: int = 0, parts: int = 1) -> Iterator[Batch]:
        """Yield batches of all windows.

        Args:
            size: windows in a batch; the last may have fewer.
            epoch: shuffle by seed and this number; None keeps the order.
            part: take every ``parts``-th window, from this one on: workers that get the same epoch and a part each
                share the windows among them, without talking to each other.
            parts: number of workers.

        Raises:
            ConfigError: a number is out of range.
        """
        if size < 1:
            raise ConfigError("size", f"{size} is out of range, must be at least 1")
        if not 0 <= part < parts:
            raise ConfigError("part", f"{part} is out of range, must be from 0 to {parts - 1}")
        order = np.arange(len(self)) if epoch is None else self.order(epoch)
        mine = order[part::parts]
        for start in range(0, len(mine), size):
            yield self.batch(mine[start : start + size])

    def _starts(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
        """Return the first position of windows."""
        numbers = np.asarray(indices, dtype=np.int64).reshape(-1)
        numbers = np.where(numbers < 0, numbers + len(self), numbers)
        if ((numbers < 0) | (numbers >= len(self))).any():
            raise IndexError(f"there are {len(self)} windows, from 0")
        stretch = np.searchsorted(self._ends, numbers, side="right")
        starts: npt.NDArray[np.int64] = (
            self._stretches.starts[stretch] + (numbers - self._firsts[stretch]) * self.stride
        )
        return starts


def _check(frames: FrameArrays, columns: Sequence[str], *, needed: Sequence[str]) -> None:
    if not frames.is_whole:
        raise ConfigError(
            "dataset", "rows were filtered out, so that rows no longer follow each other; filter replays only"
        )
    if frames.values.dtype not in (np.float32, np.float64):
        raise ConfigError("dataset", f"the array is {frames.values.dtype}; windows are cut from float32 or float64")
    for name in needed:
        if name not in frames.columns:
            raise ConfigError("dataset", f"the column {name} is missing; load it too, windows need it")
    for name in columns:
        check_known("columns", name, frames.columns)
