"""A selection of frames that is read when it is asked for, as a whole or replay by replay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from impulse.errors import DatasetError
from impulse.files.numbers import array_type, as_array, codes_of
from impulse.loading.arrays import FrameArrays, physical_bounds
from impulse.loading.codes import Names, with_codes
from impulse.loading.dataset_files import GET_AGAIN, PARQUET, DatasetFiles
from impulse.loading.file_list import check_footer, check_rows
from impulse.loading.row_groups import row_groups_of
from impulse.loading.selection import Selection

if TYPE_CHECKING:
    import pandas as pd

SPLIT = "split"
"""Column that no file has: the folders' names say it."""

NOT_NUMERIC = ("replay_id", SPLIT)
"""Columns that arrays leave out; ``replay_ids`` and ``offsets`` say which rows belong to which replay."""

_REPLAYS_AHEAD = 2
_FOOTERS_AT_A_TIME = 8


class Frames:
    """Some columns of the frames of some replays. Nothing is read before a method is called."""

    def __init__(
        self,
        stored: DatasetFiles,
        *,
        selection: Selection,
        shards: Sequence[str],
        schema: pa.Schema,
        columns: Sequence[str],
        is_all: bool,
        described: Sequence[dict[str, Any]],
    ) -> None:
        self.replays: pa.Table = selection.replays
        """Rows of the replays table: the chosen replays."""
        self.files: tuple[str, ...] = tuple(shards)
        """Names of the files that have the frames of these replays."""
        self.columns: tuple[str, ...] = tuple(columns)
        """Names of the columns."""
        self.schema: pa.Schema = pa.schema([schema.field(name) for name in columns], metadata=schema.metadata)
        """Arrow schema with unit, range and meaning of each column."""
        self._stored = stored
        self._dataset_schema = schema
        self._described = described
        self._rows = selection.rows
        self._is_all = is_all
        self._ids = sorted(self.replays["replay_id"].to_pylist())
        self._filter = selection.rows
        if not is_all:  # also where row groups were chosen: a rewritten dataset may have several replays in one
            ours = pc.field("replay_id").isin(self.replays["replay_id"].combine_chunks())
            self._filter = ours if selection.rows is None else ours & selection.rows

    def to_arrow(self) -> pa.Table:
        """Return all rows as one table, in the order of the files: by split, shard, replay and row.

        Each column of names has one dictionary. In that of ``game_state`` every name has its fixed place; that of
        ``replay_id`` has the chosen replays, sorted.

        Raises:
            DatasetError: a file cannot be read or is not that of the dataset, or the dataset was rebuilt since it was opened.
        """
        return self._read(self.columns)

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows as a DataFrame.

        Floats have NaN for null; integers and booleans are pandas' nullable types where the schema lets them be null;
        names are categories, whose codes are those of :meth:`to_arrow`. Errors as for :meth:`to_arrow`.
        """
        from impulse.files.dataframe import to_pandas

        return to_pandas(self.to_arrow())

    def to_numpy(self) -> FrameArrays:
        """Return all rows as one array of numbers, replays sorted by id.

        The same as the arrays that the export stage writes: null is NaN, booleans are 0 and 1, names are positions in
        ``categories``. Errors as for :meth:`to_arrow`.
        """
        names = [name for name in self.columns if name not in NOT_NUMERIC]
        table = self._read(["replay_id", *names])
        parts: dict[str, list[pa.Table]] = defaultdict(list)
        # A dataset that somebody rewrote may have the rows of one replay in several places.
        for replay_id, part in replay_parts(table):
            parts[replay_id].append(part)
        ids = sorted(parts)
        offsets = np.cumsum([0, *(sum(part.num_rows for part in parts[name]) for name in ids)], dtype=np.int64)
        sorted_table = pa.concat_tables([part for name in ids for part in parts[name]]) if ids else table
        names_of = {name: codes_of(name, table[name]) for name in names if pa.types.is_dictionary(table[name].type)}
        return FrameArrays(
            values=as_array(sorted_table, names, names_of, array_type(table.schema)),
            columns=tuple(names),
            replay_ids=tuple(ids),
            offsets=offsets,
            categories=names_of,
            bounds=physical_bounds(self._described, names),
            is_whole=self._rows is None,
            build=self._stored.build,
        )

    def each_replay(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield id and frames of one replay after the other, in the order of the files.

        Memory holds a few replays at a time, however large the selection is.

        Raises:
            DatasetError: as for :meth:`to_arrow`. What was given before is right.
        """
        rows_of = dict(zip(self.replays["replay_id"].to_pylist(), self.replays["rows"].to_pylist(), strict=True))
        for replay_id, table in self._each_stretch():
            rows = rows_of.pop(replay_id, None)
            if rows is None:
                raise DatasetError(
                    f"{self._stored.name}: replay {replay_id} lies in several places, or is none of the dataset; {GET_AGAIN}"
                )
            if self._rows is None and table.num_rows != rows:
                raise DatasetError(
                    f"{self._stored.name}: replay {replay_id} has {table.num_rows} rows instead of {rows}; {GET_AGAIN}"
                )
            yield replay_id, self._in_schema(table)
        if self._rows is None and rows_of:
            raise DatasetError(f"{self._stored.name}: the rows of replay {min(rows_of)} are missing; {GET_AGAIN}")

    def _each_stretch(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield the rows of a replay that follow each other, file by file, each checked to be of the build that was opened."""
        columns = list(dict.fromkeys(("replay_id", *self.columns)))
        for name in self.files if self.replays.num_rows else ():
            parts: list[pa.Table] = []
            current = ""
            with self._stored.reading(name):
                scanner = self._arrow_dataset([self._fragment(name)]).scanner(
                    columns=columns,
                    filter=self._filter,
                    batch_size=1 << 20,
                    batch_readahead=_REPLAYS_AHEAD,
                    fragment_readahead=1,
                )
                for batch in scanner.to_batches():
                    for replay_id, part in replay_parts(pa.Table.from_batches([batch])):
                        if parts and replay_id != current:
                            if not self._stored.is_remote:  # there the end of each file is often enough
                                self._stored.check_build()
                            yield current, pa.concat_tables(parts)
                            parts = []
                        current = replay_id
                        parts.append(part)
            if parts:
                yield current, pa.concat_tables(parts)

    def count_rows(self) -> int:
        """Return the number of rows; without conditions on rows nothing is read for it."""
        if self._rows is None:
            return int(pc.sum(self.replays["rows"]).as_py() or 0)
        with self._reading() as dataset:
            return 0 if dataset is None else int(dataset.count_rows(filter=self._filter))

    def _read(self, columns: Sequence[str]) -> pa.Table:
        fields = [self._dataset_schema.field(name) for name in columns]
        schema = pa.schema(fields, metadata=self._dataset_schema.metadata)
        with self._reading() as dataset:
            table = schema.empty_table() if dataset is None else dataset.to_table(list(columns), self._filter)
            if self._rows is None:
                check_rows(self._stored, self.replays, table.num_rows)
            table = with_codes(table, self._codes)
            if "replay_id" in columns and table["replay_id"].null_count:
                raise DatasetError(
                    f"{self._stored.name}: rows belong to replays that replays.parquet has not; {GET_AGAIN}"
                )
        return table.replace_schema_metadata(schema.metadata)

    def _in_schema(self, table: pa.Table) -> pa.Table:
        return with_codes(table.select(list(self.columns)), self._codes).replace_schema_metadata(self.schema.metadata)

    @cached_property
    def _codes(self) -> dict[str, Names]:
        """Names of columns whose names are not those of the schema."""
        return {"replay_id": Names(self._ids)}

    @contextmanager
    def _reading(self) -> Iterator[ds.Dataset | None]:
        """Give the parts of the files that have the chosen replays, as Arrow sees them; None when there are none."""
        if not self.replays.num_rows:
            yield None
            return
        with self._stored.reading("frames"):
            with ThreadPoolExecutor(_FOOTERS_AT_A_TIME) as pool:
                fragments = list(pool.map(self._fragment, self.files))
            yield self._arrow_dataset(fragments)

    def _arrow_dataset(self, fragments: Sequence[ds.ParquetFileFragment]) -> ds.Dataset:
        return ds.FileSystemDataset(fragments, self._dataset_schema, PARQUET)

    def _fragment(self, name: str) -> ds.ParquetFileFragment:
        """Return the row groups of a file that have the chosen replays, once its footer says what it must."""
        split = name.split("/")[1].removeprefix("split=")
        fragment = self._stored.fragment(name, partition_expression=pc.field("split") == split)
        check_footer(self._stored, name, fragment, {column["name"]: column["dtype"] for column in self._described})
        return fragment if self._is_all else row_groups_of(fragment, self._ids)


def replay_parts(table: pa.Table) -> list[tuple[str, pa.Table]]:
    """Return the stretches of rows with the same ``replay_id``, a column of names, in their order and without a copy."""
    if not table.num_rows:
        return []
    codes = table["replay_id"].unify_dictionaries().combine_chunks()
    changes = np.flatnonzero(np.diff(codes.indices.to_numpy())) + 1
    starts = [0, *changes.tolist()]
    ids = codes.take(pa.array(starts)).to_pylist()
    lengths = np.diff([*starts, table.num_rows]).tolist()
    return [(name, table.slice(start, rows)) for name, start, rows in zip(ids, starts, lengths, strict=True)]
