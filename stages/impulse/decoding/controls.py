"""What a driver did, as far as the file tells: throttle, steer, handbrake, boost, jumps and the direction of dodges.

All of it is held from the last value that was sent. Of throttle, steer and handbrake a new car has neutral values, which are not
sent: no keyframe, which writes all of a car again, has a throttle or steer of 128 or a handbrake that is off unless it changed
in that network frame (four matches of 2016 to 2026, 158 keyframes and cars with a throttle of 128 before: 0 neutral values). So
once one of the three was sent of a car, the others are neutral until they are sent; before that nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from impulse.decoding.attributes import COMPONENT_ACTIVE, DODGE_TORQUE, HANDBRAKE, STEER, THROTTLE
from impulse.decoding.cars import Drive, components
from impulse.decoding.match_state import held
from impulse.decoding.people import Stint
from impulse.decoding.walk import Update, Walk

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


def axis_value(sent: Floats) -> Floats:
    """Return throttle or steer, -1 to 1, of bytes: 128 is 0, 255 is 1, and 0 is -1; each side is linear."""
    offset = sent - np.float32(NEUTRAL)
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
    sent = {name: _by_life(walk, name) for name in (THROTTLE, STEER, HANDBRAKE, COMPONENT_ACTIVE, DODGE_TORQUE)}
    parts = {name: components(walk, kind) for name, kind in KINDS.items()}
    for drive in drives:
        mine, span = found[drive.stint], slice(drive.start, drive.end)
        mine.throttle[span], mine.steer[span], mine.handbrake[span] = _of_car(sent, drive)
        mine.dodge_direction[:, span] = np.nan
        for name, of_kind in parts.items():
            mine.active[name][span] = np.nan
            for since, until, life in of_kind.get(drive.car, ()):
                start, end = max(drive.start, since), min(drive.end, until)
                if start >= end:
                    continue
                counts = held(sent[COMPONENT_ACTIVE].get(life, ()), start, end)
                mine.active[name][start:end] = np.nan_to_num(counts) % 2
                if name == "dodge":
                    mine.dodge_direction[:, start:end] = _directions(sent[DODGE_TORQUE].get(life, ()), start, end)
    return found


def _nothing(frames: int) -> RecordedControls:
    def empty(*shape: int) -> Floats:
        return np.full(shape, np.nan, dtype=np.float32)

    active = {name: empty(frames) for name in KINDS}
    return RecordedControls(empty(frames), empty(frames), empty(frames), active, empty(2, frames))


def _by_life(walk: Walk, name: str) -> dict[int, list[Update]]:
    found: defaultdict[int, list[Update]] = defaultdict(list)
    for update in walk.updates.get(name, ()):
        found[update.life].append(update)
    return found


def _of_car(sent: Mapping[str, Mapping[int, Sequence[Update]]], drive: Drive) -> tuple[Floats, Floats, Floats]:
    updates = [sent[name].get(drive.car, ()) for name in (THROTTLE, STEER, HANDBRAKE)]
    first = min((of_one[0].frame for of_one in updates if of_one), default=drive.end)
    told = np.arange(drive.start, drive.end) >= first
    throttle, steer, handbrake = (
        np.where(told & np.isnan(values), np.float32(neutral), values)
        for values, neutral in (
            (held(of_one, drive.start, drive.end), neutral)
            for of_one, neutral in zip(updates, (NEUTRAL, NEUTRAL, 0), strict=True)
        )
    )
    return axis_value(throttle), axis_value(steer), handbrake


def _directions(updates: Sequence[Update], start: int, end: int) -> Floats:
    both = zip(*(direction(update.value) for update in updates), strict=True) if updates else ((), ())
    return np.stack(
        [
            held([update._replace(value=value) for update, value in zip(updates, values, strict=True)], start, end)
            for values in both
        ]
    )
