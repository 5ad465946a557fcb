"""From the parser's array to the frames of the data contract: names, units, nulls for what is not there, slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.decoding.decoded import DecodedReplay, Untold
from impulse.decoding.people import Stint
from impulse.decoding.presence import Presence, body_exists
from impulse.files.arrow import array_of, categories
from impulse.products.frames import phases
from impulse.products.frames.goals import Goal, find_goals, shown_goals
from impulse.products.frames.segments import Movement, play_segments
from impulse.products.frames.slots import assign_slots, takeover_rows
from impulse.products.frames.staleness import staleness
from impulse.replay.container import ReplayHeader
from impulse.replay.facts import TEAMS, header_facts, header_goals
from impulse.schema.feature_columns import (
    ANGULAR_VELOCITY_SCALE,
    BALL_BODY,
    BOOST_SCALE,
    CAR_BODY,
    Source,
)
from impulse.schema.features import FrameLayout
from impulse.schema.frames import TIME_COLUMNS

Values = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of one replay, and what was learned while making them."""

    table: pa.Table
    time: npt.NDArray[np.float32]
    """(rows,) s."""
    frame_time: npt.NDArray[np.float32]
    """(rows,) s."""
    held: npt.NDArray[np.bool_]
    """(rows,)."""
    states: npt.NDArray[np.int32]
    """(rows,) codes into ``state_names``, -1 unknown."""
    state_names: list[str]
    stints: tuple[Stint, ...]
    """Who was in which team, blue first."""
    presences: tuple[Presence, ...]
    """Presence in each stint, in the same order."""
    slots: tuple[int, ...]
    """Slot of each stint, in the same order."""
    goals: list[Goal]


def build_frames(
    decoded: DecodedReplay,
    layout: FrameLayout,
    header: ReplayHeader,
    *,
    replay_id: str,
    slots_per_team: int,
    names: Sequence[str],
    demolitions_told: bool,
) -> Frames:
    """Turn a decoded replay into frames.

    Args:
        decoded: the parser's array with the features of ``layout``.
        layout: which columns to make.
        header: of the replay; tells of goals.
        replay_id: identity of the rows.
        slots_per_team: player slots a side.
        names: the replay's own name table, which game states are indices into.
        demolitions_told: the file has an attribute for demolitions.

    Raises:
        UnsupportedReplay: there are no players, or more at once than slots.
    """
    columns = np.ascontiguousarray(decoded.array.T)
    rows = columns.shape[1]

    def global_values(feature: str) -> Values:
        values: Values = columns[layout.global_at[feature].start]
        return values

    time, frame_time = global_values("CurrentTime"), global_values("FrameTime")
    held = phases.held_rows(frame_time, time)
    untold = decoded.untold
    codes = np.where(untold.state, np.float32(np.nan), global_values("ReplicatedStateName"))
    states, state_names = phases.game_states(codes, names)
    ball = columns[layout.global_at[BALL_BODY]].T
    ball_present = body_exists(ball)

    arrays: dict[str, pa.Array] = {
        "replay_id": categories(np.zeros(rows, dtype=np.int32), [replay_id]),
        "row": array_of(np.arange(rows, dtype=np.int32)),
        "time": array_of(time),
        "frame_time": array_of(frame_time),
        "is_held": array_of(held),
        "ball_present": array_of(ball_present, untold.ball),
        "ball_stale": array_of(staleness(ball, ball_present, frame_time), ~ball_present),
        **_phase_arrays(global_values, untold, states, state_names),
    }
    for source in layout.global_sources:
        if source.column.name not in arrays and source.column not in TIME_COLUMNS:
            values = columns[layout.global_at[source.feature][source.position]]
            arrays[source.column.name] = _convert(values, source, ~ball_present)
            if source.feature in decoded.unknown_features:
                arrays[source.column.name] = _nothing(layout.schema.field(source.column.name), rows)

    blocks = np.split(
        columns[layout.global_width :], max((len(columns) - layout.global_width) // layout.player_width, 1)
    )
    presences = decoded.presences
    bots = [decoded.people[stint.person].is_bot for stint in decoded.stints]
    slots = assign_slots(
        presences,
        bots,
        time,
        n_blue=decoded.n_blue,
        slots_per_team=slots_per_team,
    )
    cars = [
        np.where(presence.visible, block[layout.player_at[CAR_BODY]], 0).T
        for block, presence in zip(blocks, presences, strict=True)
    ]
    facts = header_facts(header)
    goals = find_goals(
        header_goals(header),
        {"blue": facts["blue_score"], "orange": facts["orange_score"]},
        shown=shown_goals(states, state_names),
        frame_time=frame_time,
        time=time,
        network_times=decoded.network.times if decoded.network else None,
        score_updates=[(frame, TEAMS[team], score) for frame, team, score in decoded.network.scores]
        if decoded.network
        else None,
    )
    segments = play_segments(
        phases.in_play(states, state_names),
        frame_time,
        Movement.of(ball, ball_present, cars),
        [goal.row for goal in goals if goal.row is not None and goal.time_source != "frames"],
    )
    arrays["segment"] = array_of(segments, segments < 0)
    for slot in sorted(set(slots)):
        holders = [stint for stint, its_slot in enumerate(slots) if its_slot == slot]
        block, presence, no_boost = _one_after_the_other(
            [blocks[stint] for stint in holders],
            [presences[stint] for stint in holders],
            [untold.boost[stint] for stint in holders],
            [bots[stint] for stint in holders],
        )
        _add_slot(arrays, block, presence, layout, slot, hidden_ball=~ball_present, no_boost=no_boost)
        car = block[layout.player_at[CAR_BODY]].T
        arrays[f"p{slot}_stale"] = array_of(staleness(car, presence.visible, frame_time), ~presence.visible)
        if demolitions_told:
            _add_demolitions(arrays, presence, slot, slots)
        for source in layout.player_sources:
            if source.feature in decoded.unknown_features:
                column = source.column.at_slot(slot)
                arrays[column.name] = _nothing(layout.schema.field(column.name), rows)

    ordered = [arrays[field.name] if field.name in arrays else _nothing(field, rows) for field in layout.schema]
    table = pa.table(ordered, schema=layout.schema)
    return Frames(table, time, frame_time, held, states, state_names, decoded.stints, tuple(presences), slots, goals)


def _phase_arrays(
    global_values: Callable[[str], Values],
    untold: Untold,
    states: npt.NDArray[np.int32],
    state_names: list[str],
) -> dict[str, pa.Array]:
    clock = global_values("SecondsRemaining")
    clock_known = phases.clock_known(clock) & ~untold.clock
    unknown = states < 0
    hit, no_hit = _whole(global_values("BallHasBeenHit"), untold.ball_hit)
    countdown, no_countdown = _whole(global_values("ReplicatedGameStateTimeRemaining"), untold.countdown)
    return {
        "seconds_remaining": array_of(np.where(clock_known, clock, 0).astype(np.int16), ~clock_known),
        "game_state": categories(np.where(unknown, 0, states).astype(np.int32), state_names, unknown),
        "ball_has_been_hit": array_of(hit != 0, no_hit),
        "kickoff_countdown": array_of(countdown.astype(np.int8), no_countdown),
    }


def _one_after_the_other(
    blocks: Sequence[Values],
    presences: Sequence[Presence],
    no_boosts: Sequence[npt.NDArray[np.bool_]],
    bots: Sequence[bool],
) -> tuple[Values, Presence, npt.NDArray[np.bool_]]:
    """Join the players who hold one slot in turn."""
    turns = takeover_rows(presences, bots)
    if len(turns) == 1:
        (only, _), *_ = turns
        return blocks[only], presences[only], no_boosts[only]
    ends = [*(start for _, start in turns[1:]), len(presences[0].present)]
    spans = [(player, slice(start, end)) for (player, start), end in zip(turns, ends, strict=True)]
    present, demolished, attacker = (
        np.concatenate([getattr(presences[player], name)[span] for player, span in spans])
        for name in ("present", "demolished", "attacker")
    )
    onsets = np.concatenate([presences[player].onsets for player, _ in spans])
    block = np.concatenate([blocks[player][:, span] for player, span in spans], axis=1)
    no_boost = np.concatenate([no_boosts[player][span] for player, span in spans])
    return block, Presence(present, demolished, attacker, onsets), no_boost


def _add_slot(
    arrays: dict[str, pa.Array],
    block: Values,
    presence: Presence,
    layout: FrameLayout,
    slot: int,
    *,
    hidden_ball: npt.NDArray[np.bool_],
    no_boost: npt.NDArray[np.bool_],
) -> None:
    hidden = ~presence.visible
    arrays[f"p{slot}_present"] = array_of(presence.present)
    for source in layout.player_sources:
        if source.rule != "attacker":
            values = block[layout.player_at[source.feature][source.position]]
            missing = hidden | hidden_ball if "_ball_" in source.column.name else hidden
            missing = missing | no_boost if source.feature == "PlayerBoost" else missing
            arrays[source.column.name.format(slot=slot)] = _convert(values, source, missing)


def _add_demolitions(arrays: dict[str, pa.Array], presence: Presence, slot: int, slots: Sequence[int]) -> None:
    arrays[f"p{slot}_demolished"] = array_of(presence.demolished)
    # The last one stands for nobody (-1) and for somebody who is none of the players (the place after them).
    attacker_slots = np.array([*slots, -1], dtype=np.int8)[presence.attacker]
    arrays[f"p{slot}_demolished_by"] = array_of(attacker_slots, attacker_slots < 0)


def _convert(values: Values, source: Source, missing: npt.NDArray[np.bool_]) -> pa.Array:
    if source.column.dtype != "float32":
        values, missing = _whole(values, missing)
    match source.rule:
        case "copy" if source.column.dtype == "float32":
            result: npt.NDArray[np.generic] = values
        case "copy":
            result = values.astype(source.column.dtype)
        case "angular":
            result = values * np.float32(ANGULAR_VELOCITY_SCALE)
        case "boost":
            result = values * np.float32(BOOST_SCALE)
        case "odd":
            result = (values.astype(np.int32) & 1).astype(bool)
        case "nonzero":
            result = values != 0
        case rule:
            raise AssertionError(f"no conversion is called {rule}")
    return array_of(result, missing)


def _whole(values: Values, missing: npt.NDArray[np.bool_]) -> tuple[Values, npt.NDArray[np.bool_]]:
    """Return values that are to become whole numbers or flags, and where they are null: also where they are no numbers."""
    finite = np.isfinite(values)
    return np.where(finite, values, np.float32(0)), missing | ~finite


def _nothing(field: pa.Field, rows: int) -> pa.Array:
    """Return the column of a slot that nobody holds."""
    return pa.nulls(rows, field.type) if field.nullable else array_of(np.zeros(rows, dtype=bool))
