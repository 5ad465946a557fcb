"""Which columns and tables the dataset has, and the document that describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain
from typing import Any

import pyarrow as pa

from impulse.schema.beside import BESIDE
from impulse.schema.column import SCHEMA_VERSION, Column
from impulse.schema.features import FrameLayout, frame_layout
from impulse.tables.event_kinds.catalogue import EVENT_KINDS
from impulse.tables.event_kinds.kind import paths
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.parsed import (
    DEMOLITION_COLUMNS,
    GOAL_COLUMNS,
    PLAYER_COLUMNS,
    REPLAY_COLUMNS,
    STINT_COLUMNS,
)

_NOT_EXPORTED = ("path", "trailing_bytes")
"""Columns of the replays table that tell of raw files, which make sense only inside the checkout."""

_ADDED_COLUMNS: tuple[Column, ...] = (
    Column("match_key", "string", "identity of the match; all recordings of a match share it"),
    Column("split", "string", "train, val or test; a match is never in two"),
    Column(
        "split_key",
        "string",
        "what decided about the split: the match, its group, or one of the players who link matches",
    ),
    Column("shard", "int16", "number of the Parquet file inside the split", lower=0),
)
"""Columns that export adds to the table of replays."""

EXPORTED_REPLAY_COLUMNS = (
    *(column for column in REPLAY_COLUMNS if column.name not in _NOT_EXPORTED),
    *(column for column in MEASURE_COLUMNS if column.name in ("rows", "n_players", "players_a_side", "share_held")),
    *_ADDED_COLUMNS,
)

COPIED_TABLES: dict[str, Sequence[Column]] = {
    "players": PLAYER_COLUMNS,
    "stints": STINT_COLUMNS,
    "goals": GOAL_COLUMNS,
    "demolitions": DEMOLITION_COLUMNS,
}
"""Tables that are exported as parse made them; those on request are :data:`impulse.tables.on_request.TABLES_ON_REQUEST`."""


def parsed_columns(made_with: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of the parsed frames, and those beside them that parse made.

    Args:
        made_with: what data/parsed says that they were made with.
    """
    asked = [beside.columns(made_with["slots_per_team"]) for beside in BESIDE if made_with.get(beside.setting)]
    return (*parsed_layout(made_with).columns, *chain.from_iterable(asked))


def parsed_layout(made_with: Mapping[str, Any]) -> FrameLayout:
    """Return the layout of the parsed frames.

    Args:
        made_with: what data/parsed says that they were made with.
    """
    return frame_layout(
        made_with["global_features"], made_with["player_features"], slots_per_team=made_with["slots_per_team"]
    )


def described(columns: Iterable[Column], schema: pa.Schema) -> list[Column]:
    """Return the exported columns of the frames, in their order and with the types that they are exported in.

    Args:
        columns: those of parse.
        schema: of the exported frames.
    """
    known = {column.name: column for column in columns}
    return [
        replace(known[field.name], dtype=f"float{field.type.bit_width}")
        if pa.types.is_floating(field.type)
        else known[field.name]
        for field in schema
    ]


def schema_document(
    tables: Mapping[str, Sequence[Column]], frames: pa.Schema, files: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what schema.json says of every column, of every file that readers open, and of kinds of events where there are any.

    Args:
        tables: columns by table.
        frames: schema of the frames, for what half precision costs.
        files: what is known of each file, by its name inside the dataset: its bytes and their SHA-256, its rows and row groups.
    """
    steps = {field.name: field.metadata.get(b"resolution") for field in frames}

    def filled(column: Column) -> dict[str, Any]:
        content = {name: value for name, value in asdict(column).items() if value not in ("", None)}
        step = steps.get(column.name)
        return {**content, "resolution": float(step)} if step and column.dtype == "float16" else content

    return {
        "schema_version": SCHEMA_VERSION,
        "tables": {name: [filled(column) for column in columns] for name, columns in tables.items()},
        "files": {name: dict(files[name]) for name in sorted(files)},
        **({"event_kinds": _event_kinds()} if "events" in tables else {}),
    }


def _event_kinds() -> dict[str, Any]:
    """Return what each kind of events means, and the fields of its detail."""
    return {
        name: {
            "meaning": kind.meaning,
            "detail": {
                path: {
                    "type": field.type.value,
                    **({"unit": field.unit} if field.unit else {}),
                    "meaning": field.meaning,
                }
                for path, field in paths(kind.fields)
            },
        }
        for name, kind in EVENT_KINDS.items()
    }
