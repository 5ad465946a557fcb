"""The long layout: one row for each player on the field and frame, computed from the wide frames while they are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from impulse.errors import ConfigError
from impulse.files.arrow import categories
from impulse.loading.arrays import FrameArrays
from impulse.loading.codes import Names, with_codes
from impulse.loading.frames import SPLIT, Frames, replay_parts
from impulse.loading.selection import columns_of
from impulse.schema.column import Column
from impulse.schema.frames import PLAYER_COLUMN

LONG_COLUMNS: tuple[Column, ...] = (
    Column("slot", "int8", "slot of the player, as in the frames (p0, p1, ...)", lower=0),
    Column("team", "category", "blue or orange"),
    Column("player_id", "category", "id on the platform, as in the players table"),
)
"""Columns that the wide frames do not have."""

HOLDER_COLUMNS = ("replay_id", "slot", "team", "player_id", "first_row")
"""What says which player holds a slot, and from which row on: columns of the stints table, with the players' ids."""

STINTS = "stints"
"""That table; datasets before schema 4 have no such, and their players table says it."""

_NOT_IN_LONG = ("present",)
"""Always true: a player who is not on the field has no row."""


class LongFrames(Frames):
    """Frames in the long layout, sorted by slot and row inside each replay: a player's path is one stretch."""

    def __init__(
        self,
        wide: Frames,
        *,
        players: Callable[[], pa.Table],
        schema: pa.Schema,
        columns: Sequence[str],
        rows: pc.Expression | None,
    ) -> None:
        """Compute from wide frames.

        Args:
            wide: all rows of the chosen replays, with the columns of :func:`wide_columns`.
            players: reads :data:`HOLDER_COLUMNS` of all stints.
            schema: all columns of the long layout, see :func:`long_schema`.
            columns: the columns wanted.
            rows: condition on columns of the long layout; None takes all rows.
        """
        self.replays, self.files = wide.replays, wide.files
        self.columns = tuple(columns)
        self.schema = pa.schema([schema.field(name) for name in columns], metadata=schema.metadata)
        self._wide, self._players, self._rows = wide, players, rows
        self._ids = sorted(self.replays["replay_id"].to_pylist())
        needed = {*columns, *columns_of(rows, schema)}
        self._needed = pa.schema([field for field in schema if field.name in needed], metadata=schema.metadata)

    def to_arrow(self) -> pa.Table:
        """Return all rows as one table, in the order of the files: by split, shard, replay, slot and row.

        Raises:
            DatasetError: a file cannot be read.
        """
        table = pa.concat_tables([self.schema.empty_table(), *(part for _, part in self.each_replay())])
        return with_codes(table, self._codes)

    def to_numpy(self) -> FrameArrays:
        """Refuse, because ids of players are no numbers.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("as_", "only frames in the wide layout are arrays of numbers; take arrow or pandas")

    def each_replay(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield id and frames of one replay after the other, as for the wide layout."""
        players = self._holders
        ids = players["replay_id"].dictionary_encode()
        holders = dict(replay_parts(players.set_column(0, "replay_id", ids)))
        for replay_id, frames in self._wide.each_replay():
            # Nobody holds a slot of a replay in which nobody was ever on the field.
            rows = holders[replay_id].to_pylist() if replay_id in holders else []
            table = to_long(frames, rows, self._needed)
            table = table if self._rows is None else table.filter(self._rows)
            if table.num_rows:
                yield replay_id, with_codes(table.select(list(self.columns)), self._codes)

    @cached_property
    def _holders(self) -> pa.Table:
        """Players of the chosen replays who were on the field, by replay, slot and first row."""
        players = self._players()
        ours = pc.is_in(players["replay_id"], pa.array(self._ids, pa.string()))
        players = players.filter(pc.and_(ours, pc.is_valid(players["first_row"])))
        return players.sort_by([("replay_id", "ascending"), ("slot", "ascending"), ("first_row", "ascending")])

    @cached_property
    def _codes(self) -> dict[str, Names]:
        """Names of columns whose names are not those of the schema: the chosen replays and their players, sorted."""
        people = sorted(pc.unique(self._holders["player_id"]).drop_null().to_pylist())
        return {"replay_id": Names(self._ids), "player_id": Names(people)}

    def count_rows(self) -> int:
        """Return the number of rows; a few columns of the frames are read for it."""
        return sum(part.num_rows for _, part in self.each_replay())


def long_schema(wide: pa.Schema) -> pa.Schema:
    """Return the schema: columns of the match and the ball, who it is, then the columns of one slot without its number."""
    common = [field for field in wide if not PLAYER_COLUMN.fullmatch(field.name) and field.name != SPLIT]
    player = [
        field.with_name(match[2])
        for field in wide
        if (match := PLAYER_COLUMN.fullmatch(field.name)) and match[1] == "0" and match[2] not in _NOT_IN_LONG
    ]
    own = [column.field() for column in LONG_COLUMNS]
    return pa.schema([*common, *own, *player, wide.field(SPLIT)], metadata=wide.metadata)


def wide_columns(names: Collection[str], wide: pa.Schema) -> list[str]:
    """Return the columns of the wide frames that columns of the long layout are computed from, in their order."""
    needed = {*names, *_NOT_IN_LONG, *(("row",) if "player_id" in names else ())}
    return [name for name in wide.names if (((match := PLAYER_COLUMN.fullmatch(name)) and match[2]) or name) in needed]


def to_long(frames: pa.Table, holders: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return the rows of all players on the field, sorted by slot and row.

    Args:
        frames: wide frames of one replay.
        holders: its players by slot and first row, as :data:`HOLDER_COLUMNS`; a slot belongs to a player from his first row on.
        schema: the columns wanted.
    """
    parts = [schema.empty_table()]
    for slot, players in groupby(holders, key=itemgetter("slot")):
        here = frames.filter(frames[f"p{slot}_present"])
        of_slot = list(players)
        if not here.num_rows:
            continue
        columns: dict[str, pa.Array | pa.ChunkedArray] = {}
        for name in schema.names:
            if name == "slot":
                columns[name] = pa.repeat(pa.scalar(slot, pa.int8()), here.num_rows)
            elif name == "team":
                columns[name] = categories(np.zeros(here.num_rows, np.int32), [of_slot[0]["team"]])
            elif name == "player_id":
                firsts = [player["first_row"] for player in of_slot]
                who = np.searchsorted(firsts, here["row"].to_numpy(), side="right") - 1
                columns[name] = categories(who.astype(np.int32), [player["player_id"] for player in of_slot])
            else:
                columns[name] = here[name if name in frames.column_names else f"p{slot}_{name}"]
        parts.append(pa.table(columns, schema=schema))
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()
