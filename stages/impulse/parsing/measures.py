"""What the validate stage judges: measurements of one replay's frames, taken while they are in memory anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from impulse.feature_columns import ANGULAR_VELOCITY_SCALE
from impulse.features import FrameLayout
from impulse.parsing.decoder import DecodedReplay
from impulse.parsing.frames import Frames
from impulse.parsing.presence import BODY_WIDTH
from impulse.parsing.table_rows import goal_row_numbers
from impulse.physics import (
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
from impulse.replay_facts import header_facts, header_goals
from impulse.replay_file import ReplayHeader

_POS, _QUAT, _VEL, _ANGVEL = slice(0, 3), slice(3, 7), slice(7, 10), slice(10, 13)


def measure(
    decoded: DecodedReplay,
    frames: Frames,
    layout: FrameLayout,
    header: ReplayHeader,
    *,
    n_blue: int,
    players: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return one row of the measures table, without the replay id.

    Args:
        decoded: the parser's array.
        frames: the frames made of it.
        layout: where features stand in the array.
        header: for the list of goals.
        n_blue: blue players, who come first in the array.
        players: the replay's rows of the players table.
    """
    array = decoded.array
    rows, n_players = len(array), len(frames.presences)
    ball_at = layout.global_index("BallRigidBodyQuaternionVelocities")
    ball = array[frames.ball_present, ball_at : ball_at + BODY_WIDTH]
    body_at = layout.global_width + layout.player_index("PlayerRigidBodyQuaternionVelocities")
    cars = [
        array[presence.visible, start : start + BODY_WIDTH]
        for position, presence in enumerate(frames.presences)
        if (start := body_at + position * layout.player_width) >= 0
    ]
    car = np.concatenate(cars) if cars else np.empty((0, BODY_WIDTH), dtype=array.dtype)
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
        "share_absent": 1.0 - present_rows / (rows * n_players) if rows else 0.0,
        "non_finite": int(np.count_nonzero(~np.isfinite(array))),
        "time_steps_back": int(np.count_nonzero(backwards)),
        "max_quat_error": max(_quat_error(ball), _quat_error(car)),
        "outside_ball_pos": _share(_outside_arena(ball)),
        "outside_ball_vel": _share(_norm(ball[:, _VEL]) > MAX_BALL_SPEED_UU_S * SPEED_ROUNDING),
        "outside_ball_angvel": _share(_spin(ball) > MAX_BALL_SPIN_RAD_S * SPEED_ROUNDING),
        "outside_car_pos": _share(_outside_arena(car)),
        "outside_car_vel": _share(_norm(car[:, _VEL]) > MAX_CAR_SPEED_UU_S * SPEED_ROUNDING),
        "outside_car_angvel": _share(_spin(car) > MAX_CAR_SPIN_RAD_S * SPEED_ROUNDING),
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


def _most_at_once(frames: Frames) -> int:
    counts = np.sum([presence.present for presence in frames.presences], axis=0, dtype=np.int16)
    return int(counts.max(initial=0))


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(flags)) / len(flags) if len(flags) else 0.0


def _norm(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    lengths: npt.NDArray[np.floating] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return lengths


def _spin(body: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return _norm(body[:, _ANGVEL]) * ANGULAR_VELOCITY_SCALE


def _quat_error(body: npt.NDArray[np.floating]) -> float:
    return float(np.abs(_norm(body[:, _QUAT]) - 1.0).max()) if len(body) else 0.0


def _outside_arena(body: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    x, y, z = body[:, _POS].T
    outside: npt.NDArray[np.bool_] = (
        (np.abs(x) > ARENA_X_UU + POSITION_SLACK_UU)
        | (np.abs(y) > ARENA_Y_UU + GOAL_DEPTH_UU + POSITION_SLACK_UU)
        | (z < -POSITION_SLACK_UU)
        | (z > CEILING_UU + POSITION_SLACK_UU)
    )
    return outside
