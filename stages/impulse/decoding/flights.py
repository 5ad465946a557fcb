"""What everyone did in the air: pitch, yaw and roll in each network frame, and where a car stands on the floor instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from impulse.decoding.air_controls import (
    INPUTS,
    SPIN_ROUNDING_RAD_S,
    BodyStates,
    input_rates,
    is_free_flight,
    solve_inputs,
    ticks_between,
)
from impulse.decoding.bodies import POSITIONS_SINCE, Bodies
from impulse.decoding.cars import Drive
from impulse.decoding.controls import RecordedControls
from impulse.decoding.people import Stint

MARGIN_SECONDS = 0.05
"""An update may show a state of so long before or after its network frame, and so may what is told of jumps and dodges."""

TORQUE_SECONDS, PITCH_LOCK_SECONDS = 0.65, 0.95
"""How long a dodge turns the car itself, and how long its driver cannot pitch (RocketSim 2.2.1)."""

FLOOR_UU, UPRIGHT = 22.0, 0.95
"""The origin of a car that stands on the floor is below that height (the highest is at 20), its roof's direction upwards."""

OLD_SPIN_ROUNDING_RAD_S = 10 * SPIN_ROUNDING_RAD_S

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Flights:
    """One stint, in each network frame."""

    inputs: Floats
    """(3, frames) pitch, yaw, roll from this network frame to the next update of the car; NaN where they cannot be known."""
    on_floor: Flags
    """(frames,) the car stands on the floor."""


def flights(
    times: Floats,
    bodies: Bodies,
    drives: Sequence[Drive],
    recorded: Mapping[Stint, RecordedControls],
    *,
    net_version: int | None,
) -> dict[Stint, Flights]:
    """Return what everyone who drove a car did in the air.

    Args:
        times: (frames,) s of the network frames.
        bodies: of the replay.
        drives: who drove which car.
        recorded: jumps and dodges of everyone.
        net_version: the header's; older files have rounder spins.
    """
    found = {
        stint: Flights(
            np.full((len(INPUTS), len(times)), np.nan, dtype=np.float32), np.zeros(len(times), dtype=np.bool_)
        )
        for stint in recorded
    }
    seen = [(drive, updates_of(bodies, drive)) for drive in drives]
    if not any(len(updates) for _, updates in seen):
        return found
    states = states_of(times, bodies, np.concatenate([updates for _, updates in seen]))
    of_drive = np.repeat(np.arange(len(seen)), [len(updates) for _, updates in seen])
    is_one_car = of_drive[1:] == of_drive[:-1]
    ticks = np.where(is_one_car, ticks_between(states), 0)
    free = (ticks > 0) & is_free_flight(states, ticks)
    low = (states.position[:, 2] <= FLOOR_UU) & (states.rotation[:, 2, 2] >= UPRIGHT)
    stands = low[1:] & low[:-1] & ~free & is_one_car
    is_steered = _steered(seen, states, times, recorded)
    use = np.flatnonzero(free & is_steered[:, 1:].any(axis=1))
    rates = input_rates(states.rotation, states.spin)
    rounding = OLD_SPIN_ROUNDING_RAD_S if (net_version or 0) < POSITIONS_SINCE else SPIN_ROUNDING_RAD_S
    inputs = np.full((len(ticks), len(INPUTS)), np.nan)
    inputs[use] = solve_inputs(rates[use], rates[use + 1], ticks[use], spin_rounding=rounding)
    inputs[~is_steered] = np.nan
    first = 0
    for drive, updates in seen:
        between = slice(first, first + max(len(updates) - 1, 0))
        starts = states.frames[first : first + len(updates)]
        lengths = np.diff(starts)
        if len(lengths):
            span = slice(starts[0], starts[-1])
            found[drive.stint].inputs[:, span] = np.repeat(inputs[between], lengths, axis=0).T
            found[drive.stint].on_floor[span] = np.repeat(stands[between], lengths)
        first += len(updates)
    return found


def updates_of(bodies: Bodies, drive: Drive) -> Indices:
    """Return the updates of a car while somebody drives it, without those that repeat the one before, as keyframes do."""
    first, last = bodies.spans.get(drive.car, (0, 0))
    values, frames = bodies.values[first:last], bodies.frames[first:last]
    is_new = np.ones(len(values), dtype=bool)
    is_new[1:] = (values[1:] != values[:-1]).any(axis=1)
    return first + np.flatnonzero(is_new & (frames >= drive.start) & (frames < drive.end))


def states_of(times: Floats, bodies: Bodies, updates: Indices) -> BodyStates:
    """Return what some updates of bodies tell, in the units of the game."""
    values, frames = bodies.values[updates].astype(np.float64), bodies.frames[updates]
    return BodyStates(
        frames,
        times[frames].astype(np.float64),
        values[:, :3],
        rotations(values[:, 3:7]),
        values[:, 7:10],
        values[:, 10:] / 100,
    )


def rotations(quaternions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (n, 3, 3) rotations, columns forward, right, up, of (n, 4) quaternions x, y, z, w."""
    lengths = np.linalg.norm(quaternions, axis=1, keepdims=True)
    x, y, z, w = (quaternions / np.maximum(lengths, 1e-9)).T
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], axis=1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], axis=1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], axis=1),
        ],
        axis=1,
    )


def _steered(
    seen: Sequence[tuple[Drive, Indices]], states: BodyStates, times: Floats, recorded: Mapping[Stint, RecordedControls]
) -> Flags:
    """Tell (updates - 1, 3) where an input turns the car and nothing else does: no jump, dodge or flip back onto the wheels."""
    steered = np.zeros((max(len(states.frames) - 1, 0), len(INPUTS)), dtype=bool)
    blocked = {stint: _blocked(times, controls) for stint, controls in recorded.items()}
    first = 0
    for drive, updates in seen:
        frames = states.frames[first : first + len(updates)]
        if len(frames) > 1:
            counts = blocked[drive.stint]
            is_blocked = counts[:, np.minimum(frames[1:] + 1, len(times))] > counts[:, frames[:-1]]
            steered[first : first + len(frames) - 1] = ~is_blocked[[1, 0, 0]].T
        first += len(updates)
    return steered


def _blocked(times: Floats, controls: RecordedControls) -> npt.NDArray[np.int64]:
    """Return (2, frames + 1) in how many network frames before each a car did not answer to yaw and roll, and to pitch."""
    acts = np.zeros(len(times), dtype=bool)
    for kind in ("jump", "flip_car"):
        active = controls.active[kind] > 0
        acts |= active
        acts[1:] |= active[:-1]
        acts[:-1] |= active[1:]
    blocked = np.stack([acts, acts])
    for onset in times[controls.begins("dodge")]:
        for number, seconds in enumerate((TORQUE_SECONDS, PITCH_LOCK_SECONDS)):
            first, last = np.searchsorted(times, (onset - MARGIN_SECONDS, onset + seconds + MARGIN_SECONDS))
            blocked[number, first : last + 1] = True
    return np.concatenate([np.zeros((2, 1), dtype=np.int64), np.cumsum(blocked, axis=1)], axis=1)
