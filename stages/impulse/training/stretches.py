"""Where windows may lie: stretches of rows in one segment of one replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.loading.arrays import FrameArrays
from impulse.schema.frames import BALL_STALE, PLAYER_COLUMN

_ROWS_AT_A_TIME = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Stretches of rows that windows are cut from."""

    starts: npt.NDArray[np.int64]
    """(stretches,) first position of each stretch."""
    lengths: npt.NDArray[np.int64]
    """(stretches,) positions in each stretch."""
    rows: npt.NDArray[np.int64] | None
    """(positions,) row of the arrays at each position; None where position and row are the same."""

    def windows(self, length: int, stride: int) -> npt.NDArray[np.int64]:
        """Return how many windows fit into each stretch, (stretches,)."""
        return np.maximum((self.lengths - length) // stride + 1, 0)


def stale_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns that say how stale the ball is, and each car that has columns among these."""
    slots = sorted({int(found[1]) for name in columns if (found := PLAYER_COLUMN.fullmatch(name))})
    return [BALL_STALE.name, *(f"p{slot}_stale" for slot in slots)]


def find_stretches(frames: FrameArrays, *, drop_held: bool, max_stale: float | None) -> Stretches:
    """Find the stretches of play.

    Args:
        frames: arrays with the column ``segment``, ``is_held`` for ``drop_held``, :func:`stale_columns` for ``max_stale``.
        drop_held: leave out rows that repeat a network frame; their neighbours then follow each other.
        max_stale: s; rows in which the ball or a car is staler end a stretch. None takes all rows.

    Returns:
        Stretches of rows of one replay with the same segment; rows outside play are in none.
    """
    segment = _column(frames, "segment")
    if max_stale is not None:
        for name in stale_columns(frames.columns):
            segment[_column(frames, name) > max_stale] = np.nan
    replay = np.repeat(np.arange(len(frames.replay_ids)), np.diff(frames.offsets))
    rows = None
    if drop_held:
        rows = np.flatnonzero(_column(frames, "is_held") == 0)
        segment, replay = segment[rows], replay[rows]
    if not len(segment):
        return Stretches(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), rows)
    # NaN, outside play or too stale, differs from everything, itself too: each such row is a stretch that is then left out.
    changes = np.flatnonzero((segment[1:] != segment[:-1]) | (replay[1:] != replay[:-1])) + 1
    starts = np.concatenate(([0], changes)).astype(np.int64)
    lengths = np.diff(np.append(starts, len(segment)))
    in_play = np.isfinite(segment[starts])
    return Stretches(starts[in_play], lengths[in_play], rows)


def _column(frames: FrameArrays, name: str) -> npt.NDArray[np.floating[Any]]:
    """Copy one column out of a mapped file, a part at a time, so that the file does not fill the memory."""
    position = frames.columns.index(name)
    column = np.empty(len(frames.values), dtype=frames.values.dtype)
    for start in range(0, len(column), _ROWS_AT_A_TIME):
        column[start : start + _ROWS_AT_A_TIME] = frames.values[start : start + _ROWS_AT_A_TIME, position]
    return column
