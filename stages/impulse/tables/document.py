"""data/README.md: every file that a stage writes for others, and the columns of every table. ``make docs`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from impulse.schema.column import REPLAY_ID, Column
from impulse.tables import deduped, manifest, measures, on_request, parsed, paths, validated
from impulse.tables.rejects import REJECT_COLUMNS
from impulse.tables.statistics.columns import PLAYER_STATS_COLUMNS, TEAM_STATS_COLUMNS


@dataclass(frozen=True, slots=True)
class Folder:
    """What one stage writes."""

    name: str
    stage: str
    meaning: str
    tables: dict[str, tuple[str, Sequence[Column]]]
    """Meaning and columns of each table by its file."""
    others: dict[str, str]
    """Meaning of each other file."""


_REJECTS: Final = {paths.REJECTS: ("inputs that this stage left out, and why", REJECT_COLUMNS)}

FOLDERS: tuple[Folder, ...] = (
    Folder(
        "raw",
        "fetch",
        "Raw replays and what is known about them. Files that the manifest does not list are left from earlier settings;\n"
        "fetch removes a download only when the same bytes are kept under another name, and replaces one that is damaged.",
        {
            paths.MANIFEST: ("exactly the replays that the dataset is made of", manifest.MANIFEST_COLUMNS),
            paths.LISTED_PLAYERS: ("players as the source lists them", manifest.LISTED_PLAYER_COLUMNS),
            paths.LISTINGS: (
                "what each group or query of Ballchasing.com listed, held against the API's own counts; empty for other sources",
                manifest.LISTING_COLUMNS,
            ),
            **_REJECTS,
        },
        {"replays/<xx>/<id>.replay": "the replays, unless they are in a bucket"},
    ),
    Folder(
        "parsed",
        "parse",
        "What each replay gives.",
        {
            "replays.parquet": ("one row for each parsed replay", parsed.REPLAY_COLUMNS),
            "players.parquet": ("one row for each player of a replay", parsed.PLAYER_COLUMNS),
            "stints.parquet": ("one row for each team that a player was in", parsed.STINT_COLUMNS),
            "goals.parquet": ("one row for each goal", parsed.GOAL_COLUMNS),
            "demolitions.parquet": ("one row for each demolition", parsed.DEMOLITION_COLUMNS),
            "events.parquet": (
                "one row for each event; with `parse.events` only, and none of a replay that the parser gives no events of",
                on_request.EVENT_COLUMNS,
            ),
            "player_stats.parquet": (
                "one row for each player of a replay, with sums by the parser's own rules; with `parse.stats` only. All are null of "
                "guests and their hosts, whom the parser takes for one, and of somebody whom it does not know; those of a kind that "
                "never happened are 0, and null for the most or least of it. Where `why_exact` of the replay names boost, the "
                "parser has another boost than the frames, and its sums are of that",
                PLAYER_STATS_COLUMNS,
            ),
            "team_stats.parquet": (
                "one row for each team of a replay, with sums by the parser's own rules; with `parse.stats` only",
                TEAM_STATS_COLUMNS,
            ),
            "pads.parquet": (
                "one row for each boost pad of a replay's map; with `parse.pads` only. Which pad of the game is where is found by the "
                "cars that picked it up; on maps without the standard pads, and where too little was picked up to tell, those that "
                "were used have no place",
                on_request.PAD_COLUMNS,
            ),
            "pad_pickups.parquet": (
                "one row for each time that a boost pad was picked up; with `parse.pads` only. A state that is told again is none. "
                "Before 2019 a pad that the same car picks up again at once is one pickup, which is back late",
                on_request.PAD_PICKUP_COLUMNS,
            ),
            "measures.parquet": ("what the rules judge", (REPLAY_ID, *measures.MEASURE_COLUMNS)),
            paths.FRAMES_FILES: ("size and hash of every file of frames", parsed.FRAMES_FILE_COLUMNS),
            paths.CONTROLS_FILES: (
                "size and hash of every file of controls; with `parse.controls` only, and none of a replay that the parser gives "
                "no raw data of",
                parsed.BESIDE_FILE_COLUMNS,
            ),
            paths.PAD_ROWS_FILES: (
                "size and hash of every file of how long big pads are empty; with `parse.pad_rows` only, and none of a replay that "
                "the parser gives no raw data of",
                parsed.BESIDE_FILE_COLUMNS,
            ),
            **_REJECTS,
        },
        {
            "controls/<xx>/<id>.arrow": "controls of one replay with `parse.controls`, row by row of its frames",
            "pad_rows/<xx>/<id>.arrow": "how long big pads are empty in one replay with `parse.pad_rows`, row by row of its frames",
            "frames/<xx>/<id>.arrow": "frames of one replay, an Arrow file for `pandas.read_feather`",
            paths.FEATURES: "the settings of parse, with the chosen features",
        },
    ),
    Folder(
        "validated",
        "validate",
        "The verdict on each replay.",
        {
            paths.VERDICTS: (
                "one row for each parsed replay, with everything that was measured",
                (*validated.VERDICT_COLUMNS, *validated.COMPARISON_COLUMNS, *measures.MEASURE_COLUMNS),
            ),
            paths.VIOLATIONS: ("one row for each rule that a replay violates", validated.VIOLATION_COLUMNS),
            **_REJECTS,
        },
        {"report.html": "the report", "plots/": "its plots"},
    ),
    Folder(
        "deduped",
        "dedupe",
        "Which recordings and columns are kept.",
        {
            paths.DECISIONS: ("one row for each accepted recording", deduped.DECISION_COLUMNS),
            paths.PAIRS: ("the evidence for each pair that was merged, or nearly was", deduped.PAIR_COLUMNS),
            **_REJECTS,
        },
        {paths.KEPT_COLUMNS: "columns of the frames that are kept, and why others are not"},
    ),
)


def data_readme() -> str:
    """Return the text of data/README.md."""
    lines = [
        "# data",
        "",
        "Every folder here is the output of one stage, kept by DVC and never by git. This page is generated from the tables' own",
        "columns (`make docs`).",
        "",
    ]
    for folder in FOLDERS:
        lines += [f"## {folder.name}/, made by {folder.stage}", "", folder.meaning, ""]
        lines += [f"- `{name}`: {meaning}" for name, meaning in folder.others.items()]
        lines += ["", *(line for name, table in folder.tables.items() for line in _table(name, *table))]
    lines += [
        "## export/, made by export",
        "",
        "The dataset. Its card, `export/README.md`, explains the columns of the frames, `export/schema.json` those of every table.",
    ]
    return "\n".join(lines) + "\n"


def _table(name: str, meaning: str, columns: Sequence[Column]) -> list[str]:
    """Return a heading and a row for each column."""
    rows = [
        f"| {column.name} | {_cell(column.dtype)}{', null' if column.nullable else ''} | {column.unit} | {_cell(column.meaning)} |"
        for column in columns
    ]
    head = ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
    return [f"### {name}", "", f"{meaning[0].upper()}{meaning[1:]}.", "", *head, *rows, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


if __name__ == "__main__":
    sys.stdout.write(data_readme())
