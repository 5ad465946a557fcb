"""Smooth oscillations made of parabolas.

Owns: the building block of all motion. Only additions, products, quotients and square roots are used, which
every machine rounds alike, unlike sine and cosine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def wave(turns: Array) -> tuple[Array, Array, Array]:
    """Return a smooth oscillation made of parabolas, its slope and curvature per turn.

    It runs 0, 1, 0, -1, 0 over one turn like a sine.
    """
    u = turns - np.floor(turns)
    second = u >= 0.5
    v = np.where(second, u - 0.5, u)
    sign = np.where(second, -1.0, 1.0)
    return sign * 16 * v * (0.5 - v), sign * (8 - 32 * v), sign * -32.0


def half_turn(turns: Array) -> tuple[Array, Array]:
    """Return cosine and sine of about half the angle of so many turns; exactly a unit pair."""
    sine, cosine = wave(turns / 2)[0], wave(turns / 2 + 0.25)[0]
    length = np.sqrt(sine * sine + cosine * cosine)
    return cosine / length, sine / length


def phase(height: Array, *, is_rising: NDArray[np.bool_]) -> Array:
    """Return where in a turn :func:`wave` has this height, on its rising or falling branch."""
    quarter = (1 - np.sqrt(1 - np.abs(height))) / 4
    rising = np.where(height >= 0, quarter, 1 - quarter)
    return np.asarray(np.where(is_rising, rising, 0.5 - rising))
