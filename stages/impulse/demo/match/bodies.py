"""States of rigid bodies: the ball's and the cars'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bodies:
    """States of rigid bodies; the leading axes are (frame,) for a ball or (frame, player) for cars."""

    position: NDArray[np.float64]
    """(..., 3) uu."""
    rotation: NDArray[np.float64]
    """(..., 4) unit quaternion x, y, z, w."""
    velocity: NDArray[np.float64]
    """(..., 3) uu/s."""
    spin: NDArray[np.float64]
    """(..., 3) angular velocity, rad/s."""
    asleep: NDArray[np.bool_]
    """(...) a sleeping body is stored without velocities, which count as 0."""

    def __getitem__(self, key: int | slice | NDArray[np.bool_]) -> Bodies:
        """Return some of the bodies."""
        return Bodies(self.position[key], self.rotation[key], self.velocity[key], self.spin[key], self.asleep[key])

    def blanked(self, absent: NDArray[np.bool_]) -> Bodies:
        """Return the bodies with NaN for those that are absent (...)."""
        position, rotation, velocity, spin = (
            np.where(absent[..., None], np.nan, values)
            for values in (self.position, self.rotation, self.velocity, self.spin)
        )
        return Bodies(position, rotation, velocity, spin, self.asleep)


SECOND_BALL_AWAY_UU = 500.0
"""How far the second ball is from the first while both rest (chosen)."""


def second_ball(ball: Bodies) -> Bodies:
    """Return a ball that nobody plays with: it moves as the ball does, turned by half a turn, some way to the side."""
    turned = np.array([-1.0, -1.0, 1.0])
    place = ball.position * turned + np.array([SECOND_BALL_AWAY_UU, 0.0, 0.0])
    return Bodies(place, ball.rotation, ball.velocity * turned, ball.spin * turned, ball.asleep)
