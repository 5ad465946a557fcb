"""How the ball moves in a synthetic match: from touch to touch, and into the goal.

Owns: positions, rotations and velocities of the ball. Touches are declared, not simulated.
"""

from __future__ import annotations

import numpy as np

from impulse.demo.match import arena
from impulse.demo.match.bodies import Bodies
from impulse.demo.match.draws import Draws
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.waves import half_turn
from impulse.schema.physics import ARENA_Y_UU, MAX_BALL_SPIN_RAD_S

# Chosen, so that the ball stays in the arena and well below the game's greatest speed.
LEG_S = 2.2
"""Wanted time between two touches."""
BOX_UU = (2800.0, 3600.0, 700.0)
"""Touches happen within x, y of the centre and up to this height."""
ARC_UU = (60.0, 500.0)
"""Height of the arc between two touches."""
GOAL_BOX_UU = (600.0, 400.0)
"""Goals are scored within x of the middle and up to this height; the goal is larger."""
SPIN_PER_SPEED = 0.8 / 1000
"""rad/s per uu/s."""
TURNS_PER_S = (0.21, 0.13)
"""Turning of the ball about two axes."""


def roll_ball(seed: int, schedule: Schedule, *, goal_teams: list[int]) -> tuple[Bodies, list[list[int]]]:
    """Return the motion of the ball and the frames of its touches.

    Args:
        seed: seed of the match.
        schedule: frames and plays.
        goal_teams: team that scores at the end of each play but the last.

    Returns:
        (F,) bodies, and for each play the frames in which the ball is touched, the first touch included.
    """
    frames = len(schedule.time)
    position = np.zeros((frames, 3))
    velocity = np.zeros((frames, 3))
    asleep = np.ones(frames, dtype=bool)
    touches = []
    rest = np.array([0.0, 0.0, arena.BALL_REST_Z_UU])
    for number, play in enumerate(schedule.plays):
        draws = Draws(seed, "ball", number)
        length = schedule.time[play.end] - schedule.time[play.hit]
        legs = max(int(length / LEG_S), 1)
        leg_s = length / legs
        bx, by, bz = BOX_UU
        places = [rest]
        places += [
            np.array([draws.uniform(-bx, bx), draws.uniform(-by, by), draws.uniform(rest[2], bz)]) for _ in range(legs)
        ]
        if number < len(goal_teams):
            side = 1.0 if goal_teams[number] == 0 else -1.0
            line = ARENA_Y_UU + arena.BEHIND_LINE_UU
            wide, high = GOAL_BOX_UU
            places[-1] = np.array([draws.uniform(-wide, wide), side * line, draws.uniform(rest[2], high)])
        route = np.array([*places, places[-1]])
        arcs = np.array([draws.uniform(*ARC_UU) for _ in range(legs)] + [0.0])
        position[play.first : play.hit] = rest
        moving = slice(play.hit, play.end)
        progress = (schedule.time[moving] - schedule.time[play.hit]) / leg_s
        leg = np.minimum(progress.astype(np.int64), legs - 1)
        u = progress - leg
        position[moving] = route[leg] + (route[leg + 1] - route[leg]) * u[:, None]
        velocity[moving] = (route[leg + 1] - route[leg]) / leg_s
        position[moving, 2] += 4 * arcs[leg] * u * (1 - u)
        velocity[moving, 2] += 4 * arcs[leg] * (1 - 2 * u) / leg_s
        asleep[moving] = False
        position[play.end : play.stop] = places[-1]
        touches.append([play.hit + int(np.searchsorted(leg, start)) for start in range(legs)])
    spin = np.stack([-velocity[:, 1], velocity[:, 0], np.zeros(frames)], axis=1) * SPIN_PER_SPEED
    spin = np.clip(spin, -MAX_BALL_SPIN_RAD_S / 2, MAX_BALL_SPIN_RAD_S / 2)
    hits, ends = ([getattr(play, mark) for play in schedule.plays] for mark in ("hit", "end"))
    rolled = np.clip(schedule.time, schedule.time[hits][schedule.play], schedule.time[ends][schedule.play])
    tilt, turn = (half_turn(rolled * rate) for rate in TURNS_PER_S)
    rotation = np.stack([tilt[1] * turn[0], tilt[1] * turn[1], tilt[0] * turn[1], tilt[0] * turn[0]], axis=1)
    return Bodies(position, rotation, velocity, spin, asleep), touches
