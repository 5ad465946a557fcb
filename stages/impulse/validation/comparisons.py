"""What validate judges beside the measures of parse: facts and measures of one replay compared with each other."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from impulse.errors import StageError
from impulse.replay.maps import KNOWN_MAPS
from impulse.replay.modes import GameMode, is_mutated
from impulse.schema.column import REPLAY_ID, arrow_schema
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.validated import COMPARISON_COLUMNS

MADE_BY_THE_GAME = ("Online", "Tournament")
"""Match types in which the header's team size is what the match was made for; elsewhere it is the limit of the room."""


def compare(replays: pa.Table, measures: pa.Table) -> pa.Table:
    """Return one row for each replay, sorted by replay id: source path, comparisons, measures.

    Every value comes from the replay's own two rows.

    Args:
        replays: the replays table of parse.
        measures: the measures table of parse.

    Raises:
        StageError: the tables do not hold the same replays.
    """
    replays, measures = (table.sort_by("replay_id").combine_chunks() for table in (replays, measures))
    if not replays["replay_id"].equals(measures["replay_id"]):
        raise StageError(
            "replays.parquet and measures.parquet hold different replays; run `dvc repro --force parse` to make both again"
        )
    match_seconds = replays["match_seconds"]
    is_made = pc.is_in(replays["match_type"], value_set=pa.array(MADE_BY_THE_GAME))
    made_a_side = pc.if_else(is_made, replays["header_team_size"].cast(pa.int16()), None)
    made_for = pc.multiply(made_a_side, pa.scalar(2, pa.int16()))
    score = pc.add(replays["blue_score"], replays["orange_score"])
    listed = pc.add(measures["goals_blue"], measures["goals_orange"])
    gap = pc.divide(pc.abs(pc.subtract(measures["seconds_played"], match_seconds)), match_seconds)
    mode = replays["mode"]
    compared = {
        "mode": mode,
        "map_code": replays["map_code"],
        "playlist": replays["playlist"],
        "date": replays["date"],
        "min_rank": replays["min_rank"],
        "max_rank": replays["max_rank"],
        "players_missing": pc.max_element_wise(
            pc.subtract(made_for, measures["players_at_once"]), pa.scalar(0, pa.int16()), skip_nulls=False
        ),
        "goals_unseen": pc.abs(pc.subtract(measures["goals_shown"], listed)),
        "player_goal_mismatch": pc.abs(pc.subtract(measures["goals_of_players"], score)),
        "duration_gap": pc.if_else(pc.greater(match_seconds, 0), gap, None),
        "balls_at_once": replays["balls_at_once"],
        "people_missing": replays["people_missing"],
        "has_people_missing": pc.greater(pc.list_value_length(replays["people_missing"]), 0),
        "refused": replays["refused"],
        "events_differ": replays["events_differ"],
        "trailing_bytes": replays["trailing_bytes"],
        "is_forfeit": replays["is_forfeit"],
        "mutators": replays["mutators"],
        "mutated": pa.chunked_array(
            [pa.array(map(is_mutated, replays["mutators"].to_pylist(), mode.to_pylist()), pa.bool_())]
        ),
        "map_unknown": pc.invert(_is_known_map(replays["map_code"])),
        "mode_unknown": pc.is_null(mode),
        "mode_other": pc.fill_null(pc.not_equal(mode, GameMode.soccer.value), False),
    }
    path = arrow_schema((REPLAY_ID,)).append(replays.schema.field("source_path"))
    schema = pa.schema([*path, *arrow_schema((*COMPARISON_COLUMNS, *MEASURE_COLUMNS))])
    columns = {
        "replay_id": replays["replay_id"],
        "source_path": replays["source_path"],
        **compared,
        **{column.name: measures[column.name] for column in MEASURE_COLUMNS},
    }
    return pa.table([columns[field.name].cast(field.type) for field in schema], schema=schema)


def _is_known_map(names: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(pc.utf8_lower(names), value_set=pa.array(sorted(KNOWN_MAPS)))
