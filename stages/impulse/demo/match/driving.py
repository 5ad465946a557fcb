"""How cars move in a synthetic match: closed-form paths with plausible speeds on the ground, and flights.

Owns: positions, rotations and velocities of cars that are never missing. Cars pass through each other. One takes each
kickoff: it drives straight to the ball.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match import arena
from impulse.demo.match.bodies import Bodies
from impulse.demo.match.draws import Draws
from impulse.demo.match.flying import (
    DODGE,
    DODGE_TICKS,
    DOUBLE,
    DOUBLE_JUMP_TICK,
    FLIGHTS,
    TICKS_PER_S,
    flights,
    height,
)
from impulse.demo.match.incidents import Attendance
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.waves import Array, phase, wave
from impulse.schema.physics import MAX_CAR_SPIN_RAD_S

# Ranges from which paths and jumps are drawn. They are chosen, not measured, so that cars look busy, stay
# within the arena and below the game's greatest speed: the limits of pace and rise together make 2000 uu/s.
RAMP_S = 1.0
"""Time in which a car reaches its full pace after a kickoff."""
PACE_X = (700.0, 1250.0)
"""Greatest speed across the arena, uu/s."""
PACE_Y = (900.0, 1430.0)
"""Greatest speed along the arena, uu/s."""
REACH_X = (1800.0, 3600.0)
"""How far across the arena a path leads from the centre, uu."""
REACH_Y = (2600.0, 4700.0)
"""How far along the arena a path leads from the centre, uu."""
FIRST_JUMP_S = (1.2, 3.5)
"""From the start of a path to its first jump."""
JUMP_EVERY_S = (1.8, 5.0)
"""Time on the ground between two jumps."""
JUMP_S = (0.9, 1.7)
"""Time in the air."""
DOUBLE_JUMP_MORE_S = 0.5
"""So much longer with a double jump."""
JUMP_ACTIVE_TICKS, DOUBLE_JUMP_ACTIVE_TICKS = 24, 18
"""Time for which a jump and a double jump are active."""
CONTACT_UU = 155.0
"""How far ahead of a car on the ground the ball is that its nose hits; a few uu more or less for other bodies."""


@dataclass(frozen=True, slots=True)
class Driving:
    """What P cars do in F frames, as if none was ever missing or demolished."""

    bodies: Bodies
    """(F, P)."""
    jumping: NDArray[np.bool_]
    """(F, P, 3) whether dodge, jump and double jump are active."""
    dodge_torque: NDArray[np.int64]
    """(F, P, 2) of the dodge that a jump comes with, from its start on; zeros without one."""
    air_inputs: Array
    """(F, P, 3) pitch, yaw and roll; zeros on the ground."""
    takers: tuple[int, ...]
    """Who takes the kickoff of each play."""


@dataclass(frozen=True, slots=True)
class _Play:
    """Where P cars go in one play: over K + 1 stretches of ground, with K jumps between them of which some are not done."""

    start: NDArray[np.int64]
    """(P,) tick in which a path begins."""
    reach: Array
    """(P, 2) uu, across and along."""
    turns: Array
    """(P, 2) of the path's wave, a second."""
    phase: Array
    """(K + 1, P, 2) of the wave, at the start of each stretch."""
    takeoff: NDArray[np.int64]
    """(K, P) tick."""
    land: NDArray[np.int64]
    """(K, P) tick; that of the takeoff where the jump is not done."""
    flight: NDArray[np.int64]
    """(K, P) number of each in :func:`impulse.demo.match.flying.flights`."""
    taker: int
    """Who takes the kickoff."""
    way: Array
    """(2,) uu, from his place to the ball."""


def drive(seed: int, schedule: Schedule, *, there: Attendance) -> Driving:
    """Return the motion of one car per player.

    Args:
        seed: seed of the match.
        schedule: F frames and plays.
        there: P players.
    """
    tick = np.rint(schedule.time * TICKS_PER_S).astype(np.int64)
    plays = [_lay_out(seed, schedule, tick, number, there) for number in range(len(schedule.plays))]
    parts = [
        _follow(play, tick[times.first : times.stop], go=int(tick[times.go]))
        for play, times in zip(plays, schedule.plays, strict=True)
    ]
    position, rotation, velocity, spin, jumping, torque, inputs = map(np.concatenate, zip(*parts, strict=True))
    bodies = Bodies(position, rotation, velocity, spin, np.zeros(position.shape[:2], dtype=bool))
    return Driving(bodies, jumping, torque, inputs, tuple(play.taker for play in plays))


def _lay_out(seed: int, schedule: Schedule, tick: NDArray[np.int64], number: int, there: Attendance) -> _Play:
    """Choose everybody's path from the first touch on, the taker's from the ball on, and jumps."""
    draws, play, teams = Draws(seed, "paths", number), schedule.plays[number], np.array(there.teams)
    left = [draws.sample(arena.KICKOFFS_UU, len(arena.KICKOFFS_UU)) for _ in range(2)]
    places = np.array([left[team].pop() for team in there.teams]) * np.where(teams == 0, 1.0, -1.0)[:, None]
    away = np.sqrt((places * places).sum(axis=1))
    everybody = range(len(teams))
    stays = [player for player in everybody if there.joined[player] <= play.first and play.hit < there.left[player]]
    taker = min(
        stays or everybody,
        key=lambda player: (float(away[player]), draws.uniform(0.0, 1.0)),
    )
    way = places[taker] * (CONTACT_UU / away[taker] - 1)
    places[taker] += way
    start = np.full(len(teams), tick[play.hit])  # the others wait until he has hit it
    (low, high), (slow, fast) = np.transpose((REACH_X, REACH_Y)), np.transpose((PACE_X, PACE_Y))
    drawn = draws.uniforms((3, *places.shape))
    least = np.maximum(low, np.abs(places) + 50)
    reach = least + (high - least) * drawn[0]
    turns = (slow + (fast - slow) * drawn[1]) / (8 * reach)
    is_rising = np.stack([drawn[2, :, 0] < 0.5, teams == 0], axis=1)  # everybody starts towards the other goal
    phases, takeoffs, lands = [phase(places / reach, is_rising=is_rising)], [], []
    land, end = start, tick[play.stop - 1]
    most = int((end - tick[play.go]) / TICKS_PER_S / (JUMP_EVERY_S[0] + JUMP_S[0])) + 1
    drawn = Draws(seed, "jumps", number).uniforms((most, len(teams), 3))
    flight = (drawn[..., 2] * FLIGHTS).astype(np.int64)
    length = (
        JUMP_S[0]
        + (JUMP_S[1] - JUMP_S[0]) * drawn[..., 1]
        + np.where(flights().kind[flight] == DOUBLE, DOUBLE_JUMP_MORE_S, 0.0)
    )
    for row, ticks in enumerate(np.rint(length * TICKS_PER_S).astype(np.int64)):
        soon, late = JUMP_EVERY_S if row else FIRST_JUMP_S
        takeoff = land + np.rint((soon + (late - soon) * drawn[row, :, 0]) * TICKS_PER_S).astype(np.int64)
        moved = (takeoff - land) / TICKS_PER_S - (0.0 if row else RAMP_S / 2)
        here, slope, _ = wave(turns * moved[:, None] + phases[-1])
        there_then = here + turns * slope * (ticks / TICKS_PER_S)[:, None]
        # Who would get beyond the reach of his path, or into the next kickoff, stays on the ground.
        is_done = (np.abs(there_then) <= 1).all(axis=1) & (takeoff + ticks < end)
        land = np.where(is_done, takeoff + ticks, takeoff)
        phases.append(phase(np.where(is_done[:, None], there_then, here), is_rising=slope > 0))
        takeoffs.append(takeoff)
        lands.append(land)
    return _Play(start, reach, turns, np.array(phases), np.array(takeoffs), np.array(lands), flight, taker, way)


def _follow(play: _Play, tick: NDArray[np.int64], *, go: int) -> tuple[NDArray[Any], ...]:
    """Return position, rotation, velocity and spin of the cars, and jumping, torque and inputs as Driving has them.

    Args:
        play: the paths.
        tick: (F,) what frames show.
        go: tick of the end of the countdown.
    """
    count, player = tick[:, None], np.arange(len(play.start))
    landings = np.zeros((len(tick) + 1, len(player)), dtype=np.int64)
    np.add.at(landings, (np.searchsorted(tick, play.land), player), 1)
    stretch = landings[:-1].cumsum(axis=0)
    jump = np.minimum(stretch, len(play.takeoff) - 1)
    takeoff = np.where(stretch > jump, tick[-1] + 1, play.takeoff[jump, player])  # the last stretch ends with no jump
    flown = np.maximum(count - takeoff, 0)
    in_air = flown > 0
    is_first = stretch == 0
    rolled = np.minimum(count, takeoff) - np.where(is_first, play.start, play.land[stretch - 1, player])
    ramp = np.where(is_first, np.clip(rolled / TICKS_PER_S / RAMP_S, 0.0, 1.0), 1.0)
    moved = np.where(ramp < 1, ramp * ramp * RAMP_S / 2, rolled / TICKS_PER_S - is_first * RAMP_S / 2)
    here, slope, bend = wave(play.turns * moved[..., None] + play.phase[stretch, player])
    speed = play.reach * play.turns * slope
    bent = play.reach * play.turns * play.turns * bend
    place = play.reach * here + speed * (flown / TICKS_PER_S)[..., None]
    _take_kickoff(play, tick, go, place=place, speed=speed, ramp=ramp)
    dx, dy = speed.transpose(2, 0, 1)
    planar = np.maximum(np.sqrt(dx * dx + dy * dy), 1e-9)
    yaw_rate = (dx * bent[..., 1] - dy * bent[..., 0]) / planar**2 * ramp
    yaw_rate = np.where(in_air | (count <= play.start), 0.0, np.clip(yaw_rate, -MAX_CAR_SPIN_RAD_S, MAX_CAR_SPIN_RAD_S))
    cos, sin = dx / planar, dy / planar
    half_cos = np.sqrt((1 + cos) / 2)
    half_sin = np.where(dy < 0, -1.0, 1.0) * np.sqrt(np.maximum(1 - cos, 0.0) / 2)

    still = np.zeros(rolled.shape)
    position = np.stack([place[..., 0], place[..., 1], still + arena.CAR_REST_Z_UU], axis=2)
    rotation = np.stack([still, still, half_sin, half_cos], axis=2)
    velocity = np.stack([dx * ramp, dy * ramp, still], axis=2)
    spin = np.stack([still, still, yaw_rate], axis=2)
    jumping = np.zeros(position.shape, dtype=bool)
    torque, inputs = np.zeros((*rolled.shape, 2), dtype=np.int64), np.zeros(position.shape)

    air, up = flights(), np.nonzero(in_air)
    number, since, who = play.flight[jump, player][up], flown[up], up[1]
    long = play.land[jump[up], who] - play.takeoff[jump[up], who]
    is_dodge, is_double = air.kind[number] == DODGE, air.kind[number] == DOUBLE
    risen, rise = height(since / TICKS_PER_S, seconds=long / TICKS_PER_S, is_double=is_double)
    position[..., 2][up] += risen
    velocity[..., 2][up] = rise
    x, y, z, w = air.rotation[since, number].T
    c, s = half_cos[up], half_sin[up]
    rotation[up] = np.stack([c * x - s * y, c * y + s * x, c * z + s * w, c * w - s * z], axis=1)
    ahead, aside, about = air.spin[since, number].T
    spin[up] = np.stack([cos[up] * ahead - sin[up] * aside, sin[up] * ahead + cos[up] * aside, about], axis=1)
    start, stop = DODGE_TICKS
    jumping[up] = np.stack(
        [
            is_dodge & (start < since) & (since <= stop),
            since <= JUMP_ACTIVE_TICKS,
            is_double & (since > DOUBLE_JUMP_TICK) & (since <= DOUBLE_JUMP_TICK + DOUBLE_JUMP_ACTIVE_TICKS),
        ],
        axis=1,
    )
    torque[up], inputs[up] = air.torque[number], air.inputs[since, number]
    return position, rotation, velocity, spin, jumping, torque, inputs


def _take_kickoff(play: _Play, tick: NDArray[np.int64], go: int, *, place: Array, speed: Array, ramp: Array) -> None:
    """Drive the taker straight to the ball until he hits it; changes (F, P, 2) places and speeds and the (F, P) share of speeds."""
    start, who = play.start[play.taker], play.taker
    rows = np.flatnonzero(tick <= start)
    elapsed = (tick[rows] - go) / TICKS_PER_S
    whole = (start - go) / TICKS_PER_S - RAMP_S / 2
    ramp[rows, who] = np.clip(elapsed / RAMP_S, 0.0, 1.0)
    moved = np.where(elapsed < RAMP_S, np.maximum(elapsed, 0.0) ** 2 / (2 * RAMP_S), elapsed - RAMP_S / 2)
    place[rows, who] += play.way * (moved / whole - 1)[:, None]
    speed[rows, who] = play.way / whole
