"""Columns of frames that do not depend on a choice of features: identity, time, phase, presence.

Those of features are in :mod:`impulse.schema.feature_columns`, those of whole replays (replays, players, goals, ...) in
:mod:`impulse.tables`, all built from the same :class:`Column`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from impulse.schema.column import Column

PLAYER_COLUMN = re.compile(r"p(\d+)_(.+)")
"""A column of one player slot: the slot's number, and the name without it."""

IDENTITY_COLUMNS: tuple[Column, ...] = (
    Column("replay_id", "category", "id of the replay; joins with every other table"),
    Column("row", "int32", "number of the sample in its replay, from 0", lower=0),
)

TIME_COLUMNS: tuple[Column, ...] = (
    Column("time", "float32", "sample time on the fps grid", unit="s", lower=0, feature="CurrentTime"),
    Column(
        "frame_time", "float32", "time of the network frame that the row shows", unit="s", lower=0, feature="FrameTime"
    ),
    Column("is_held", "bool", "another row of the same replay shows the same network frame closer to its time"),
    Column(
        "seconds_remaining",
        "int16",
        "match clock, counts up in overtime; null before the clock is known and in matches without one",
        unit="s",
        nullable=True,
        lower=0,
        upper=3600,
        feature="SecondsRemaining",
    ),
    Column(
        "game_state",
        "category",
        "phase of the match by the game's own name",
        nullable=True,
        feature="ReplicatedStateName",
    ),
    Column(
        "ball_has_been_hit",
        "bool",
        "the ball was touched since the last kickoff",
        nullable=True,
        feature="BallHasBeenHit",
    ),
    Column(
        "kickoff_countdown",
        "int8",
        "seconds of countdown that the game announced, 0 outside kickoffs",
        unit="s",
        nullable=True,
        lower=0,
        upper=10,
        feature="ReplicatedGameStateTimeRemaining",
    ),
    Column(
        "segment",
        "int16",
        "number of the stretch of play, from kickoff to the next goal or end; null outside play",
        nullable=True,
        lower=0,
    ),
)

GAME_STATES = (
    "WaitingForPlayers",
    "Countdown",
    "Active",
    "PostGoalScored",
    "ReplayPlayback",
    "PrePodiumSpotlight",
    "PodiumSpotlight",
    "Finished",
)
"""The game's names of the phases of a match, in their order. Their places here are their codes in arrays of numbers."""

PLAY_STATE = "Active"
"""The phase between a kickoff and the next goal or end."""

KICKOFF_STATE = "Countdown"
"""The seconds before a kickoff."""

REPLAY_STATE = "ReplayPlayback"
"""The game shows a goal again; recordings leave most of it out."""

GOAL_STATE = "PostGoalScored"
"""The seconds after a goal."""

BALL_PRESENT = Column(
    "ball_present",
    "bool",
    "the ball exists; when not true its other columns are null; null where there are several and nothing says which one plays",
    nullable=True,
)

_STALE = "how long the shown state of the {} has repeated itself although by its velocity it moves; 0 for a new state and at rest"

BALL_STALE = Column("ball_stale", "float32", _STALE.format("ball"), "s", nullable=True, lower=0)

PLAYER_STATE_COLUMNS: tuple[Column, ...] = (
    Column(
        "p{slot}_present", "bool", "the player has a car on the field, or waits for it to come back after a demolition"
    ),
    Column(
        "p{slot}_demolished",
        "bool",
        "the car is demolished and has not come back; null where the recording has no attribute for it",
        nullable=True,
    ),
    Column("p{slot}_stale", "float32", _STALE.format("car"), "s", nullable=True, lower=0),
)

DEMOLISHED_BY = Column(
    "p{slot}_demolished_by",
    "int8",
    "slot of the player who demolished this car, from the demolition until it comes back",
    nullable=True,
    lower=0,
    upper=15,
    feature="PlayerDemolishedBy",
    quantity="demolition",
)


def state_codes(found: Iterable[str]) -> list[str]:
    """Return names of game states by their codes: the known ones at their fixed places, others that were found behind them.

    So a code means the same in every split and every dataset, whatever states occur in them.
    """
    return [*GAME_STATES, *sorted(set(found) - set(GAME_STATES))]
