"""How the ball moves in a synthetic match: from touch to touch as a thrown ball flies, and into the goal.

Owns: who hits the ball with which side of his car, and the ball's positions, rotations and velocities. What a hit does
is declared: the ball is at the car and leaves for wherever it is hit next, and the car drives on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match import arena
from impulse.demo.match.bodies import Bodies
from impulse.demo.match.draws import Draws
from impulse.demo.match.driving import CONTACT_UU
from impulse.demo.match.flying import GRAVITY_UU_S2, turned
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.truth import Goal, Touch
from impulse.demo.match.waves import Array, half_turn
from impulse.schema.physics import ARENA_Y_UU, MAX_BALL_SPEED_UU_S, MAX_BALL_SPIN_RAD_S

LEG_S = 1.9
"""Wanted time between two touches (chosen); the shortest play before a goal has two."""
ABOVE_UU = arena.BALL_REST_Z_UU - arena.CAR_REST_Z_UU
SIDES_UU = np.array(
    [(CONTACT_UU, 0.0, ABOVE_UU), (-133.0, 0.0, ABOVE_UU), (10.0, 122.0, ABOVE_UU), (10.0, -122.0, ABOVE_UU)]
)
"""Where the ball is, beside the car, that touches its nose, back, right or left side: radius 92.75, and the mean of the hitboxes,
which differ by some uu (community measurements)."""
CLEAR_UU = 205.0
"""A car whose centre is further from the ball's does not touch it, however it is turned."""
ALONE_UU = 800.0
"""Nobody else is so close to the ball when somebody touches it, so that it is plain who does (chosen)."""
FAULT = 10
"""What a hit with a wrong speed counts, where a frame with somebody too close counts 1."""
TOUCH_FRAMES = 3
"""For so many frames after a touch the ball may still be close to the car."""
LEAST_PUSH = 40_000.0
"""uu^2/s: the ball comes to a car, and leaves it, with at least 250 uu/s some 160 uu away (chosen)."""
SHIFTS = (0, 10, -10)
"""So many frames later a touch can be, where it can be none that is plain."""
GOAL_BOX_UU = (600.0, 400.0)
"""Goals are scored within x of the middle and up to this height; the goal is larger."""
END_BOX_UU = (2800.0, 3600.0, 600.0)
"""A match ends with the ball within x, y of the centre, up there and another 100 uu higher, where no car is."""
PLACES_TRIED = 4
"""So many places are looked at for the end of a leg,"""
LOOKED_EVERY = 3
"""and whether somebody is in the way in every third frame."""
GRAVITY = np.array([0.0, 0.0, GRAVITY_UU_S2])
SPIN_PER_SPEED = 0.8 / 1000
"""rad/s per uu/s."""
TURNS_PER_S = (0.21, 0.13)
"""Turning of the ball about two axes."""


def choose_touch_frames(schedule: Schedule) -> list[list[int]]:
    """Return for each play the frames in which the ball is touched, the first touch included."""
    frames = []
    for play in schedule.plays:
        length = schedule.time[play.end] - schedule.time[play.hit]
        legs = max(int(length / LEG_S), 1)
        starts = schedule.time[play.hit] + length / legs * np.arange(legs)
        frames.append([play.hit, *np.searchsorted(schedule.time, starts[1:]).tolist()])
    return frames


@dataclass(frozen=True, slots=True)
class _Hit:
    """A car hits the ball."""

    frame: int
    player: int
    place: Array
    """(3,) uu, of the ball."""
    out: Array
    """(3,) uu, from the car to the ball."""


@dataclass(frozen=True, slots=True)
class _Ends:
    """N ways in which the ball's flight can end."""

    place: Array
    """(N, 3) uu, of the ball."""
    player: NDArray[np.int64]
    """(N,) who touches it there; -1 for nobody."""
    out: Array
    """(N, 3) uu, from the car to the ball; zeros for nobody."""
    velocity: Array
    """(N, 3) uu/s, of the car."""


@dataclass(frozen=True, slots=True)
class _Flight:
    """The ball flies from a hit to the next, or to the end of the play."""

    end: _Hit
    way: Array
    """(3,) uu/s, its velocity at the start."""
    faults: int
    """0 if it leaves a car and comes to another, and touches none on its way; more if that is less plain."""


def roll_ball(
    seed: int,
    schedule: Schedule,
    touch_frames: list[list[int]],
    *,
    cars: Bodies,
    takers: Sequence[int],
    teams: Sequence[int],
    goals: Sequence[Goal],
) -> tuple[Bodies, tuple[Touch, ...]]:
    """Return the motion of the ball and who touches it.

    Args:
        seed: seed of the match.
        schedule: F frames and plays.
        touch_frames: about when, in each play.
        cars: (F, P) states; NaN where a player has no whole car.
        takers: who takes the kickoff of each play.
        teams: team of each player.
        goals: at the end of each play but the last; the scorer is the last to touch the ball.

    Returns:
        (F,) bodies, and the touches.
    """
    frames = len(schedule.time)
    position, velocity, asleep = np.zeros((frames, 3)), np.zeros((frames, 3)), np.ones(frames, dtype=bool)
    touches = []
    for number, (play, starts) in enumerate(zip(schedule.plays, touch_frames, strict=True)):
        draws, goal = Draws(seed, "ball", number), goals[number] if number < len(goals) else None
        rest, taker = np.array([0.0, 0.0, arena.BALL_REST_Z_UU]), takers[number]
        position[play.first : play.hit] = rest
        hit = _Hit(play.hit, taker, rest, rest - cars.position[play.hit, taker])
        finish = _ends_in_the_air(draws, goal)
        for due, is_last in [*((frame, frame == starts[-1]) for frame in starts[1:]), (play.end, False)]:
            touches.append(Touch(hit.frame, teams[hit.player], hit.player))
            if due == play.end:
                flight = _fly(hit, due, finish, schedule.time, cars)
            else:
                scorer = goal.scorer if goal and is_last else None
                then = (finish.place[0], float(schedule.time[play.end] - schedule.time[due])) if is_last else None
                tried: list[_Flight] = []
                order = draws.uniforms((len(teams) * len(SIDES_UU),))
                for stop in (due + shift for shift in SHIFTS):
                    tried.append(
                        _fly(hit, stop, _ends_at_cars(order, cars[stop], scorer), schedule.time, cars, then=then)
                    )
                    if not tried[-1].faults:
                        break
                flight = min(tried, key=lambda flight: flight.faults)
            span = slice(hit.frame, flight.end.frame)
            seconds = (schedule.time[span] - schedule.time[hit.frame])[:, None]
            position[span] = hit.place + flight.way * seconds - GRAVITY / 2 * seconds * seconds
            velocity[span] = flight.way - GRAVITY * seconds
            hit = flight.end
        asleep[play.hit : play.end] = False
        position[play.end : play.stop] = hit.place
    spin = np.stack([-velocity[:, 1], velocity[:, 0], np.zeros(frames)], axis=1) * SPIN_PER_SPEED
    spin = np.clip(spin, -MAX_BALL_SPIN_RAD_S / 2, MAX_BALL_SPIN_RAD_S / 2)
    hits, stops = ([getattr(play, mark) for play in schedule.plays] for mark in ("hit", "end"))
    rolled = np.clip(schedule.time, schedule.time[hits][schedule.play], schedule.time[stops][schedule.play])
    tilt, turn = (half_turn(rolled * rate) for rate in TURNS_PER_S)
    rotation = np.stack([tilt[1] * turn[0], tilt[1] * turn[1], tilt[0] * turn[1], tilt[0] * turn[0]], axis=1)
    return Bodies(position, rotation, velocity, spin, asleep), tuple(touches)


def _ends_in_the_air(draws: Draws, goal: Goal | None) -> _Ends:
    """Return some places in the goal, or for the end of a match."""
    drawn = draws.uniforms((PLACES_TRIED, 3))
    if goal is None:
        place = (drawn * 2 - 1) * END_BOX_UU
        place[:, 2] = END_BOX_UU[2] + 100 * drawn[:, 2]
    else:
        wide, high = GOAL_BOX_UU
        rest, line = arena.BALL_REST_Z_UU, (ARENA_Y_UU + arena.BEHIND_LINE_UU) * (1.0 if goal.team == 0 else -1.0)
        place = drawn * [2 * wide, 0.0, high - rest] + [-wide, line, rest]
    return _Ends(place, np.full(len(place), -1), np.zeros_like(place), np.zeros_like(place))


def _ends_at_cars(drawn: Array, cars: Bodies, scorer: int | None) -> _Ends:
    """Return where the ball is at the sides of (P,) cars, or of the scorer's alone, in the order of numbers that were drawn."""
    whole = np.flatnonzero(np.isfinite(cars.position[:, 0])) if scorer is None else np.array([scorer])
    pairs = drawn[: len(whole) * len(SIDES_UU)].argsort(kind="stable")
    player = whole[pairs // len(SIDES_UU)]
    out = turned(cars.rotation[whole][:, None], SIDES_UU).reshape(-1, 3)[pairs]
    return _Ends(cars.position[player] + out, player, out, cars.velocity[player])


def _fly(
    hit: _Hit, stop: int, ends: _Ends, time: Array, cars: Bodies, *, then: tuple[Array, float] | None = None
) -> _Flight:
    """Choose how a flight ends.

    Args:
        hit: how it starts.
        stop: frame in which it ends.
        ends: to choose from.
        time: s, of all frames.
        cars: (F, P) states in all frames.
        then: where the flight after this one leads, and how many seconds it takes.
    """
    length = float(time[stop] - time[hit.frame])
    way = (ends.place - hit.place) / length + GRAVITY / 2 * length
    arrival = way - GRAVITY * length
    fastest = (0.95 * MAX_BALL_SPEED_UU_S) ** 2
    is_possible = (
        (ends.place[:, 2] >= arena.BALL_REST_Z_UU - 1)
        & ((way * way).sum(axis=1) < fastest)
        & ((arrival * arrival).sum(axis=1) < fastest)
    )
    is_good = np.where(is_possible, 1, -9)
    is_good += ((way - cars.velocity[hit.frame + 1, hit.player]) * hit.out).sum(axis=1) > LEAST_PUSH
    is_good += (((arrival - ends.velocity) * ends.out).sum(axis=1) < -LEAST_PUSH) | (ends.player < 0)
    if then:
        after = (then[0] - ends.place) / then[1] + GRAVITY / 2 * then[1]
        is_good += ((after - ends.velocity) * ends.out).sum(axis=1) > LEAST_PUSH
    faults = FAULT * (3 + (then is not None) - is_good)
    tried = np.argsort(faults, kind="stable")[:PLACES_TRIED]
    player = ends.player[tried]
    at = np.arange(stop, hit.frame, -LOOKED_EVERY)
    seconds = (time[at] - time[hit.frame])[:, None]
    flown = hit.place + way[tried, None] * seconds - GRAVITY / 2 * seconds * seconds
    away = cars.position[at] - flown[:, :, None]
    near = away[..., 0] * away[..., 0] + away[..., 1] * away[..., 1] + away[..., 2] * away[..., 2]
    near[:, at <= hit.frame + TOUCH_FRAMES, hit.player] = np.inf
    at_end = np.flatnonzero(player >= 0)
    near[at_end, 0, player[at_end]] = np.inf
    close = (near < CLEAR_UU**2).sum(axis=(1, 2)) + (near[:, 0] < ALONE_UU**2).sum(axis=1)
    best = int(np.argmin(faults[tried] + close))
    number = int(tried[best])
    end = _Hit(stop, int(player[best]), ends.place[number], ends.out[number])
    return _Flight(end, way[number], int(faults[number] + close[best]))
