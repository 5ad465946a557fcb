"""How long each row of the frames lasts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from impulse.schema.sampling import LONGEST_PAUSE_SECONDS


def seconds_shown(held: npt.NDArray[np.bool_], frame_time: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return how long each row lasts, in s: until the next network frame shown; nothing for held rows and gaps.

    Args:
        held: (rows,) the row repeats a network frame.
        frame_time: (rows,) time in s of the network frame that the row shows.
    """
    fresh = np.flatnonzero(~held)
    seconds = np.zeros(len(held))
    lasts = np.diff(frame_time[fresh].astype(np.float64))
    seconds[fresh[:-1]] = np.where((lasts < 0) | (lasts > LONGEST_PAUSE_SECONDS), 0.0, lasts)
    return seconds
