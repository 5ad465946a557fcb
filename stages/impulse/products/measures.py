"""What the validate stage judges: measurements of one replay's frames.

They are taken of the contract columns, which all frames have, so that the same frames give the same measures whatever
decoded them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.files.arrow import is_valid, values_of
from impulse.schema.frames import GOAL_STATE, KICKOFF_STATE
from impulse.schema.kickoffs import in_other_half, kickoff_rows
from impulse.schema.physics import (
    ARENA_X_UU,
    ARENA_Y_UU,
    CEILING_UU,
    GOAL_DEPTH_UU,
    KICKOFF_SPOT_UU,
    MAX_BALL_SPEED_UU_S,
    MAX_BALL_SPIN_RAD_S,
    MAX_CAR_SPEED_UU_S,
    MAX_CAR_SPIN_RAD_S,
    MOVING_UU_S,
    POSITION_SLACK_UU,
    SPEED_ROUNDING,
)
from impulse.schema.row_seconds import seconds_shown

USES = ("files/arrow.py",)
"""What this product uses beside the ground rooms; its digest covers them."""

HEADER_FACTS = ("blue_score", "orange_score")
"""Facts of the header that are measured with the frames."""

FROZEN_SECONDS = 0.5
"""A body that keeps its place for longer is frozen; for less it may only lack an update (see ``MOVING_UU_S``)."""

RESTART_SECONDS = 30
"""The clock runs down, and up in overtime; no two rows of a match are so far apart that it rises by more than this."""

LEAST_SHARE_A_SIDE = 0.25
"""Share of the play for which a team has as many players as the match had a side. In real matches a player and the bot in his
place, or whoever comes for him, overlap for a tenth at most."""

Values = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
Rows = Sequence[Mapping[str, Any]]

_POS, _QUAT, _VEL, _ANGVEL = slice(0, 3), slice(3, 7), slice(7, 10), slice(10, 13)
_BODY = tuple(
    f"{kind}_{axis}"
    for kind, axes in (("pos", "xyz"), ("quat", "xyzw"), ("vel", "xyz"), ("angvel", "xyz"))
    for axis in axes
)


class _Body(NamedTuple):
    values: Values
    """(13, rows) by :data:`_BODY`."""
    there: Flags
    """(rows,) the body is on the field in this row."""
    stale: Values
    """(rows,) s for which its state has repeated itself although it moves."""


def measure(frames: pa.Table, *, header: Mapping[str, Any], players: Rows, stints: Rows, goals: Rows) -> dict[str, Any]:
    """Return one row of the measures table, without the replay id.

    Args:
        frames: the contract columns of the frames.
        header: the header's :data:`HEADER_FACTS`.
        players: the replay's rows of the players table.
        stints: its rows of the stints table.
        goals: its rows of the goals table.
    """
    rows = frames.num_rows
    time, frame_time = _values(frames, "time"), _values(frames, "frame_time")
    held, ball_present = _values(frames, "is_held"), _values(frames, "ball_present")
    slots = {team: sorted({row["slot"] for row in stints if row["team"] == team}) for team in ("blue", "orange")}
    on_field = {
        team: sum((_values(frames, f"p{slot}_present").astype(np.int16) for slot in of_team), np.zeros(rows, np.int16))
        for team, of_team in slots.items()
    }
    together = on_field["blue"] + on_field["orange"]
    seconds = seconds_shown(held, frame_time)
    ball = [_body(frames, "ball")]
    cars = [_body(frames, f"p{slot}") for of_team in slots.values() for slot in of_team]
    in_list = [goal for goal in goals if goal["scorer"] is not None]
    scored = {team: sum(goal["team"] == team for goal in in_list) for team in slots}
    listed = [row["goals"] for row in players if row["stats_source"] == "header"]
    compared = [set(row["stats_differ"].split(";")) for row in players if row["stats_differ"] is not None]
    backwards = (np.diff(time) < 0) | (np.diff(frame_time) < 0)
    return {
        "rows": rows,
        "frames_shown": int(np.count_nonzero(~held)),
        "n_players": len(players),
        "n_blue": sum(row["team"] == "blue" for row in players),
        "n_orange": sum(row["team"] == "orange" for row in players),
        "players_at_once": int(together.max(initial=0)),
        "players_a_side": _players_a_side(frames, seconds, on_field),
        "n_bots": sum(row["is_bot"] for row in players),
        "share_held": _share(held),
        "share_ball_missing": _share(~ball_present),
        "share_absent": 1.0 - int(together.sum(dtype=np.int64)) / (rows * len(players)) if rows else 0.0,
        **_play(frames, seconds, on_field, ball[0], cars),
        "kickoffs_in_other_half": _kickoffs_in_other_half(frames, slots),
        "non_finite": _count_non_finite(frames),
        "time_steps_back": int(np.count_nonzero(backwards)),
        "clock_restarts": _clock_restarts(_column(frames, "seconds_remaining")),
        "max_quat_error": _quat_error([*ball, *cars]),
        **_outside("ball", ball, speed=MAX_BALL_SPEED_UU_S, spin=MAX_BALL_SPIN_RAD_S),
        **_outside("car", cars, speed=MAX_CAR_SPEED_UU_S, spin=MAX_CAR_SPIN_RAD_S),
        "goals_blue": scored["blue"],
        "goals_orange": scored["orange"],
        "goal_mismatch": sum(abs(scored[team] - header[f"{team}_score"]) for team in scored),
        "goals_shown": _count_starts(_in_state(frames, GOAL_STATE)),
        "players_unlisted": len(players) - len(listed),
        "goals_of_players": sum(listed) if listed else None,
        "stats_disagree": sum(bool(differ - {"", "score"}) for differ in compared) if compared else None,
    }


def _play(
    frames: pa.Table,
    seconds: Values,
    on_field: Mapping[str, npt.NDArray[np.int16]],
    ball: _Body,
    cars: Sequence[_Body],
) -> dict[str, float]:
    """Return the seconds on the match clock, and in what shares of the play the teams are unequal and bodies are frozen.

    The clock runs from the first touch after a kickoff to the next goal or end, so this is what the header counts too. Where
    the recording does not tell of touches, a ball that is off the spot of the kickoff was touched.
    """
    seconds = np.where(is_valid(_column(frames, "segment")), seconds, 0.0)
    unbalanced = on_field["blue"] != on_field["orange"]
    touched = _column(frames, "ball_has_been_hit")
    off_spot = (np.abs(ball.values[_POS][:2]) > KICKOFF_SPOT_UU).any(axis=0)
    hit = np.where(is_valid(touched), values_of(touched), ball.there & off_spot)
    played, clock = float(seconds.sum()), float(seconds[hit].sum())
    moved = ~ball.there | np.concatenate(([True], (np.diff(ball.values[_POS]) != 0).any(axis=0)))[: len(hit)]
    in_place = np.bincount(np.cumsum(moved), np.where(hit & ~moved, seconds, 0.0))  # s, between two moves each
    return {
        "seconds_played": clock,
        "share_unbalanced": float(seconds[unbalanced].sum()) / played if played else 0.0,
        "share_frozen_ball": float(in_place[in_place > FROZEN_SECONDS].sum()) / clock if clock else 0.0,
        "share_frozen_bodies": _share_frozen(cars, seconds),
    }


def _players_a_side(frames: pa.Table, seconds: Values, on_field: Mapping[str, npt.NDArray[np.int16]]) -> int | None:
    """Return the most players whom a team had on the field for a good part of the play, or of all time where no play is known.

    The larger team counts: of the other one players may have left, or never come.
    """
    in_play = np.where(is_valid(_column(frames, "segment")), seconds, 0.0)
    weights = next((some for some in (in_play, seconds) if some.any()), np.ones(len(seconds)))
    most = max((int(counts.max(initial=0)) for counts in on_field.values()), default=0)
    for number in range(most, 0, -1):
        if any(weights[counts >= number].sum() >= LEAST_SHARE_A_SIDE * weights.sum() for counts in on_field.values()):
            return number
    return None


def _kickoffs_in_other_half(frames: pa.Table, slots: Mapping[str, Sequence[int]]) -> int | None:
    """Return at how many kickoffs a car stands in the half that its team attacks."""
    if not is_valid(_column(frames, "game_state").indices).any():
        return None
    rows = kickoff_rows(_in_state(frames, KICKOFF_STATE))
    wrong = np.zeros(len(rows), dtype=bool)
    for team, of_team in enumerate(slots.values()):
        for slot in of_team:
            y = _column(frames, f"p{slot}_pos_y")
            wrong |= is_valid(y)[rows] & in_other_half(values_of(y)[rows], team)
    return int(np.count_nonzero(wrong))


def _clock_restarts(clock: pa.Array) -> int:
    """Return how often the match clock is set back, as it is for a rematch on the same server."""
    told = values_of(clock)[is_valid(clock)].astype(np.int64)
    return int(np.count_nonzero(np.diff(told) > RESTART_SECONDS))


def _share_frozen(cars: Sequence[_Body], seconds: Values) -> float:
    """Return in what share of the time in which cars move they are stale for longer than :data:`FROZEN_SECONDS`.

    Args:
        cars: the cars.
        seconds: (rows,) how long each row lasts, in s; 0 outside of play.
    """
    moving = [np.where(car.there & (_norm(car.values[_VEL]) >= MOVING_UU_S), seconds, 0.0) for car in cars]
    total = sum(float(lasts.sum()) for lasts in moving)
    frozen = sum(float(lasts[car.stale > FROZEN_SECONDS].sum()) for car, lasts in zip(cars, moving, strict=True))
    return frozen / total if total else 0.0


def _column(frames: pa.Table, name: str) -> pa.Array:
    column = frames[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()  # which copies even a single chunk


def _values(frames: pa.Table, name: str) -> npt.NDArray[Any]:
    return values_of(_column(frames, name))


def _in_state(frames: pa.Table, state: str) -> Flags:
    """Tell in which rows the game is in a state."""
    column = _column(frames, "game_state")
    names = column.dictionary.to_pylist()
    if state not in names:
        return np.zeros(len(column), dtype=bool)
    found: Flags = (values_of(column.indices) == names.index(state)) & is_valid(column.indices)
    return found


def _count_starts(flags: Flags) -> int:
    return int(np.count_nonzero(flags & ~np.concatenate(([False], flags[:-1]))))


def _count_non_finite(frames: pa.Table) -> int:
    """Count values that are there and are no numbers."""
    count = 0
    for field in frames.schema:
        if pa.types.is_floating(field.type) and (column := _column(frames, field.name)).null_count < len(column):
            broken = ~np.isfinite(values_of(column))
            count += int(np.count_nonzero(broken & is_valid(column))) if broken.any() else 0
    return count


def _body(frames: pa.Table, name: str) -> _Body:
    columns = [_column(frames, f"{name}_{part}") for part in _BODY]
    values = np.stack([values_of(column) for column in columns])
    return _Body(values, is_valid(columns[0]), _values(frames, f"{name}_stale"))


def _share(flags: Flags) -> float:
    return float(np.count_nonzero(flags)) / len(flags) if len(flags) else 0.0


def _norm(vectors: Values) -> Values:
    lengths: Values = np.sqrt(np.einsum("ij,ij->j", vectors, vectors))
    return lengths


def _quat_error(bodies: Sequence[_Body]) -> float:
    errors = (np.where(body.there, np.abs(_norm(body.values[_QUAT]) - 1.0), 0.0) for body in bodies)
    return max((float(error.max(initial=0.0)) for error in errors), default=0.0)


def _outside(what: str, bodies: Sequence[_Body], *, speed: float, spin: float) -> dict[str, float]:
    """Return in what shares bodies are outside of the arena, faster than ``speed`` (uu/s), spinning faster than ``spin`` (rad/s)."""
    return {
        f"outside_{what}_pos": _share_outside(bodies, _is_outside_arena),
        f"outside_{what}_vel": _share_outside(bodies, lambda body: _norm(body[_VEL]) > speed * SPEED_ROUNDING),
        f"outside_{what}_angvel": _share_outside(bodies, lambda body: _norm(body[_ANGVEL]) > spin * SPEED_ROUNDING),
    }


def _share_outside(bodies: Sequence[_Body], is_outside: Callable[[Values], Flags]) -> float:
    """Return the share of the rows with a body on the field in which it is outside a bound."""
    rows = sum(int(np.count_nonzero(body.there)) for body in bodies)
    outside = sum(int(np.count_nonzero(is_outside(body.values) & body.there)) for body in bodies)
    return outside / rows if rows else 0.0


def _is_outside_arena(body: Values) -> Flags:
    x, y, z = body[_POS]
    outside: Flags = (
        (np.abs(x) > ARENA_X_UU + POSITION_SLACK_UU)
        | (np.abs(y) > ARENA_Y_UU + GOAL_DEPTH_UU + POSITION_SLACK_UU)
        | (z < -POSITION_SLACK_UU)
        | (z > CEILING_UU + POSITION_SLACK_UU)
    )
    return outside
