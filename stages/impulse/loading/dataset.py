"""An exported dataset: what it has, and lazy access to its tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from impulse.errors import ConfigError, DatasetError, check_known
from impulse.loading.dataset_files import SCHEMA_FILE, DatasetFiles, no_dataset
from impulse.loading.frames import Frames
from impulse.loading.long_layout import HOLDER_COLUMNS, LongFrames, long_schema, wide_columns
from impulse.loading.selection import Filters, Selection, columns_of, select, select_rows
from impulse.schema.column import SCHEMA_VERSION
from impulse.tables.paths import CHECKSUMS, SPLITS, shard_path

LAYOUTS = ("wide", "long")
"""Layouts of the frames: a row for each sample, or for each player and sample."""

_CHUNK_BYTES = 1 << 20


class Dataset:
    """An open dataset. Only schema.json was read; everything else is when it is asked for."""

    def __init__(self, stored: DatasetFiles) -> None:
        """Open a dataset.

        Args:
            stored: its files.

        Raises:
            DatasetError: these are not the files of a dataset, or a newer impulse made it.
        """
        if SCHEMA_FILE not in stored.files:
            raise no_dataset(stored.name)
        self.stored = stored
        try:
            self._document: dict[str, Any] = json.loads(stored.read(SCHEMA_FILE))
            version = int(self._document["schema_version"])
            self._described: dict[str, list[dict[str, Any]]] = self._document["tables"]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{stored.name}: schema.json is not one that impulse wrote") from error
        if version > SCHEMA_VERSION:
            raise DatasetError(
                f"{stored.name} has schema version {version}, and this impulse knows {SCHEMA_VERSION}: upgrade impulse"
            )

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables: frames, replays, players, ..."""
        others = sorted(
            name.removesuffix(".parquet") for name in self.stored.files if name.endswith(".parquet") and "/" not in name
        )
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
        with self.stored.open(shards[0]) as file:
            schema = pq.read_schema(file)
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
        columns = [name for name in schema.names if name != "split"] if columns is None else _listed(columns)
        for name in columns:
            check_known("columns", name, schema.names)
        splits = self._checked_splits(split)
        selection = select(self.replays, schema, splits=splits, filters=filters)
        if layout == "wide":
            return self._wide_frames(selection, splits, columns)
        needed = dict.fromkeys((*columns, *columns_of(selection.rows, schema)))
        wide = self._wide_frames(Selection(selection.replays, None), splits, wide_columns(list(needed), self.schema))
        return LongFrames(wide, players=self._slot_holders, schema=schema, columns=columns, rows=selection.rows)

    def _wide_frames(self, selection: Selection, splits: Sequence[str] | None, columns: Sequence[str]) -> Frames:
        rows_of_splits = pc.is_in(self.replays["split"], pa.array(splits or SPLITS, pa.string()))
        return Frames(
            self.stored,
            selection=selection,
            shards=self._shards_of(selection.replays),
            schema=self.schema,
            columns=columns,
            is_all=selection.replays.num_rows == pc.sum(rows_of_splits).as_py(),
            described=self._described["frames"],
        )

    def _slot_holders(self) -> pa.Table:
        with self.stored.open("players.parquet") as file:
            return pq.read_table(file, columns=list(HOLDER_COLUMNS)).select(HOLDER_COLUMNS)

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
        columns = table.column_names if columns is None else _listed(columns)
        for column in columns:
            check_known("columns", column, table.column_names)
        if name == "rejects":
            if split is not None:
                raise ConfigError("split", "rejects are in no split; leave it out")
            rows = select_rows(table.schema, filters)
            table = table if rows is None else table.filter(rows)
        elif split is not None or filters is not None:
            selection = select(self.replays, table.schema, splits=self._checked_splits(split), filters=filters)
            table = table.filter(pc.is_in(table["replay_id"], selection.replays["replay_id"].combine_chunks()))
            table = table if selection.rows is None else table.filter(selection.rows)
        return table.select(columns)

    def verify(self, names: Iterable[str] | None = None) -> None:
        """Read files whole and compare them with checksums.sha256.

        Args:
            names: files by their names inside the dataset; None takes every file on the list.

        Raises:
            DatasetError: a file is missing, is not on the list, or has other bytes.
        """
        lines = self.stored.read(CHECKSUMS).decode().splitlines()
        expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        for name in expected if names is None else names:
            if name not in expected:
                raise DatasetError(f"{self.stored.name}: {name} is not in {CHECKSUMS}")
            digest = hashlib.sha256()
            with self.stored.open(name) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
            if digest.hexdigest() != expected[name]:
                raise DatasetError(f"{self.stored.name}: {name} has other bytes than {CHECKSUMS} says; get it again")

    def _read_parquet(self, name: str) -> pa.Table:
        with self.stored.open(name) as file:
            return pq.read_table(file)

    def _checked_splits(self, split: str | Sequence[str] | None) -> tuple[str, ...] | None:
        if split is None:
            return None
        splits = (split,) if isinstance(split, str) else tuple(split)
        for name in splits:
            check_known("split", name, SPLITS)
        return splits

    def _shards(self, splits: Iterable[str] = SPLITS) -> list[str]:
        names = sorted(name for name in self.stored.files if name.endswith(".parquet"))
        return [name for split in splits for name in names if name.startswith(f"frames/split={split}/")]

    def _shards_of(self, replays: pa.Table) -> list[str]:
        """Return the files that have these replays; without reading any of them."""
        places = replays.select(["split", "shard"]).group_by(["split", "shard"], use_threads=False).aggregate([])
        wanted = {shard_path(row["split"], row["shard"]) for row in places.to_pylist()}
        found = [name for name in self._shards() if name in wanted]
        # Files under other names: somebody rewrote the dataset, and any may have the replays.
        return found if len(found) == len(wanted) else self._shards(dict.fromkeys(replays["split"].to_pylist()))


def _listed(columns: Sequence[str]) -> list[str]:
    return [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
