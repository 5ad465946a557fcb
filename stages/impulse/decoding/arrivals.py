"""When cars come, by what rows show alone: at the start, after a demolition, and at kickoffs, where all are replaced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from impulse.schema.frames import KICKOFF_STATE, REPLAY_STATE
from impulse.schema.sampling import LONGEST_PAUSE_SECONDS

UNSETTLED_SECONDS = 0.3
"""How long after it came a car may lack its parts: they are linked up to three network frames after it."""

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def unsettled_boost(boost: Floats, visible: Flags, frame_time: Floats, states: Floats, names: Sequence[str]) -> Flags:
    """Tell in which rows a boost says nothing, because the car may have come without its parts yet.

    That is a boost of 0 right after a car came, and any while the game shows a goal again, with cars that are put up for
    that.

    Args:
        boost: (rows,) raw.
        visible: (rows,) the car is on the field.
        frame_time: (rows,) s, time of the network frame of each row.
        states: (rows,) index into the names; anything else where it is not known.
        names: the file's names.
    """
    comes = begins(visible) | begins(in_state(states, names, KICKOFF_STATE))
    comes[1:] |= np.diff(frame_time) > LONGEST_PAUSE_SECONDS
    last = np.maximum.accumulate(np.where(comes, np.arange(len(comes)), -1))
    just_came = (last >= 0) & (frame_time - frame_time[last] <= UNSETTLED_SECONDS)
    says_nothing: Flags = visible & ((boost == 0) & just_came | in_state(states, names, REPLAY_STATE))
    return says_nothing


def in_state(states: Floats, names: Sequence[str], state: str) -> Flags:
    """Return (rows,) where the game is in a state."""
    return np.asarray(states == names.index(state)) if state in names else np.zeros(len(states), dtype=bool)


def begins(flags: Flags) -> Flags:
    """Return (rows,) where a stretch of rows begins, but for one that begins in the first row."""
    return flags & ~np.concatenate(([True], flags[:-1]))
