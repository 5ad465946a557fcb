"""Rows to judge: made by hand, or measured on a file by the parser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
from matplotlib.figure import Figure
from tests.jobs import job
from tests.settings import composed

from impulse.config.parsing_config import ParsingConfig
from impulse.config.validate import ValidateParams
from impulse.parsing.parsed_replay import parse_replay
from impulse.replay.reasons import Reason
from impulse.run.job import Counts
from impulse.schema.column import REPLAY_ID
from impulse.tables import rejects
from impulse.tables.io import table_of, write_table
from impulse.tables.manifest import LISTING_COLUMNS
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.parsed import REPLAY_COLUMNS
from impulse.tables.rejects import Reject
from impulse.validation import stage
from impulse.validation.comparisons import compare
from impulse.validation.plots import PLOTS
from impulse.validation.verdicts import Judgement, judge

QUALITY = composed().validate
"""The settings of conf/quality/default.yaml."""

_BLANK: dict[str, Any] = {"string": "", "bool": False, "list<string>": []}

GOOD: dict[str, Any] = {
    **{column.name: _BLANK.get(column.dtype, 0) for column in REPLAY_COLUMNS if not column.nullable},
    **{column.name: 0 for column in MEASURE_COLUMNS},
    "path": "replays/a.replay",
    "source_path": "good.replay",
    "map_code": "Stadium_P",
    "match_type": "Online",
    "header_team_size": 3,
    "playlist_id": 13,
    "mode": "soccer",
    "date": datetime(2025, 6, 1, 20, 30),  # noqa: DTZ001 - as headers have it
    "min_rank": "champion-1",
    "max_rank": "grand-champion-2",
    "blue_score": 2,
    "orange_score": 1,
    "is_forfeit": False,
    "mutators": [],
    "people_missing": [],
    "match_seconds": 300.0,
    "rows": 3000,
    "frames_shown": 2800,
    "n_players": 6,
    "n_blue": 3,
    "n_orange": 3,
    "players_at_once": 6,
    "players_a_side": 3,
    "seconds_played": 299.5,
    "goals_blue": 2,
    "goals_orange": 1,
    "goals_shown": 3,
    "goals_of_players": 3,
}
"""A ranked match against which nothing can be said."""

EARLIER = rejects.to_table([Reject("00", "damaged | file.replay", "fetch", Reason.BODY_CRC, "CRC of the body is A")])


def tables(rows: Iterable[Mapping[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """Return rows as the tables of replays and measures; what a row lacks is as in :data:`GOOD`."""
    full = [{**GOOD, "replay_id": f"{number:04x}", **row} for number, row in enumerate(rows, 1)]
    return table_of(full, REPLAY_COLUMNS), table_of(full, (REPLAY_ID, *MEASURE_COLUMNS))


def quality(**changes: Any) -> ValidateParams:
    """Return the settings of conf/quality/default.yaml with other values; a rule is changed by a dict of its fields."""
    fields = vars(ValidateParams()).keys()
    rules = {code: replace(QUALITY.rules[code], **change) for code, change in changes.items() if code not in fields}
    others = {name: value for name, value in changes.items() if name in fields}
    return replace(QUALITY, rules={**QUALITY.rules, **rules}, **others)


def judged(*rows: Mapping[str, Any], params: ValidateParams = QUALITY) -> Judgement:
    """Return the verdicts on rows."""
    return judge(compare(*tables(rows)), params)


def reasons(judgement: Judgement, row: int = 0) -> set[str]:
    """Return the reason codes that one replay got, of rejects and of warnings."""
    found = judgement.verdicts.select(["reasons", "warnings"]).to_pylist()[row]
    return {code for text in found.values() for code in text.split("; ") if code}


def measured_file(path: Path, *, fps: float = 10.0) -> dict[str, Any]:
    """Return what parse tells of a file, as one row."""
    parsed = parse_replay(path, ParsingConfig.get_preset("standard", fps=fps).params())
    return {**parsed.replay, **parsed.measures}


def run(
    folder: Path,
    rows: Iterable[Mapping[str, Any]],
    params: ValidateParams = QUALITY,
    *,
    lists: Iterable[Mapping[str, Any]] = (),
    draws: bool = False,
) -> Counts:
    """Do the stage's work on rows; with pictures on request, because they take longer than all the rest."""
    replays, measures = tables(rows)
    for name, table in (
        ("raw/rejects", EARLIER),
        ("raw/listings", table_of(lists, LISTING_COLUMNS)),
        ("parsed/rejects", rejects.to_table([])),
        ("parsed/replays", replays),
        ("parsed/measures", measures),
    ):
        write_table(table, folder / f"{name}.parquet")
    with nullcontext() if draws else mock.patch.object(stage, "draw_plots", _blank_plots):
        return stage.run(job(params, folder))


def _blank_plots(_judgement: Judgement, _rejects: pa.Table, folder: Path, _params: ValidateParams) -> None:
    folder.mkdir(parents=True)
    for name in PLOTS:
        Figure(figsize=(0.1, 0.1)).savefig(folder / name)
