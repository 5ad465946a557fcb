"""The long layout: one row for each player and frame, from the wide frames of a replay."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from impulse.export.frames_source import SlotHolder
from impulse.schema.column import Column

PLAYER_COLUMN = re.compile(r"p(\d+)_(.+)")
"""A column of one slot: its number and what it tells."""

LONG_COLUMNS: tuple[Column, ...] = (
    Column("slot", "int8", "slot of the player, as in the frames (p0, p1, ...)", lower=0),
    Column("team", "category", "blue or orange"),
    Column("player_id", "category", "id on the platform, as in the players table"),
)
"""Columns that the wide frames do not have."""

_NOT_IN_LONG = ("present",)
"""Always true: a player who is not on the field has no row."""


def long_schema(wide: pa.Schema) -> pa.Schema:
    """Return the schema: columns of the match and the ball, who it is, then the columns of one slot without its number."""
    common = [field for field in wide if not PLAYER_COLUMN.fullmatch(field.name)]
    player = [
        field.with_name(match[2])
        for field in wide
        if (match := PLAYER_COLUMN.fullmatch(field.name)) and match[1] == "0" and match[2] not in _NOT_IN_LONG
    ]
    return pa.schema([*common, *(column.field() for column in LONG_COLUMNS), *player], metadata=wide.metadata)


def to_long(frames: pa.Table, holders: Sequence[SlotHolder], schema: pa.Schema) -> pa.Table:
    """Return the rows of all players on the field, sorted by slot and row.

    Sorted like this a player's path is one stretch, and what is repeated for every player costs next to nothing.

    Args:
        frames: wide frames of one replay.
        holders: its players, by slot and first row.
        schema: from :func:`long_schema`.
    """
    common = [name for name in frames.column_names if not PLAYER_COLUMN.fullmatch(name)]
    parts = []
    for slot in sorted({holder.slot for holder in holders}):
        here = frames.filter(frames[f"p{slot}_present"])
        if not here.num_rows:
            continue
        of_slot = [holder for holder in holders if holder.slot == slot]
        who = np.searchsorted([holder.first_row for holder in of_slot], here["row"].to_numpy(), side="right") - 1
        columns = {
            **{name: here[name] for name in common},
            "slot": pa.repeat(pa.scalar(slot, pa.int8()), here.num_rows),
            "team": _named(np.zeros(here.num_rows, np.int32), [of_slot[0].team]),
            "player_id": _named(np.maximum(who, 0).astype(np.int32), [holder.player_id for holder in of_slot]),
        }
        columns |= {name: here[f"p{slot}_{name}"] for name in schema.names if name not in columns}
        parts.append(pa.table([columns[name] for name in schema.names], schema=schema))
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks() if parts else schema.empty_table()


def _named(codes: np.ndarray[tuple[int], np.dtype[np.int32]], names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
