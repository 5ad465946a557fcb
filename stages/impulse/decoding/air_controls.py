"""Pitch, yaw and roll of a car in the air, inferred from how its spin changed between two updates of its body.

The game turns a car in the air by a torque that is proportional to each input, and slows its spin by a drag. Both act about the
car's own axes and apart from each other, tick by tick, so that the three inputs between two updates can be solved for. They are
the mean over the time between the updates. Where that says nothing (contact, a dodge, a long gap, a spin at its limit), the
answer is that nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from impulse.schema.physics import MAX_CAR_SPIN_RAD_S

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TICK_SECONDS = 1 / 120
"""A step of the game's physics."""

INPUTS = ("pitch", "yaw", "roll")
"""Order of the inputs in all arrays here. Positive is nose up, nose to the right, and right side down."""

TORQUE = np.array([12.46359, 9.10801, 38.34952])
"""rad/s^2 that a full input gives, and"""
DRAG = np.array([2.87621, 1.91748, 4.79369])
"""1/s: how a spin slows down; for pitch and yaw less so the larger their input, not at all with a full one.

Both as RocketSim 2.2.1 has them, to its float32 precision: one tick from rest with a full input, one tick from 3 rad/s without.
Sam Mish's numbers (12.146, 8.9196, 36.0796; 2.7982, 1.8865, 4.4717) are 2 to 7 % smaller."""

GRAVITY_UU_S2 = 650.0
BOOST_UU_S2 = 1058.34
THROTTLE_UU_S2 = 66.67
"""Acceleration along the nose in the air, as RocketSim 2.2.1 has it."""

MOST_TICKS = 16
"""Updates further apart say little: inputs change. Cars have one every 8 to 12 ticks (real recordings of 2016 to 2026)."""

LEAST_SPEED_UU_S = 100.0
"""A slower car tells by its way not how many ticks passed."""

MOST_TICK_DEVIATION = 0.3
"""How far from a whole number the ticks may be that a car needed for its way; a contact or a lag is between the updates else.
Half of the updates are within 0.03, nine in ten within 0.11."""

MOST_DELAY_TICKS = 8
"""How far the ticks between two updates may be from the time between their network frames; 99 % are within 5."""

VELOCITY_TOLERANCE_UU_S = 5.0
"""What a velocity in free flight may miss; gravity alone gives 5.4 a tick."""

TURN_TOLERANCE = 0.05
"""How much further than the fastest spin takes it a nose may seem to turn (rad): rotations are rounded, and ticks are not exact."""

MAX_SPEED_UU_S = 2295.0
"""From here on the game takes away what would exceed 2300."""

SPIN_ROUNDING_RAD_S = 0.0001
"""Step of the spin in the file: 0.0001 rad/s since 2018, 0.001 before."""

MOST_ERROR = 0.1
"""A value is known if rounding, or a second input that explains the same change, leave less doubt than this."""

BEYOND = 0.05
"""How far beyond a full input a change may be that still is one; more has another cause."""

NEAR_LIMIT_RAD_S = 0.01


@dataclass(frozen=True, slots=True)
class BodyStates:
    """What was sent of a car, n updates in order."""

    frames: npt.NDArray[np.intp]
    """(n,) network frame of each."""
    time: Floats
    """(n,) s."""
    position: Floats
    """(n, 3) uu."""
    rotation: Floats
    """(n, 3, 3) columns forward, right, up."""
    velocity: Floats
    """(n, 3) uu/s."""
    spin: Floats
    """(n, 3) rad/s, in world axes."""


def inputs_between(states: BodyStates, *, spin_rounding: float = SPIN_ROUNDING_RAD_S) -> Floats:
    """Return (n - 1, 3) pitch, yaw, roll between each two updates; NaN where it cannot be known.

    Dodges, jumps and the like are for the caller to leave out: this looks at bodies only.

    Args:
        states: of one car, without updates that repeat the one before.
        spin_rounding: step of the spin in the file in rad/s.
    """
    ticks = ticks_between(states)
    found = np.full((len(ticks), 3), np.nan)
    use = np.flatnonzero((ticks > 0) & is_free_flight(states, ticks))
    rates = input_rates(states.rotation, states.spin)
    found[use] = solve_inputs(rates[use], rates[use + 1], ticks[use], spin_rounding=spin_rounding)
    return found


def input_rates(rotation: Floats, spin: Floats) -> Floats:
    """Return (n, 3) spin about the car's axes in rad/s, in the order and the signs of :data:`INPUTS`."""
    forward, right, up = np.einsum("nij,ni->jn", rotation, spin)
    return np.stack([-right, up, -forward], axis=1)


def ticks_between(states: BodyStates) -> npt.NDArray[np.intp]:
    """Return (n - 1,) ticks of the game between updates by the way of the car; 0 where way and time do not tell.

    The times of network frames do not: an update shows a state of up to five ticks before or after.
    """
    mean = (states.velocity[1:] + states.velocity[:-1]) / 2
    way = np.diff(states.position, axis=0)
    square = (mean**2).sum(axis=1)
    exact = (way * mean).sum(axis=1) / np.maximum(square, 1.0) / TICK_SECONDS
    ticks = np.rint(exact)
    told = (
        (square > LEAST_SPEED_UU_S**2)
        & (np.abs(exact - ticks) <= MOST_TICK_DEVIATION)
        & (np.abs(ticks - np.diff(states.time) / TICK_SECONDS) <= MOST_DELAY_TICKS)
        & (ticks <= MOST_TICKS)
    )
    return np.where(told, ticks, 0).astype(np.intp)


def is_free_flight(states: BodyStates, ticks: npt.NDArray[np.intp]) -> Flags:
    """Tell between which updates nothing but gravity, boost and throttle moved a car: no wheel on a surface, no bump, no hit."""
    seconds = ticks * TICK_SECONDS
    push = np.diff(states.velocity, axis=0) + np.array([0.0, 0.0, GRAVITY_UU_S2]) * seconds[:, None]
    noses = states.rotation[:, :, 0]
    nose = _unit(noses[1:] + noses[:-1])
    turned = np.linalg.norm(np.diff(noses, axis=0), axis=1)
    along = (push * nose).sum(axis=1)
    beside = np.linalg.norm(push - along[:, None] * nose, axis=1)
    # The nose turns while it is pushed, and no one knows when within that time.
    tolerance = VELOCITY_TOLERANCE_UU_S + np.abs(along) * turned / 2
    free = (
        (beside <= tolerance)
        & (along <= (BOOST_UU_S2 + THROTTLE_UU_S2) * seconds + tolerance)
        & (along >= -THROTTLE_UU_S2 * seconds - tolerance)
    )
    at_limit = np.linalg.norm(states.velocity[1:], axis=1) >= MAX_SPEED_UU_S
    normal = _unit(np.cross(nose, states.velocity[1:]))
    moves_freely = np.where(at_limit, np.abs((push * normal).sum(axis=1)) <= tolerance, free)
    return np.asarray(moves_freely & (turned <= MAX_CAR_SPIN_RAD_S * seconds + TURN_TOLERANCE))


def solve_inputs(
    before: Floats, after: Floats, ticks: npt.NDArray[np.intp], *, spin_rounding: float = SPIN_ROUNDING_RAD_S
) -> Floats:
    """Return (n, 3) the inputs that turn one spin into another; NaN where none does, or more than one may have.

    Args:
        before: (n, 3) from :func:`input_rates`.
        after: (n, 3) the same some ticks later.
        ticks: (n,) how many, above 0.
        spin_rounding: step of the spins in rad/s.
    """
    found, doubt = _solved(before, after, ticks, spin_rounding)
    # The game scales a spin beyond the limit down, and what it took away cannot be told.
    limit = MAX_CAR_SPIN_RAD_S - NEAR_LIMIT_RAD_S - spin_rounding
    at_limit = (np.linalg.norm(before, axis=1) >= limit) | (np.linalg.norm(after, axis=1) >= limit)
    return np.where((doubt > MOST_ERROR) | at_limit[:, None], np.nan, found)


def spin_after(before: Floats, inputs: Floats, ticks: npt.NDArray[np.intp]) -> Floats:
    """Return (n, 3) the spin after some ticks of constant inputs, without the limit; all as in :func:`solve_inputs`."""
    damped = 1 - np.abs(inputs) * np.array([1.0, 1.0, 0.0])
    keep = 1 - TICK_SECONDS * DRAG * damped
    count = ticks[:, None].astype(float)
    kept = keep**count
    lost = 1 - keep
    pushes = np.where(lost > 1e-9, (1 - kept) / np.maximum(lost, 1e-9), count)
    return np.asarray(kept * before + pushes * TICK_SECONDS * TORQUE * inputs)


def _solved(before: Floats, after: Floats, ticks: npt.NDArray[np.intp], rounding: float) -> tuple[Floats, Floats]:
    """Return (n, 3) inputs and how far off they may be: infinitely where no input, or two different ones, explain the change."""
    neutral = spin_after(before, np.zeros_like(before), ticks)
    ends = {sign: spin_after(before, np.full_like(before, sign), ticks) for sign in (1.0, -1.0)}
    found, doubt = np.full_like(before, np.nan), np.full_like(before, np.inf)
    for sign, end in ends.items():
        # Between no and full input the spin changes from one to the other; against a fast spin that may be backwards.
        span = end - neutral
        low, high = np.minimum(neutral, end), np.maximum(neutral, end)
        inside = (after >= low - 2 * rounding) & (after <= high + 2 * rounding)
        share = np.where(inside, _share(before, after, neutral, end, ticks, sign), 0.0)
        slope = np.abs(span)
        error = np.where(inside, rounding / np.maximum(slope, 1e-9), np.inf)
        value = sign * share
        both = inside & np.isfinite(doubt)
        doubt = np.where(inside, error, doubt)
        doubt = np.where(both, np.maximum(doubt, np.abs(value - found)), doubt)
        found = np.where(both, (value + found) / 2, np.where(inside, value, found))
    nearest = np.where(np.abs(after - ends[1.0]) < np.abs(after - ends[-1.0]), 1.0, -1.0)
    reach = np.where(nearest > 0, ends[1.0], ends[-1.0])
    slope = np.abs(reach - neutral)
    is_end = ~np.isfinite(doubt) & (np.abs(after - reach) <= BEYOND * slope + rounding)
    found = np.where(is_end, nearest, found)
    doubt = np.where(is_end, rounding / np.maximum(slope, 1e-9), doubt)
    return np.nan_to_num(found), doubt


_STEPS = 12
"""Of the search for an input: to 1/4096."""


def _share(
    before: Floats, after: Floats, neutral: Floats, end: Floats, ticks: npt.NDArray[np.intp], sign: float
) -> Floats:
    """Return (n, 3) the share of a full input that gives the spin after, where it is between those of none and of a full one."""
    low, high = np.zeros_like(before), np.ones_like(before)
    rises = end >= neutral
    for _ in range(_STEPS):
        middle = (low + high) / 2
        is_less = (spin_after(before, sign * middle, ticks) < after) == rises
        low, high = np.where(is_less, middle, low), np.where(is_less, high, middle)
    return np.asarray((low + high) / 2)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
