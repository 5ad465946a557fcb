"""Flights of cars in a synthetic match: jumps, double jumps and dodges, in which cars answer to pitch, yaw and roll.

Owns: how a car turns and falls in the air, by steps of the game's physics. Nothing of this is shared with what infers such
inputs from recordings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.draws import Draws
from impulse.demo.match.truth import AHEAD_DODGE_TORQUE, SIDE_DODGE_TORQUE
from impulse.demo.match.waves import Array
from impulse.schema.physics import MAX_CAR_SPIN_RAD_S

TICKS_PER_S = 120
"""Steps of the game's physics; what a network frame shows is the state after one of them."""
GRAVITY_UU_S2 = 650.0
_SPIN_UNIT = 2 * np.pi / 65.536
"""rad/s of a thousand of the game's units of angle, of which a turn has 65 536."""
TORQUE_RAD_S2 = _SPIN_UNIT * np.array([-400.0, -130.0, 95.0])
"""What a full roll, pitch and yaw give, about the car's nose, right side and roof (community measurements)."""
DRAG_PER_S = _SPIN_UNIT * np.array([50.0, 30.0, 20.0])
"""How spins about these axes slow down; for pitch and yaw less so the more is pressed, not at all with full input."""
DODGE_TICKS = (48, 126)
"""When a dodge turns the car, from the start of the jump: it lasts 0.65 s (game rule)."""
PITCH_LOCK_TICKS = (48, 162)
"""When a car that dodges does not answer to pitch: for 0.95 s (game rule)."""
DOUBLE_JUMP_TICK = 42
"""When a double jump comes, from the start of the jump (chosen)."""
DOUBLE_JUMP_UU_S = 292.0
"""What it adds to the speed upwards (game rule)."""
WINDOW_TICKS = 36
"""How long an input is held (chosen)."""
NEUTRAL_SHARE = 0.4
"""Share of the windows in which an axis is not pressed (chosen)."""
MOST_INPUT = 0.8
"""No axis is pressed further, so that some spins stay below their limit (chosen)."""
_NEXT, _LAST = [1, 2, 0], [2, 0, 1]
PLAIN, DODGE, DOUBLE = range(3)
"""Kinds of jumps."""
KINDS = (PLAIN, PLAIN, DODGE, DOUBLE)
"""Each is as likely as the others."""
FLIGHTS = 240
"""So many there are to choose from."""
LONGEST_TICKS = 264
"""So long they last."""
# A quaternion x, y, z, w times one of the axes: which of its numbers become which, and with which signs.
_TURNED = np.array([[3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2]])
_SIGNS = np.array([[1.0, 1.0, -1.0, -1.0], [-1.0, 1.0, 1.0, -1.0], [1.0, -1.0, 1.0, -1.0]])


@dataclass(frozen=True, slots=True)
class Flights:
    """How N cars turn in the air, from level; T + 1 states each, one a tick."""

    kind: NDArray[np.int64]
    """(N,)."""
    torque: NDArray[np.int64]
    """(N, 2) of the dodge about nose and right side, in rad/s^2; zeros without one."""
    inputs: Array
    """(T + 1, N, 3) pitch, yaw, roll, -1..1, from each tick to the next."""
    rotation: Array
    """(T + 1, N, 4) unit quaternion x, y, z, w, beside the heading at the start."""
    spin: Array
    """(T + 1, N, 3) rad/s, about axes along that heading, to its right, and upwards."""


def height(elapsed: Array, *, seconds: Array, is_double: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return height in uu and its rate in uu/s, so long after the start of jumps that take so many seconds: as cars fall."""
    at = DOUBLE_JUMP_TICK / TICKS_PER_S
    kick = np.where(is_double, DOUBLE_JUMP_UU_S, 0.0)
    rise = GRAVITY_UU_S2 / 2 * seconds - kick * (1 - at / seconds)
    up = rise * elapsed - GRAVITY_UU_S2 / 2 * elapsed * elapsed + kick * np.maximum(elapsed - at, 0.0)
    return up, rise - GRAVITY_UU_S2 * elapsed + np.where(elapsed > at, kick, 0.0)


@cache
def flights() -> Flights:
    """Follow some flights tick by tick, with inputs that are drawn and held for a while; matches choose among them.

    It takes some hundredths of a second, once in a process.
    """
    draws, count, ticks = Draws("flights"), FLIGHTS, LONGEST_TICKS
    kind = np.array(KINDS)[np.arange(count) % len(KINDS)]
    angle = 2 * np.pi * draws.uniforms((count,))
    torque = np.rint(np.stack([np.sin(angle), np.cos(angle)], axis=1) * (SIDE_DODGE_TORQUE, AHEAD_DODGE_TORQUE))
    torque = torque.astype(np.int64) * (kind == DODGE)[:, None]
    drawn = draws.uniforms((ticks // WINDOW_TICKS + 1, count, 3))
    pressed = (drawn - NEUTRAL_SHARE) / (1 - NEUTRAL_SHARE) * 2 - 1
    windows = np.where(drawn < NEUTRAL_SHARE, 0.0, pressed * MOST_INPUT)
    at = np.arange(ticks + 1)
    inputs = windows[at // WINDOW_TICKS]
    roll_pitch_yaw = inputs[:, :, [2, 0, 1]]
    turns, locks = (
        ((start <= at) & (at < stop))[:, None] & (kind == DODGE) for start, stop in (DODGE_TICKS, PITCH_LOCK_TICKS)
    )
    answers = ~np.stack([turns, locks, turns], axis=2)
    push = roll_pitch_yaw * TORQUE_RAD_S2 * answers
    push[:, :, :2] += turns[:, :, None] * torque
    push = push / TICKS_PER_S
    keep = 1 - (1 - np.abs(roll_pitch_yaw) * [0.0, 1.0, 1.0] * answers) * DRAG_PER_S / TICKS_PER_S
    spin = np.zeros((ticks + 1, count, 3))
    for tick in range(ticks):
        now = spin[tick] * keep[tick] + push[tick]
        square = (now * now).sum(axis=1)
        if square.max() > MAX_CAR_SPIN_RAD_S**2:
            now *= np.minimum(MAX_CAR_SPIN_RAD_S / np.sqrt(np.maximum(square, 1.0)), 1.0)[:, None]
        spin[tick + 1] = now
    turns = _SIGNS[:, :, None] * (spin[1:].transpose(0, 2, 1) / (2 * TICKS_PER_S))[:, :, None]
    rotation = np.zeros((ticks + 1, 4, count))
    rotation[0, 3] = 1.0
    for tick in range(ticks):
        rotation[tick + 1] = rotation[tick] + (rotation[tick][_TURNED] * turns[tick]).sum(axis=0)
    length = np.sqrt((rotation * rotation).sum(axis=1, keepdims=True))
    unit = (rotation / length).transpose(0, 2, 1)
    return Flights(kind, torque, inputs, unit, turned(unit, spin))


def turned(rotation: Array, vectors: Array) -> Array:
    """Return (..., 3) vectors turned by (..., 4) unit quaternions x, y, z, w."""
    axis, scalar = rotation[..., :3], rotation[..., 3:]
    twice = 2 * _cross(axis, vectors)
    moved: Array = vectors + scalar * twice + _cross(axis, twice)
    return moved


def _cross(one: Array, other: Array) -> Array:
    """Return the cross product, of which numpy's own takes ten times as long for a few vectors."""
    product: Array = one[..., _NEXT] * other[..., _LAST] - one[..., _LAST] * other[..., _NEXT]
    return product
