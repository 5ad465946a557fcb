"""Which rows are one stretch of play: by the game's own state, by kickoffs and goals that bodies show, by goals that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from impulse.schema.physics import KICKOFF_SPOT_UU, MOVING_UU_S

Flags = npt.NDArray[np.bool_]

_AT_REST_UU_S = 1.0
"""A ball that waits for its kickoff may still fall; along the ground its velocity is exactly 0."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What bodies do, as far as it tells a kickoff and a goal from play; all (rows,)."""

    ball_there: Flags
    ball_waits: Flags
    """The ball stands on the spot of the kickoff."""
    ball_moves: Flags
    car_moves: Flags
    """A car moves along the ground, which none can before a kickoff."""

    @classmethod
    def of(
        cls, ball: npt.NDArray[np.floating], ball_there: Flags, cars: Sequence[npt.NDArray[np.floating]]
    ) -> Movement:
        """Read it from the bodies.

        Args:
            ball: (rows, 13) position in uu, quaternion, velocity in uu/s, angular velocity.
            ball_there: (rows,) the ball exists.
            cars: the same of each player's car, zeros where there is none.
        """
        on_spot = (np.abs(ball[:, :2]) <= KICKOFF_SPOT_UU).all(axis=1) & (_along_ground(ball) < _AT_REST_UU_S)
        car_moves = np.zeros(len(ball), dtype=bool)
        for car in cars:
            car_moves |= _along_ground(car) >= MOVING_UU_S
        speed = np.hypot(_along_ground(ball), ball[:, 9])
        return cls(ball_there, ball_there & on_spot, ball_there & (speed >= MOVING_UU_S), car_moves)

    @property
    def resets(self) -> Flags:
        """(rows,) first row in which the ball is back on the spot of the kickoff, or there for the first time."""
        shown = np.flatnonzero(self.ball_there)
        waits = self.ball_waits[shown]
        is_reset = np.zeros(len(self.ball_there), dtype=bool)
        is_reset[shown] = waits & ~np.concatenate(([False], waits[:-1]))[: len(waits)]
        return is_reset


def play_segments(
    in_play: Flags | None,
    frame_time: npt.NDArray[np.float32],
    movement: Movement,
    goal_rows: Sequence[int] = (),
) -> npt.NDArray[np.int16]:
    """Number the stretches of play.

    A stretch is one in which the game says that it is played, up to the next reset of the ball, goal, or step back in time.
    Where only bodies tell its ends, it begins when a car first moves after the ball was put on its spot, and ends with
    the last row in which the ball moves: a goal stops or removes it until the reset.

    Args:
        in_play: (rows,) the game says that it is played; None where the file has no state, so that bodies and goals alone
            tell.
        frame_time: (rows,) time in s of the network frame of each row; a step back starts a new stretch.
        movement: of ball and cars.
        goal_rows: first rows after goals that are known otherwise; what follows is no play until the next reset, or until
            the game says so.

    Returns:
        (rows,) int16: 0, 1, ... in play, -1 outside.
    """
    rows = len(frame_time)
    numbers = np.full(rows, -1, dtype=np.int16)
    active = np.ones(rows, dtype=bool) if in_play is None else in_play
    resets, is_goal = movement.resets, np.zeros(rows, dtype=bool)
    is_goal[list(goal_rows)] = True
    is_first = active.copy()
    is_first[1:] &= ~active[:-1] | (frame_time[1:] < frame_time[:-1]) | resets[1:] | is_goal[1:]
    starts = np.flatnonzero(is_first)
    number = 0
    for start, following in pairwise([*starts, rows]):
        stretch = np.arange(start, following)[active[start:following]]
        if is_goal[start] and not resets[start]:
            continue
        if in_play is None or (start and resets[start] and active[start - 1]):
            stretch = _from_first(stretch, movement.car_moves | ~movement.ball_waits)
        if in_play is None or (following < rows and active[following - 1] and (resets | is_goal)[following]):
            stretch = _up_to_last(stretch, movement.ball_moves)
        if len(stretch):
            numbers[stretch] = number
            number += 1
    return numbers


def _from_first(stretch: npt.NDArray[np.intp], flags: Flags) -> npt.NDArray[np.intp]:
    found = np.flatnonzero(flags[stretch])
    return stretch[found[0] :] if len(found) else stretch[:0]


def _up_to_last(stretch: npt.NDArray[np.intp], flags: Flags) -> npt.NDArray[np.intp]:
    found = np.flatnonzero(flags[stretch])
    return stretch[: found[-1] + 1] if len(found) else stretch[:0]


def _along_ground(body: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    speed: npt.NDArray[np.floating] = np.hypot(body[:, 7], body[:, 8])
    return speed
