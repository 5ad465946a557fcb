"""An exported dataset: what it has, and lazy access to its tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from impulse.errors import DatasetError
from impulse.loading.frames import Frames
from impulse.loading.place import Place
from impulse.loading.selection import Filters, known, select
from impulse.schema.column import SCHEMA_VERSION
from impulse.tables.paths import SPLITS

CHECKSUMS = "checksums.sha256"
LAYOUTS = ("frames", "frames_long")
"""Tables that are folders of shards, one row group for each replay."""

_CHUNK_BYTES = 1 << 20


class Dataset:
    """An open dataset. Only schema.json was read; everything else is when it is asked for."""

    def __init__(self, place: Place) -> None:
        """Open a dataset.

        Args:
            place: where its files are.

        Raises:
            DatasetError: these are not the files of a dataset, or a newer impulse made it.
        """
        if "schema.json" not in place.files:
            raise DatasetError(
                f"{place.name} is not a dataset of impulse: there is no schema.json; "
                "give the folder that the export stage wrote, such as data/export"
            )
        self.place = place
        self._schemas: dict[str, pa.Schema] = {}
        try:
            self._document: dict[str, Any] = json.loads(place.read("schema.json"))
            version = int(self._document["schema_version"])
            self._described: dict[str, list[dict[str, Any]]] = self._document["tables"]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{place.name}: schema.json is not one that impulse wrote") from error
        if version > SCHEMA_VERSION:
            raise DatasetError(
                f"{place.name} has schema version {version}, and this impulse knows {SCHEMA_VERSION}: upgrade impulse"
            )

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables: frames, frames_long where it was asked for, replays, players, ..."""
        others = sorted(
            name.removesuffix(".parquet") for name in self.place.files if name.endswith(".parquet") and "/" not in name
        )
        return (*(layout for layout in LAYOUTS if self._shards(SPLITS, layout)), *others)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that have frames."""
        return tuple(split for split in SPLITS if self._shards((split,)))

    @cached_property
    def replays(self) -> pa.Table:
        """The replays table: one row for each replay, with its split."""
        return self._read_parquet("replays.parquet")

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the frames, with unit, range and meaning of each column; ``split`` is the last."""
        return self._schema_of("frames")

    def frames(
        self,
        *,
        split: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
        layout: str = "frames",
    ) -> Frames:
        """Choose frames; they are read by the methods of what is returned.

        Args:
            split: train, val, test, or several of them; None takes all.
            columns: their names, ``split`` among them when it is wanted; None takes all but ``split``.
            filters: conditions on columns of the frames or of the replays table.
            layout: ``frames``, or ``frames_long`` with one row for each player and frame.

        Raises:
            ConfigError: no such split or column, or a filter that cannot be applied.
            DatasetError: the replays table or the schema cannot be read.
        """
        schema = self._schema_of(layout)
        columns = [name for name in schema.names if name != "split"] if columns is None else _listed(columns)
        for name in columns:
            known("columns", name, schema.names)
        splits = self._checked_splits(split)
        selection = select(self.replays, schema, splits=splits, filters=filters)
        shards = self._shards_of(selection.replays, layout)
        rows_of_splits = pc.is_in(self.replays["split"], pa.array(splits or SPLITS, pa.string()))
        return Frames(
            self.place,
            selection=selection,
            shards=shards,
            schema=schema,
            columns=columns,
            is_all=selection.replays.num_rows == pc.sum(rows_of_splits).as_py(),
            described=self._described[layout],
            is_long=layout != "frames",
        )

    def table(
        self,
        name: str,
        *,
        split: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
    ) -> pa.Table:
        """Return a table; arguments and errors as for :meth:`frames`."""
        known("table", name, self.tables)
        if name in LAYOUTS:
            return self.frames(split=split, columns=columns, filters=filters, layout=name).to_arrow()
        table = self.replays if name == "replays" else self._read_parquet(f"{name}.parquet")
        columns = table.column_names if columns is None else _listed(columns)
        for column in columns:
            known("columns", column, table.column_names)
        if split is not None or filters is not None:
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
        lines = self.place.read(CHECKSUMS).decode().splitlines()
        expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        for name in expected if names is None else names:
            if name not in expected:
                raise DatasetError(f"{self.place.name}: {name} is not in {CHECKSUMS}")
            digest = hashlib.sha256()
            with self.place.open(name) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
            if digest.hexdigest() != expected[name]:
                raise DatasetError(f"{self.place.name}: {name} has other bytes than {CHECKSUMS} says; get it again")

    def _read_parquet(self, name: str) -> pa.Table:
        with self.place.open(name) as file:
            return pq.read_table(file)

    def _checked_splits(self, split: str | Sequence[str] | None) -> tuple[str, ...] | None:
        if split is None:
            return None
        splits = (split,) if isinstance(split, str) else tuple(split)
        for name in splits:
            known("split", name, SPLITS)
        return splits

    def _schema_of(self, layout: str) -> pa.Schema:
        first = next(iter(self._shards(SPLITS, layout)), None)
        if first is None:
            raise DatasetError(f"{self.place.name} has no {layout}")
        if layout not in self._schemas:
            with self.place.open(first) as file:
                schema = pq.read_schema(file)
            described = {b"description": b"split of the match"}
            field = pa.field("split", pa.string(), nullable=False, metadata=described)
            self._schemas[layout] = schema.append(field)
        return self._schemas[layout]

    def _shards(self, splits: Iterable[str], layout: str = "frames") -> list[str]:
        return [
            name
            for split in splits
            for name in sorted(self.place.files)
            if name.startswith(f"{layout}/split={split}/") and name.endswith(".parquet")
        ]

    def _shards_of(self, replays: pa.Table, layout: str) -> list[str]:
        """Return the files that have these replays; without reading any of them."""
        places = replays.select(["split", "shard"]).group_by(["split", "shard"], use_threads=False).aggregate([])
        wanted = {f"{layout}/split={row['split']}/part-{row['shard']:05d}.parquet" for row in places.to_pylist()}
        found = [name for name in self._shards(SPLITS, layout) if name in wanted]
        # Files under other names: somebody rewrote the dataset, and any may have the replays.
        return found if len(found) == len(wanted) else self._shards(dict.fromkeys(replays["split"].to_pylist()), layout)


def _listed(columns: Sequence[str]) -> list[str]:
    return [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
