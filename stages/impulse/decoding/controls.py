"""What a driver did, as far as the file tells: throttle, steer, handbrake, boost, jumps and the direction of dodges.

All of it is held from the last value that was sent. Of throttle, steer and handbrake a new car has neutral values, which are not
sent: no keyframe, which writes all of a car again, has a throttle or steer of 128 or a handbrake that is off unless it changed
in that network frame (four matches of 2016 to 2026, 158 keyframes and cars with a throttle of 128 before: 0 neutral values). So
once one of the three was sent of a car, the others are neutral until they are sent; before that nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.decoding.attributes import COMPONENT_ACTIVE, DODGE_TORQUE, HANDBRAKE, STEER, THROTTLE
from impulse.decoding.cars import Drive, components
from impulse.decoding.people import Stint
from impulse.decoding.walk import Walk

NEUTRAL = 128
"""Throttle and steer in the middle; 255 is full forward or right, 0 is full reverse or left."""

KINDS = {"boost": "Boost", "jump": "Jump", "double_jump": "DoubleJump", "dodge": "Dodge", "flip_car": "FlipCar"}
"""What the components of a car that act are called here; flip_car puts a car that lies on its roof on its wheels."""

DODGE_PITCH_TORQUE, DODGE_ROLL_TORQUE = 2.24, 2.6
"""Torque of a dodge straight ahead, and of one to the side, in the file's units."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RecordedControls:
    """What was told of one stint, in each network frame; NaN where nothing was."""

    throttle: Floats
    """(frames,) -1 full reverse to 1 full forward."""
    steer: Floats
    """(frames,) -1 full left to 1 full right."""
    handbrake: Floats
    """(frames,) 0 or 1."""
    active: Mapping[str, Floats]
    """(frames,) 0 or 1 for each of :data:`KINDS`."""
    dodge_direction: Floats
    """(2, frames) forward and right, of length 1 or 0, of the last dodge whose torque was sent."""

    def begins(self, kind: str) -> npt.NDArray[np.bool_]:
        """Return (frames,) where the action of a kind begins."""
        active = self.active[kind] > 0
        return np.asarray(active & ~np.concatenate(([False], active[:-1])))


def axis_values(sent: Sequence[int]) -> Floats:
    """Return throttle or steer, -1 to 1, of bytes: 128 is 0, 255 is 1, and 0 is -1; each side is linear."""
    offset = np.array(sent, dtype=np.float32) - np.float32(NEUTRAL)
    return np.asarray(offset / np.where(offset > 0, np.float32(255 - NEUTRAL), np.float32(NEUTRAL)))


def direction(torque: Mapping[str, float]) -> tuple[float, float]:
    """Return forward and right of a dodge from its torque; zeros for one without, which only takes the fall away.

    The torque is about the car's own axes: y pitches it forward, and x rolls it, to the left if positive.
    """
    forward, right = torque["y"] / DODGE_PITCH_TORQUE, -torque["x"] / DODGE_ROLL_TORQUE
    length = float(np.hypot(forward, right))
    return (forward / length, right / length) if length > 0 else (0.0, 0.0)


def recorded_controls(walk: Walk, drives: Sequence[Drive]) -> dict[Stint, RecordedControls]:
    """Return what was told of everyone who drove a car.

    Args:
        walk: with :data:`~impulse.decoding.attributes.FOR_CONTROLS`.
        drives: who drove which car, in the order of the cars' spawns; of two cars of one stint the later counts.
    """
    frames = len(walk.times)
    found = {drive.stint: _nothing(frames) for drive in drives}
    of_cars = [_sent(walk, name, axis_values) for name in (THROTTLE, STEER)] + [_sent(walk, HANDBRAKE, _numbers)]
    active, directions = _sent(walk, COMPONENT_ACTIVE, _is_odd), _sent(walk, DODGE_TORQUE, _directions)
    parts = {name: components(walk, kind) for name, kind in KINDS.items()}
    for drive in drives:
        mine, span = found[drive.stint], slice(drive.start, drive.end)
        of_car = [sent.get(drive.car, _NOTHING_SENT) for sent in of_cars]
        unknown = slice(drive.start, max(drive.start, min(drive.end, *(sent.first for sent in of_car))))
        for column, sent in zip((mine.throttle, mine.steer, mine.handbrake), of_car, strict=True):
            column[span] = sent.held(drive.start, drive.end, before=0)
            column[unknown] = np.nan
        mine.dodge_direction[:, span] = np.nan
        for name, of_kind in parts.items():
            mine.active[name][span] = np.nan
            for since, until, life in of_kind.get(drive.car, ()):
                start, end = max(drive.start, since), min(drive.end, until)
                if start >= end:
                    continue
                mine.active[name][start:end] = active.get(life, _NOTHING_SENT).held(start, end, before=0)
                if name == "dodge" and life in directions:
                    mine.dodge_direction[:, start:end] = directions[life].held(start, end, before=np.nan).T
    return found


def _nothing(frames: int) -> RecordedControls:
    def empty(*shape: int) -> Floats:
        return np.full(shape, np.nan, dtype=np.float32)

    active = {name: empty(frames) for name in KINDS}
    return RecordedControls(empty(frames), empty(frames), empty(frames), active, empty(2, frames))


@dataclass(frozen=True, slots=True)
class _Sent:
    """What was sent of one actor."""

    frames: npt.NDArray[np.intp]
    """(n,) network frames."""
    values: Floats
    """(n, ...)."""

    @property
    def first(self) -> float:
        """The first network frame; infinite for nothing."""
        return self.frames[0] if len(self.frames) else np.inf

    def held(self, start: int, end: int, *, before: float) -> Floats:
        """Return (end - start, ...) the last value sent before or in each network frame, and another one before the first."""
        since = np.concatenate([[start], np.minimum(np.maximum(self.frames, start), end), [end]])
        values = np.concatenate([np.full_like(self.values, before, shape=(1, *self.values.shape[1:])), self.values])
        return values.repeat(np.diff(since), axis=0)


_NOTHING_SENT = _Sent(np.empty(0, np.intp), np.empty(0, np.float32))


def _sent(walk: Walk, name: str, meaning: Callable[[Any], Floats]) -> dict[int, _Sent]:
    """Return what was sent of an attribute by life, as what it means: a function of all values at once."""
    updates = walk.updates.get(name, ())
    if not updates:
        return {}
    frames, lives, values = zip(*updates, strict=True)
    order = np.argsort(lives, kind="stable")
    known, starts = np.unique(np.array(lives)[order], return_index=True)
    parts = (np.split(column[order], starts[1:]) for column in (np.array(frames), meaning(values)))
    return {int(life): _Sent(*both) for life, *both in zip(known, *parts, strict=True)}


def _numbers(sent: Sequence[float]) -> Floats:
    return np.array(sent, dtype=np.float32)


def _is_odd(counts: Sequence[int]) -> Floats:
    """Return what a component does: its count rises where the action begins, and where it ends."""
    return _numbers(counts) % 2


def _directions(torques: Sequence[Mapping[str, float]]) -> Floats:
    return np.array([direction(torque) for torque in torques], dtype=np.float32)
