"""Limits of the game world and its physics, for plausibility checks."""

from __future__ import annotations

ARENA_X_UU = 4096.0
ARENA_Y_UU = 5120.0
GOAL_DEPTH_UU = 880.0
CEILING_UU = 2044.0
"""Half width, half length, depth of a goal and height of the standard arena, in uu (RLBot wiki, useful game values)."""

POSITION_SLACK_UU = 300.0
"""Other arenas (hoops, dropshot, ...) and the size of cars go beyond the standard planes; bounds are plausibility."""

MAX_BALL_SPEED_UU_S = 6000.0
MAX_CAR_SPEED_UU_S = 2300.0
MAX_BALL_SPIN_RAD_S = 6.0
MAX_CAR_SPIN_RAD_S = 5.5
"""Limits of the game's physics (RLBot wiki, useful game values)."""

KICKOFF_SPOT_UU = 2.0
"""A ball that waits for a kickoff is as close to the centre line and the middle: at 0, 0 in steps of up to 1 uu."""

MOVING_UU_S = 30.0
"""A faster body that shows the same state in the next network frame lacks an update: it moves on by a step of its position,
which is 1 uu before 2018 and 0.01 uu since (the format's compressed vectors), in the 1/30 s between two frames; where they are
closer the steps are fine. A car at rest keeps a remainder of velocity. In 58 recordings of 2015 to 2026, cars that showed one
state for more than half a second in play had up to 17.7 uu/s, and no faster car showed one for longer than 0.37 s."""

SPEED_ROUNDING = 1.005
"""Velocities are stored rounded, so that a component may exceed the limit by a hair."""
