"""How cars move in a synthetic match: closed-form paths with plausible speeds, and jumps.

Owns: positions, rotations and velocities of cars that are never missing. Not physical: cars pass through each
other and through the ball, so this is no ground truth for contacts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match import arena
from impulse.demo.match.bodies import Bodies
from impulse.demo.match.draws import Draws
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.waves import Array, half_turn, phase, wave
from impulse.schema.physics import MAX_CAR_SPIN_RAD_S

# Ranges from which paths and jumps are drawn. They are chosen, not measured, so that cars look busy, stay
# within the arena and below the game's greatest speed: the limits of pace and rise together make 2200 uu/s.
RAMP_S = 1.5
"""Time in which a car reaches its full pace after a kickoff."""
PACE_X = (700.0, 1250.0)
"""Greatest speed across the arena, uu/s."""
PACE_Y = (900.0, 1430.0)
"""Greatest speed along the arena, uu/s."""
REACH_X = (1800.0, 3600.0)
"""How far across the arena a path leads from the centre, uu."""
REACH_Y = (2600.0, 4700.0)
"""How far along the arena a path leads from the centre, uu."""
JUMP_EVERY_S = (1.8, 5.0)
"""Time on the ground between two jumps."""
JUMP_S = (0.9, 1.7)
"""Time in the air."""
JUMP_HEIGHT_UU = (90.0, 480.0)
"""Height of a jump; short ones are lower, see JUMP_RISE."""
JUMP_RISE = 1100.0
"""Limit of vertical speed, uu/s."""
JUMP_ACTIVE_S = 0.2
"""Time for which the jump is active, from the start of a jump."""
DOUBLE_JUMP_ACTIVE_S = (0.35, 0.5)
"""When the double jump is active, from the start of a jump."""
DODGE_ACTIVE_S = (0.4, 1.05)
"""When the dodge is active, from the start of a jump."""
_DODGE, _DOUBLE = 1, 2
"""Kinds of jumps; two more of four are plain."""


def drive(seed: int, schedule: Schedule, *, teams: Sequence[int]) -> tuple[Bodies, NDArray[np.bool_]]:
    """Return the motion of one car per player, as if nobody was ever missing or demolished.

    Args:
        seed: seed of the match.
        schedule: frames and plays.
        teams: team of each player.

    Returns:
        (F, P) bodies of F frames and P players, and (F, P, 3) whether dodge, jump and double jump are active.
    """
    paths = np.array([_paths(Draws(seed, "paths", number), teams) for number in range(len(schedule.plays))])
    reach_x, pace_x, phase_x, reach_y, pace_y, phase_y = paths[schedule.play].transpose(2, 0, 1)
    since = schedule.since([play.go for play in schedule.plays])
    moved = np.where(since < RAMP_S, np.maximum(since, 0.0) ** 2 / (2 * RAMP_S), since - RAMP_S / 2)[:, None]
    rate = np.clip(since / RAMP_S, 0.0, 1.0)[:, None]
    turns_x, turns_y = pace_x / (8 * reach_x), pace_y / (8 * reach_y)
    x, slope_x, bend_x = wave(turns_x * moved + phase_x)
    y, slope_y, bend_y = wave(turns_y * moved + phase_y)
    dx, dy = reach_x * turns_x * slope_x, reach_y * turns_y * slope_y
    ax, ay = reach_x * turns_x**2 * bend_x, reach_y * turns_y**2 * bend_y
    planar = np.maximum(np.sqrt(dx * dx + dy * dy), 1e-9)
    yaw_rate = np.clip((dx * ay - dy * ax) / planar**2 * rate, -MAX_CAR_SPIN_RAD_S, MAX_CAR_SPIN_RAD_S)
    cos = dx / planar
    half_cos = np.sqrt((1 + cos) / 2)
    half_sin = np.where(dy < 0, -1.0, 1.0) * np.sqrt(np.maximum(1 - cos, 0.0) / 2)

    hops = [_hops(Draws(seed, "jumps", player), schedule) for player in range(len(teams))]
    height, rise, tumble, jumping = (np.stack(parts, axis=1) for parts in zip(*hops, strict=True))
    roll_cos, roll_sin = half_turn(tumble)
    rotation = np.stack([half_cos * roll_sin, half_sin * roll_sin, half_sin * roll_cos, half_cos * roll_cos], axis=2)
    still = np.zeros_like(yaw_rate)
    bodies = Bodies(
        np.stack([reach_x * x, reach_y * y, arena.CAR_REST_Z_UU + height], axis=2),
        rotation,
        np.stack([dx * rate, dy * rate, rise], axis=2),
        np.stack([still, still, yaw_rate], axis=2),
        np.zeros(yaw_rate.shape, dtype=bool),
    )
    return bodies, jumping


def _paths(draws: Draws, teams: Sequence[int]) -> list[tuple[float, ...]]:
    """Return reach, pace and phase of every player along x and y, from his kickoff place on."""
    places = [draws.sample(arena.KICKOFFS_UU, len(arena.KICKOFFS_UU)) for _ in range(2)]
    paths: list[tuple[float, ...]] = []
    for team in teams:
        x, y = places[team].pop()
        if team == 1:
            x, y = -x, -y
        reach_x = draws.uniform(max(REACH_X[0], abs(x) + 50), REACH_X[1])
        reach_y = draws.uniform(max(REACH_Y[0], abs(y) + 50), REACH_Y[1])
        path_x = (reach_x, draws.uniform(*PACE_X), phase(x / reach_x, is_rising=draws.chance(0.5)))
        paths.append((*path_x, reach_y, draws.uniform(*PACE_Y), phase(y / reach_y, is_rising=team == 0)))
    return paths


def _hops(draws: Draws, schedule: Schedule) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Return one player's height, its rate, his tumbling in turns, and what is active (F, 3)."""
    starts, lengths, heights, kinds = [], [], [], []
    for play in schedule.plays:
        at = schedule.time[play.go] + draws.uniform(0.5, 3.0)
        while at < schedule.time[play.stop - 1] - JUMP_S[1]:
            length = draws.uniform(*JUMP_S)
            starts.append(at)
            lengths.append(length)
            heights.append(draws.uniform(JUMP_HEIGHT_UU[0], min(JUMP_HEIGHT_UU[1], JUMP_RISE * length / 4)))
            kinds.append(draws.integer(0, 3))
            at += length + draws.uniform(*JUMP_EVERY_S)
    none = np.zeros(len(schedule.time))
    if not starts:
        return none, none, none, np.zeros((len(none), 3), dtype=bool)
    last = np.maximum(np.searchsorted(np.array(starts), schedule.time, side="right") - 1, 0)
    elapsed = schedule.time - np.array(starts)[last]
    air_time = np.array(lengths)[last]
    u = elapsed / air_time
    in_air = (u >= 0) & (u < 1)
    u = np.where(in_air, u, 0.0)
    height = np.array(heights)[last]
    kind = np.array(kinds)[last]
    dodges, doubles = in_air & (kind == _DODGE), in_air & (kind == _DOUBLE)
    jumping = np.stack(
        [
            dodges & (elapsed > DODGE_ACTIVE_S[0]) & (elapsed < DODGE_ACTIVE_S[1]),
            in_air & (elapsed < JUMP_ACTIVE_S),
            doubles & (elapsed > DOUBLE_JUMP_ACTIVE_S[0]) & (elapsed < DOUBLE_JUMP_ACTIVE_S[1]),
        ],
        axis=1,
    )
    return (
        4 * height * u * (1 - u),
        np.where(in_air, 4 * height * (1 - 2 * u) / air_time, 0.0),
        u * dodges,
        jumping,
    )
