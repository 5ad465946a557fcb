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

SPEED_ROUNDING = 1.005
"""Velocities are stored rounded, so that a component may exceed the limit by a hair."""
