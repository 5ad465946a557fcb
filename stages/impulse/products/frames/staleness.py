"""How long bodies have shown the same state although they move, by their values alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from impulse.schema.physics import MOVING_UU_S

STEP_DECIMALS = 2
"""Staleness is in steps of 0.01 s: times between network frames differ in the seventh digit, which would not compress."""


def staleness(
    body: npt.NDArray[np.floating], there: npt.NDArray[np.bool_], frame_time: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return how long each row's state has repeated itself although its velocity says that the body moves.

    Rows that show one network frame several times add nothing, as no time of the recording passes between them.

    Args:
        body: (rows, 13) position in uu, quaternion, velocity in uu/s, angular velocity.
        there: (rows,) the body is on the field.
        frame_time: (rows,) time in s of the network frame that each row shows; a step back begins anew.

    Returns:
        (rows,) s since the first row of the run in which all 13 values are the same; 0 in that row, where the body is slower
        than :data:`MOVING_UU_S`, and where it is not there.
    """
    rows = np.arange(len(there))
    is_new = np.ones(len(there), dtype=bool)
    is_new[1:] = ~(there[1:] & there[:-1]) | (frame_time[1:] < frame_time[:-1]) | (body[1:] != body[:-1]).any(axis=1)
    began = frame_time[np.maximum.accumulate(np.where(is_new, rows, 0))] if len(rows) else frame_time
    velocity = body[:, 7:10]
    moves = there & (np.einsum("ij,ij->i", velocity, velocity) >= MOVING_UU_S**2)
    stale: npt.NDArray[np.float32] = np.where(moves, np.round(frame_time - began, STEP_DECIMALS), np.float32(0))
    return stale
