"""An exported dataset: what it has, and lazy access to its tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from impulse.errors import ConfigError, DatasetError, check_known
from impulse.loading.dataset_files import GET_AGAIN, DatasetFiles, ListedFile
from impulse.loading.file_list import NOT_OURS, FileList, check_footer
from impulse.loading.frames import Frames
from impulse.loading.long_layout import HOLDER_COLUMNS, STINTS, LongFrames, long_schema, wide_columns
from impulse.loading.renamed import check_column
from impulse.loading.selection import (
    Filters,
    Selection,
    checked_splits,
    columns_of,
    listed_columns,
    select,
    select_rows,
)
from impulse.schema.column import SCHEMA_VERSION
from impulse.tables.paths import CHECKSUMS, SPLITS

LAYOUTS = ("wide", "long")
"""Layouts of the frames: a row for each sample, or for each player and sample."""

_CHUNK_BYTES = 1 << 20


class Dataset:
    """An open dataset. Only schema.json was read; everything else is when it is asked for.

    It stays the build that was opened. When another is in its place, whatever has to be read from there raises a DatasetError
    that says so; the same holds for its frames, and for both after they were sent to another process.
    """

    def __init__(self, stored: DatasetFiles) -> None:
        """Open a dataset.

        Args:
            stored: its files.

        Raises:
            DatasetError: these are not the files of a dataset, or a newer impulse made it.
        """
        try:
            document = json.loads(stored.schema)
            version = int(document["schema_version"])
            self._described: dict[str, list[dict[str, Any]]] = document["tables"]
            self._list = FileList.of_document(document)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(f"{stored.name}: schema.json is not one that impulse wrote") from error
        if version > SCHEMA_VERSION:
            raise DatasetError(
                f"{stored.name} has schema version {version}, and this impulse knows {SCHEMA_VERSION}: upgrade impulse"
            )
        self.stored = replace(stored, listed=self._list.files if self._list else {})

    @property
    def build(self) -> str:
        """Identity of the build that was opened: the SHA-256 of its schema.json, which names that of every file."""
        return self.stored.build

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables: frames, replays, players, ..."""
        others = sorted(name.removesuffix(".parquet") for name in self._names if _is_parquet(name) and "/" not in name)
        return (*(("frames",) if self.splits else ()), *others)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that have frames."""
        return tuple(split for split in SPLITS if self._shards([split]))

    @cached_property
    def replays(self) -> pa.Table:
        """The replays table: one row for each replay, with its split."""
        return self._read_parquet("replays.parquet")

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of the frames, with unit, range and meaning of each column; ``split`` is the last."""
        shards = self._shards()
        if not shards:
            raise DatasetError(f"{self.stored.name} has no frames")
        # A dataset of which splits were left out on purpose has the schema in any other shard.
        first = next((name for name in shards if name in self.stored.files), shards[0])
        with self.stored.reading(first):
            fragment = self.stored.fragment(first)
            check_footer(self.stored, first, fragment, self._described_columns("frames"))
        schema = fragment.physical_schema
        described = {b"description": b"split of the match"}
        return schema.append(pa.field("split", pa.string(), nullable=False, metadata=described))

    def frames(
        self,
        *,
        split: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
        layout: Literal["wide", "long"] = "wide",
    ) -> Frames:
        """Choose frames; they are read by the methods of what is returned.

        Args:
            split: train, val, test, or several of them; None takes all.
            columns: their names, ``split`` among them when it is wanted; None takes all but ``split``.
            filters: conditions on columns of the frames or of the replays table.
            layout: ``wide``, or ``long`` with one row for each player on the field and frame: the columns of the match and
                the ball, then slot, team and player_id, then those of one player without his slot (``pos_x``).

        Raises:
            ConfigError: no such layout, split or column, or a filter that cannot be applied.
            DatasetError: the replays table or the schema cannot be read.
        """
        check_known("layout", layout, LAYOUTS)
        schema = long_schema(self.schema) if layout == "long" else self.schema
        columns = [name for name in schema.names if name != "split"] if columns is None else listed_columns(columns)
        for name in columns:
            check_column("columns", name, schema.names)
        splits = checked_splits(split)
        selection = select(self.replays, schema, splits=splits, filters=filters)
        if layout == "wide":
            return self._wide_frames(selection, splits, columns)
        needed = dict.fromkeys((*columns, *columns_of(selection.rows, schema)))
        wide = self._wide_frames(Selection(selection.replays, None), splits, wide_columns(list(needed), self.schema))
        return LongFrames(wide, players=self._slot_holders, schema=schema, columns=columns, rows=selection.rows)

    def _wide_frames(self, selection: Selection, splits: Sequence[str] | None, columns: Sequence[str]) -> Frames:
        rows_of_splits = pc.is_in(self.replays["split"], pa.array(splits or SPLITS, pa.string()))
        files = self._list or FileList.of_replays(self.replays)
        stored = replace(self.stored, listed=files.files)
        wanted = FileList.of_replays(selection.replays).files
        shards = [name for split in SPLITS for name in sorted(wanted) if name.startswith(f"frames/split={split}/")]
        files.check(stored, shards, splits=splits or SPLITS)
        return Frames(
            stored,
            selection=selection,
            shards=shards,
            schema=self.schema,
            columns=columns,
            is_all=selection.replays.num_rows == pc.sum(rows_of_splits).as_py(),
            described=self._described["frames"],
        )

    def _slot_holders(self) -> pa.Table:
        if STINTS not in self.tables:
            return self._read_parquet("players.parquet", HOLDER_COLUMNS)
        ids = self._read_parquet("players.parquet", ("replay_id", "player", "player_id"))
        stints = self._read_parquet(f"{STINTS}.parquet", ("replay_id", "player", "slot", "team", "first_row"))
        return stints.join(ids, ["replay_id", "player"]).select(HOLDER_COLUMNS)

    def table(
        self,
        name: str,
        *,
        split: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
    ) -> pa.Table:
        """Return a table; arguments and errors as for :meth:`frames`.

        Rejects are in no split and not among the replays, so they are filtered by columns of their own alone.
        """
        check_known("table", name, self.tables)
        if name == "frames":
            return self.frames(split=split, columns=columns, filters=filters).to_arrow()
        table = self.replays if name == "replays" else self._read_parquet(f"{name}.parquet")
        columns = table.column_names if columns is None else listed_columns(columns)
        for column in columns:
            check_column("columns", column, table.column_names)
        if name == "rejects":
            if split is not None:
                raise ConfigError("split", "rejects are in no split; leave it out")
            rows = select_rows(table.schema, filters)
            table = table if rows is None else table.filter(rows)
        elif split is not None or filters is not None:
            selection = select(self.replays, table.schema, splits=checked_splits(split), filters=filters)
            table = table.filter(pc.is_in(table["replay_id"], selection.replays["replay_id"].combine_chunks()))
            table = table if selection.rows is None else table.filter(selection.rows)
        return table.select(columns)

    def verify(self, names: Iterable[str] | None = None) -> None:
        """Read files whole and compare them with checksums.sha256.

        Args:
            names: files by their names inside the dataset; None takes every file on the list, and nothing but those may be
                there then.

        Raises:
            DatasetError: a file is missing, is not on the list, or has other bytes.
        """
        lines = self.stored.read(CHECKSUMS).decode(errors="replace").splitlines()
        expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        if names is None:
            for name in self.stored.files:
                if name not in expected and name != CHECKSUMS:
                    raise DatasetError(f"{self.stored.name}: {name} {NOT_OURS}")
            names = dict.fromkeys((*expected, *self.stored.listed))
        for name in names:
            if name not in expected:
                raise DatasetError(f"{self.stored.name}: {name} is not in {CHECKSUMS}; {GET_AGAIN}")
            if self.stored.listed.get(name, ListedFile()).sha256 not in (None, expected[name]):
                raise DatasetError(
                    f"{self.stored.name}: {CHECKSUMS} has another hash of {name} than schema.json; {GET_AGAIN}"
                )
            digest = hashlib.sha256()
            with self.stored.open(name) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
            if digest.hexdigest() != expected[name]:
                raise DatasetError(f"{self.stored.name}: {name} has other bytes than {CHECKSUMS} says; {GET_AGAIN}")

    def _read_parquet(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return a table, or some of its columns, once it is known to be that of the dataset."""
        (self._list or FileList({}, is_complete=False)).check(self.stored, [name], splits=())
        with self.stored.reading(name):
            fragment = self.stored.fragment(name)
            check_footer(self.stored, name, fragment, self._described_columns(name.removesuffix(".parquet")))
            return fragment.to_table(columns=None if columns is None else list(columns))

    @property
    def _names(self) -> Collection[str]:
        """Names of the files that belong to the dataset; of one that lists none, of those that are there."""
        return self._list.files if self._list else self.stored.files

    def _described_columns(self, table: str) -> dict[str, str]:
        """Return names and dtypes of the columns that schema.json says a table has."""
        return {column["name"]: column["dtype"] for column in self._described.get(table, ())}

    def _shards(self, splits: Iterable[str] = SPLITS) -> list[str]:
        names = sorted(name for name in self._names if _is_parquet(name))
        return [name for split in splits for name in names if name.startswith(f"frames/split={split}/")]


def _is_parquet(name: str) -> bool:
    return name.endswith(".parquet")
