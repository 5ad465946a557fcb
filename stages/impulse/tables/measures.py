"""What is measured of one replay's frames: the columns of the measures table.

They are here and not in the schema of frames, because all products rest on that, and a new measure must parse nothing.
"""

from __future__ import annotations

from impulse.schema.column import Column
from impulse.schema.physics import (
    ARENA_X_UU,
    ARENA_Y_UU,
    CEILING_UU,
    GOAL_DEPTH_UU,
    MAX_BALL_SPEED_UU_S,
    MAX_BALL_SPIN_RAD_S,
    MAX_CAR_SPEED_UU_S,
    MAX_CAR_SPIN_RAD_S,
    POSITION_SLACK_UU,
)

_WIKI = "RLBot wiki, useful game values"
_ARENA = (
    f"|x| {ARENA_X_UU:g}, |y| {ARENA_Y_UU + GOAL_DEPTH_UU:g} with the goals, z 0 to {CEILING_UU:g} uu, "
    f"each {POSITION_SLACK_UU:g} uu more ({_WIKI})"
)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "float32", meaning, lower=0, upper=1)


MEASURE_COLUMNS: tuple[Column, ...] = (
    Column("rows", "int32", "samples in the frames"),
    Column("frames_shown", "int32", "distinct network frames that the rows show"),
    Column("n_players", "int16", "players with a column"),
    Column("n_blue", "int16", "players of the blue team"),
    Column("n_orange", "int16", "players of the orange team"),
    Column("players_at_once", "int16", "most players on the field in one row"),
    Column(
        "players_a_side",
        "int8",
        "most players whom one of the teams had on the field for a quarter of the play or more, whatever the header says; "
        "null when nobody ever was",
        nullable=True,
        lower=1,
    ),
    Column("n_bots", "int16", "bots among the players"),
    _share("share_held", "share of rows with is_held"),
    _share("share_ball_missing", "share of rows without a ball"),
    _share("share_absent", "share of player rows whose player is not on the field"),
    Column("seconds_played", "float32", "recorded time on the match clock: in play, from the first touch on", "s"),
    _share(
        "share_unbalanced", "share of the recorded play with more players of one team on the field than of the other"
    ),
    _share(
        "share_frozen_ball",
        "share of the time on the match clock in which the ball keeps its place for more than half a second",
    ),
    _share(
        "share_frozen_bodies",
        "share of the time in play in which a car that moves shows the same state for more than half a second",
    ),
    Column(
        "kickoffs_in_other_half",
        "int16",
        "kickoffs at whose start a car stands in the half that its team attacks; null where the file tells no state",
        nullable=True,
        lower=0,
    ),
    Column("non_finite", "int64", "NaN and infinite values in the frames"),
    Column("time_steps_back", "int32", "rows whose time or frame time is before the row above"),
    Column(
        "clock_restarts",
        "int16",
        "times that the match clock jumps up by more than half a minute: another match begins in the same recording",
        lower=0,
    ),
    Column("max_quat_error", "float32", "largest distance of a quaternion's norm from 1"),
    _share("outside_ball_pos", f"share of ball positions outside the arena: {_ARENA}"),
    _share("outside_ball_vel", f"share of rows with the ball faster than {MAX_BALL_SPEED_UU_S:g} uu/s ({_WIKI})"),
    _share(
        "outside_ball_angvel",
        f"share of rows with the ball spinning faster than {MAX_BALL_SPIN_RAD_S:g} rad/s ({_WIKI})",
    ),
    _share("outside_car_pos", f"share of car positions outside the arena: {_ARENA}"),
    _share("outside_car_vel", f"share of player rows with the car faster than {MAX_CAR_SPEED_UU_S:g} uu/s ({_WIKI})"),
    _share(
        "outside_car_angvel",
        f"share of player rows with the car spinning faster than {MAX_CAR_SPIN_RAD_S:g} rad/s ({_WIKI})",
    ),
    Column("goals_blue", "int16", "goals of the blue team in the header's list"),
    Column("goals_orange", "int16", "goals of the orange team in the header's list"),
    Column(
        "goal_mismatch",
        "int16",
        "difference between the goals listed in the header and the header's scores, summed over both teams",
        lower=0,
    ),
    Column("goals_shown", "int16", "goals that the frames show, by the game's own phase after a goal"),
    Column("players_unlisted", "int16", "players on the field whom the header's statistics do not list"),
    Column("goals_of_players", "int16", "goals in the header's statistics of the players, added", nullable=True),
    Column(
        "stats_disagree",
        "int16",
        "players whose goals, assists, saves or shots differ between the header and the last network frame (stats_differ); null "
        "where nobody's were compared, as in whatever the array call makes",
        nullable=True,
    ),
)
