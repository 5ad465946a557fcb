"""The parts of a dataset that hold frames: what they are made of, what determines their bytes, and how they are written."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from impulse.config.export import ExportParams
from impulse.export.encoding import USES
from impulse.export.encoding.arrays import write_arrays
from impulse.export.encoding.parquet import write_shard, writer_settings
from impulse.export.encoding.source import ParsedFrames
from impulse.files.digest import code_digest
from impulse.files.records import Entry
from impulse.files.store import Store
from impulse.schema.beside import BESIDE
from impulse.tables.paths import ARRAY, ARRAY_COLUMNS, ARRAY_OFFSETS, SPLITS, shard_path


class Kind(StrEnum):
    """What a part is."""

    shard = "shard"
    """A Parquet file of frames."""
    arrays = "arrays"
    """Memory-mappable arrays of a split."""


@dataclass(frozen=True, slots=True)
class OutputPart:
    """One part of a dataset."""

    kind: Kind
    paths: Mapping[str, str]
    """Where its files go inside the dataset, by their names in the store."""
    replays: tuple[ParsedFrames, ...]
    """What it holds, sorted by replay id."""


@dataclass(frozen=True)
class ExportPlan:
    """How all parts of a dataset are written."""

    parsed: Path
    """data/parsed."""
    schema: pa.Schema
    """Of the exported frames."""
    params: ExportParams

    @cached_property
    def determinants(self) -> dict[Kind, dict[str, Any]]:
        """What determines the bytes of each kind of part beside the replays, as JSON knows it."""
        common = {
            "code": code_digest("export/encoding", "export/parts.py", *USES),
            "schema": hashlib.sha256(self.schema.serialize().to_pybytes()).hexdigest(),
            "pyarrow": pa.__version__,
        }
        return {
            Kind.shard: {**common, **writer_settings(self.schema, self.params)},
            Kind.arrays: {**common, "numpy": np.__version__},
        }

    def key(self, part: OutputPart) -> str:
        """Return the name of what determines the bytes of a part's files."""
        settings = [beside.setting for beside in BESIDE if any(map(beside.has, self.schema.names))]
        replays = [
            [replay.replay_id, replay.rows, replay.sha256, *map(replay.beside.get, settings)] for replay in part.replays
        ]
        content = {"kind": part.kind.value, "replays": replays, **self.determinants[part.kind]}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def stored(self, part: OutputPart, store: Store) -> Entry:
        """Write the files of a part into a store, and return its entry.

        Raises:
            StageError: frames of a replay are not those that parse wrote, or do not fit into the chosen type.
        """

        def write(folder: Path) -> dict[str, Any]:
            if part.kind is Kind.arrays:
                write_arrays(folder, part.replays, parsed=self.parsed, schema=self.schema)
            else:
                (name,) = part.paths
                settings = writer_settings(self.schema, self.params)
                write_shard(folder / name, part.replays, parsed=self.parsed, schema=self.schema, settings=settings)
            return {}

        return store.put(self.key(part), write)


def plan_parts(rows: Sequence[Mapping[str, Any]], params: ExportParams) -> list[OutputPart]:
    """Return all parts of a dataset.

    Args:
        rows: replay_id, split, shard, rows, frames_sha256 and, where it has any, beside_sha256 of the replays.
        params: which parts are wanted.
    """
    by_shard: dict[tuple[str, int], list[ParsedFrames]] = defaultdict(list)
    by_split: dict[str, list[ParsedFrames]] = {split: [] for split in SPLITS}
    for row in sorted(rows, key=lambda row: row["replay_id"]):
        frames = ParsedFrames(row["replay_id"], row["rows"], row["frames_sha256"], row.get("beside_sha256", {}))
        by_shard[row["split"], row["shard"]].append(frames)
        by_split[row["split"]].append(frames)
    parts = [
        OutputPart(Kind.shard, {"part.parquet": shard_path(split, shard)}, tuple(members))
        for (split, shard), members in sorted(by_shard.items())
    ]
    if params.numpy:
        parts += [
            OutputPart(
                Kind.arrays,
                {name: f"numpy/{split}/{name}" for name in (ARRAY, ARRAY_OFFSETS, ARRAY_COLUMNS)},
                tuple(members),
            )
            for split, members in by_split.items()
        ]
    return parts
