"""What the drivers of a synthetic match press: throttle, steer and handbrake, where dodges go, and pitch, yaw and roll in flights.

Owns: throttle, steer and handbrake, which have nothing to do with how cars move on the ground, along paths of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.draws import Draws
from impulse.demo.match.driving import Driving
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.truth import DODGE, GAME_STATES, CarLife, GameState

NEUTRAL = 128
"""Throttle and steer in the middle; 0 and 255 are the ends."""
WINDOW_S = 1.1
"""How long a value is held (chosen)."""
ENDS_SHARE, NEUTRAL_SHARE = 0.25, 0.2
"""Share of the windows at either end, and in the middle (chosen)."""
HANDBRAKE_SHARE = 0.15
"""Share of the windows with the handbrake (chosen)."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What P players press in F frames."""

    throttle: NDArray[np.uint8]
    """(F, P) 0..255; neutral in the first frame of a car, and without one."""
    steer: NDArray[np.uint8]
    """(F, P)."""
    handbrake: NDArray[np.bool_]
    """(F, P)."""
    dodge_torque: NDArray[np.int64]
    """(F, P, 2) about nose and right side, of the car's last dodge; zeros before the first."""
    air_inputs: NDArray[np.float64]
    """(F, P, 3) pitch, yaw and roll; zeros on the ground and without a car."""


def press(
    seed: int,
    schedule: Schedule,
    *,
    lives: tuple[CarLife, ...],
    driving: Driving,
    component_counts: NDArray[np.uint8],
) -> Controls:
    """Return what everyone presses while he has a car and the match is no countdown.

    Args:
        seed: seed of the match.
        schedule: F frames.
        lives: the cars.
        driving: what cars do that are never missing.
        component_counts: (F, P, 4) as in :attr:`impulse.demo.match.truth.Match.component_counts`; tells of dodges.
    """
    frames, players = component_counts.shape[:2]
    window = (schedule.time / WINDOW_S).astype(np.int64)
    shape = (int(window[-1]) + 1, players)
    drawn = [Draws(seed, "controls", name).uniforms(shape)[window] for name in ("throttle", "steer", "handbrake")]
    throttle, steer = (_axis(of_one) for of_one in drawn[:2])
    is_held = schedule.state == GAME_STATES.index(GameState.COUNTDOWN)
    free = np.zeros((frames, players), dtype=bool)
    has_car = np.zeros((frames, players), dtype=bool)
    torque = np.zeros((frames, players, 2), dtype=np.int64)
    for life in lives:
        free[life.first + 1 : life.stop, life.player] = True
        whole = slice(life.first, life.stop if life.demolished is None else life.demolished)
        has_car[whole, life.player] = True
        counts = component_counts[life.first : life.stop, life.player, DODGE].astype(np.int64)
        for onset in life.first + np.flatnonzero((counts % 2 == 1) & (np.diff(counts, prepend=0) != 0)):
            torque[onset : life.stop, life.player] = driving.dodge_torque[onset, life.player]
    free &= ~is_held[:, None]
    return Controls(
        np.where(free, throttle, NEUTRAL).astype(np.uint8),
        np.where(free, steer, NEUTRAL).astype(np.uint8),
        free & (drawn[2] < HANDBRAKE_SHARE),
        torque,
        driving.air_inputs * has_car[..., None],
    )


def _axis(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return bytes for numbers in [0, 1): the ends and the middle more often than all others."""
    middle = np.where(drawn < 1 - ENDS_SHARE - NEUTRAL_SHARE, np.floor(drawn * 255), NEUTRAL)
    return np.where(drawn < ENDS_SHARE, 0, np.where(drawn >= 1 - ENDS_SHARE, 255, middle))
