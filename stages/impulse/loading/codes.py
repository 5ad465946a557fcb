"""Columns of names with one dictionary for all rows, so that tables of several replays can be grouped, joined and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from impulse.schema.frames import state_codes

TEAMS = ("blue", "orange")


def with_codes(table: pa.Table, known: Mapping[str, pa.Array]) -> pa.Table:
    """Return a table in which every column of names has one dictionary.

    The code of a name does not depend on which rows the table has: game states and teams are at their fixed places (names that
    the schema does not know come behind them, sorted), names of ``known`` columns at theirs, and others are sorted.

    Args:
        table: any table.
        known: dictionaries by column.
    """
    for position, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            column = table.column(position)
            names = known.get(field.name)
            table = table.set_column(
                position, field, _coded(column, _names(field.name, column) if names is None else names)
            )
    return table


def _names(name: str, column: pa.ChunkedArray) -> pa.Array:
    found = {value for chunk in column.chunks for value in chunk.dictionary.to_pylist()}
    fixed: Sequence[str] = {"game_state": state_codes(found), "team": _behind(TEAMS, found)}.get(name) or sorted(found)
    return pa.array(fixed, pa.string())


def _behind(fixed: Sequence[str], found: Iterable[str]) -> list[str]:
    return [*fixed, *sorted(set(found) - set(fixed))]


def _coded(column: pa.ChunkedArray, names: pa.Array) -> pa.ChunkedArray:
    places = {name: code for code, name in enumerate(names.to_pylist())}
    chunks = [
        pa.DictionaryArray.from_arrays(
            pa.array([places.get(name) for name in chunk.dictionary.to_pylist()], pa.int32()).take(chunk.indices), names
        )
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks or [pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), names)])
