"""Where cars stand when a kickoff begins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

OTHER_HALF_UU = 500.0
"""A car this far in the other half at a kickoff is on the wrong side; all spots of its own are 2048 uu or more from the middle."""


def kickoff_rows(waits: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the last row of each countdown that ends: cars have been put on their spots and cannot have left them.

    Args:
        waits: (rows,) the game counts down to a kickoff.
    """
    ends = waits[:-1] & ~waits[1:]
    return np.flatnonzero(ends)


def in_other_half(y: npt.NDArray[np.floating], team: int) -> npt.NDArray[np.bool_]:
    """Tell where a car is in the half that its team attacks.

    Args:
        y: position of the car in uu; blue defends the goal at y < 0.
        team: 0 blue, 1 orange.
    """
    outside: npt.NDArray[np.bool_] = y * (1 if team == 0 else -1) > OTHER_HALF_UU
    return outside
