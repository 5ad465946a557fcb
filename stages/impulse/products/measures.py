"""What the validate stage judges: measurements of one replay's frames, taken while they are in memory anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from impulse.decoding.array_call import BODY_WIDTH
from impulse.products.frames.build import Frames
from impulse.products.frames.phases import PLAY_STATE
from impulse.products.frames.table_rows import goal_row_numbers, seconds_shown
from impulse.replay.container import ReplayHeader
from impulse.replay.facts import header_facts, header_goals
from impulse.schema.feature_columns import ANGULAR_VELOCITY_SCALE
from impulse.schema.features import FrameLayout
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
    SPEED_ROUNDING,
)

Values = npt.NDArray[np.floating]
Bodies = Sequence[tuple[Values, npt.NDArray[np.bool_]]]
"""Columns of bodies, (13, rows) each, with the rows in which there is one."""

_POS, _QUAT, _VEL, _ANGVEL = slice(0, 3), slice(3, 7), slice(7, 10), slice(10, 13)


def measure(
    frames: Frames,
    layout: FrameLayout,
    header: ReplayHeader,
    *,
    n_blue: int,
    players: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return one row of the measures table, without the replay id.

    Args:
        frames: the frames, and the parser's columns that they were made of.
        layout: where features stand in the columns.
        header: for the list of goals.
        n_blue: blue players, who come first in the array.
        players: the replay's rows of the players table.
    """
    columns = frames.columns
    rows, n_players = len(frames.time), len(frames.presences)
    ball_at = layout.global_index("BallRigidBodyQuaternionVelocities")
    ball = [(columns[ball_at : ball_at + BODY_WIDTH], frames.ball_present)]
    body_at = layout.global_width + layout.player_index("PlayerRigidBodyQuaternionVelocities")
    starts = range(body_at, body_at + n_players * layout.player_width, layout.player_width)
    cars = [
        (columns[start : start + BODY_WIDTH], presence.visible)
        for start, presence in zip(starts, frames.presences, strict=True)
    ]
    scorers = [goal.team for goal in header_goals(header)]
    facts = header_facts(header)
    present_rows = sum(int(presence.present.sum()) for presence in frames.presences)
    backwards = (np.diff(frames.time) < 0) | (np.diff(frames.frame_time) < 0)
    return {
        "rows": rows,
        "frames_shown": int(np.count_nonzero(~frames.held)),
        "n_players": n_players,
        "n_blue": n_blue,
        "n_orange": n_players - n_blue,
        "players_at_once": _most_at_once(frames),
        "n_bots": sum(player["is_bot"] for player in players),
        "share_held": _share(frames.held),
        "share_ball_missing": _share(~frames.ball_present),
        **_play(frames, layout, n_blue),
        "share_absent": 1.0 - present_rows / (rows * n_players) if rows else 0.0,
        "non_finite": int(np.count_nonzero(~np.isfinite(columns))),
        "time_steps_back": int(np.count_nonzero(backwards)),
        "max_quat_error": _quat_error([*ball, *cars]),
        "outside_ball_pos": _share_outside(ball, _is_outside_arena),
        "outside_ball_vel": _share_outside(ball, lambda body: _norm(body[_VEL]) > MAX_BALL_SPEED_UU_S * SPEED_ROUNDING),
        "outside_ball_angvel": _share_outside(ball, lambda body: _spin(body) > MAX_BALL_SPIN_RAD_S * SPEED_ROUNDING),
        "outside_car_pos": _share_outside(cars, _is_outside_arena),
        "outside_car_vel": _share_outside(cars, lambda body: _norm(body[_VEL]) > MAX_CAR_SPEED_UU_S * SPEED_ROUNDING),
        "outside_car_angvel": _share_outside(cars, lambda body: _spin(body) > MAX_CAR_SPIN_RAD_S * SPEED_ROUNDING),
        "goals_blue": scorers.count("blue"),
        "goals_orange": scorers.count("orange"),
        "goal_mismatch": abs(scorers.count("blue") - facts["blue_score"])
        + abs(scorers.count("orange") - facts["orange_score"]),
        "goals_shown": len(goal_row_numbers(frames)),
        "players_unlisted": sum(player["goals"] is None for player in players),
        "goals_of_players": sum(listed)
        if (listed := [p["goals"] for p in players if p["goals"] is not None])
        else None,
        "max_duplicate_error": _duplicate_error(frames.table, layout),
    }


def _duplicate_error(table: pa.Table, layout: FrameLayout) -> float | None:
    """Return the largest difference between a column and the one it is declared to repeat; None without such columns."""
    largest: float | None = None
    for column in layout.columns:
        if column.duplicate_of:
            difference = pc.max(pc.abs(pc.subtract(table[column.name], table[column.duplicate_of]))).as_py()
            largest = max(largest or 0.0, difference or 0.0)
    return largest


def _play(frames: Frames, layout: FrameLayout, n_blue: int) -> dict[str, float]:
    """Return the seconds on the match clock, and the share of the play in which the teams are not equally many.

    The clock runs from the first touch after a kickoff to the next goal or end, so this is what the header counts too.
    """
    in_play = np.zeros(len(frames.time), dtype=bool)
    if PLAY_STATE in frames.state_names:
        in_play = frames.states == frames.state_names.index(PLAY_STATE)
    seconds = np.where(in_play, seconds_shown(frames), 0.0)
    hit = frames.columns[layout.global_index("BallHasBeenHit")] > 0
    blue, orange = (
        np.sum([presence.present for presence in team], axis=0, dtype=np.int16) if team else 0
        for team in (frames.presences[:n_blue], frames.presences[n_blue:])
    )
    played = float(seconds.sum())
    return {
        "seconds_played": float(seconds[hit].sum()),
        "share_unbalanced": float(seconds[blue != orange].sum()) / played if played else 0.0,
    }


def _most_at_once(frames: Frames) -> int:
    counts = np.sum([presence.present for presence in frames.presences], axis=0, dtype=np.int16)
    return int(counts.max(initial=0))


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(flags)) / len(flags) if len(flags) else 0.0


def _norm(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    lengths: npt.NDArray[np.floating] = np.sqrt(np.einsum("ij,ij->j", vectors, vectors))
    return lengths


def _spin(body: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return _norm(body[_ANGVEL]) * ANGULAR_VELOCITY_SCALE


def _quat_error(bodies: Bodies) -> float:
    return max(
        (float((np.abs(_norm(body[_QUAT]) - 1.0) * seen).max(initial=0.0)) for body, seen in bodies), default=0.0
    )


def _share_outside(bodies: Bodies, is_outside: Callable[[Values], npt.NDArray[np.bool_]]) -> float:
    """Return the share of the rows with a body to tell of in which the body is outside a bound."""
    rows = sum(int(np.count_nonzero(seen)) for _, seen in bodies)
    return sum(int(np.count_nonzero(is_outside(body) & seen)) for body, seen in bodies) / rows if rows else 0.0


def _is_outside_arena(body: Values) -> npt.NDArray[np.bool_]:
    x, y, z = body[_POS]
    outside: npt.NDArray[np.bool_] = (
        (np.abs(x) > ARENA_X_UU + POSITION_SLACK_UU)
        | (np.abs(y) > ARENA_Y_UU + GOAL_DEPTH_UU + POSITION_SLACK_UU)
        | (z < -POSITION_SLACK_UU)
        | (z > CEILING_UU + POSITION_SLACK_UU)
    )
    return outside
