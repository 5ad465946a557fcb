"""Columns of names with one dictionary for all rows, so that tables of several replays can be grouped, joined and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from impulse.schema.frames import state_codes

TEAMS = ("blue", "orange")


class Names:
    """Names of a column by their codes."""

    def __init__(self, names: Iterable[str]) -> None:
        """Give the names codes from 0 on, in their order."""
        self.array = pa.array(names, pa.string())
        self._codes = {name: code for code, name in enumerate(self.array.to_pylist())}

    def coded(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return a column of such names with this one dictionary; null stays null."""
        chunks = [
            pa.DictionaryArray.from_arrays(self._codes_of(chunk.dictionary).take(chunk.indices), self.array)
            for chunk in column.chunks
        ]
        return pa.chunked_array(chunks or [pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), self.array)])

    def _codes_of(self, names: pa.Array) -> pa.Array:
        return pa.array([self._codes.get(name) for name in names.to_pylist()], pa.int32())


def with_codes(table: pa.Table, known: Mapping[str, Names]) -> pa.Table:
    """Return a table in which every column of names has one dictionary.

    The code of a name does not depend on which rows the table has: game states and teams are at their fixed places (names that
    the schema does not know come behind them, sorted), names of ``known`` columns at theirs, and others are sorted.

    Args:
        table: any table.
        known: names by column.
    """
    for position, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            column = table.column(position)
            names = known.get(field.name) or Names(_ordered(field.name, column))
            table = table.set_column(position, field, names.coded(column))
    return table


def _ordered(name: str, column: pa.ChunkedArray) -> list[str]:
    found = {value for chunk in column.chunks for value in chunk.dictionary.to_pylist()}
    if name == "game_state":
        return state_codes(found)
    return [*TEAMS, *sorted(found - set(TEAMS))] if name == "team" else sorted(found)
