"""When cars come: at the start, after a demolition, and at kickoffs, where all are replaced, by what rows show alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from impulse.schema.physics import MAX_CAR_SPEED_UU_S
from impulse.schema.sampling import LONGEST_PAUSE_SECONDS

UNSETTLED_SECONDS = 0.3
"""How long after it came a car may lack its parts: they are linked up to three network frames after it."""

JUMP_UU = 300.0
"""How much farther than it can drive a car must have come to be another one; a bump moves it by less."""

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def unsettled(visible: Flags, body: Floats, frame_time: Floats, kickoff: Flags) -> Flags:
    """Tell in which rows a car may have come without its parts yet, so that a boost of 0 says nothing.

    Args:
        visible: (rows,) the car is on the field.
        body: (13, rows) its body.
        frame_time: (rows,) s, time of the network frame of each row.
        kickoff: (rows,) a countdown begins.
    """
    comes = visible & ~np.concatenate(([False], visible[:-1])) | kickoff
    seconds = np.diff(frame_time)
    moved = np.linalg.norm(np.diff(body[:3].astype(np.float64), axis=1), axis=0)
    comes[1:] |= (seconds > LONGEST_PAUSE_SECONDS) | (moved > MAX_CAR_SPEED_UU_S * seconds + JUMP_UU)
    last = np.maximum.accumulate(np.where(comes, np.arange(len(comes)), -1))
    return visible & (last >= 0) & (frame_time - frame_time[last] <= UNSETTLED_SECONDS)


def begins(flags: Flags) -> Flags:
    """Return (rows,) where a stretch of rows begins, but for one that begins in the first row."""
    return flags & ~np.concatenate(([True], flags[:-1]))
