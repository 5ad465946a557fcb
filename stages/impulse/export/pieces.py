"""The parts of a dataset that hold frames: what they are made of, what determines their bytes, and how they are written."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from impulse.config.export import ExportParams
from impulse.export.encoding import as_exported, writer_settings
from impulse.export.frames_source import Replay, read_replay
from impulse.export.long_layout import long_schema, to_long
from impulse.export.numpy_arrays import ARRAY_FILES, write_arrays, write_npz
from impulse.export.summary import Summary
from impulse.tables.paths import SPLITS

EXPORT_VERSION = 2
"""Raised whenever the code of this package writes other bytes for the same frames."""


class Kind(StrEnum):
    """What a part is."""

    wide = "wide"
    """A Parquet file of frames: one row group for each replay."""
    long = "long"
    """The same, one row for each player and frame."""
    arrays = "arrays"
    """Memory-mappable arrays of a split."""
    npz = "npz"
    """Arrays of one replay."""


@dataclass(frozen=True)
class Recipe:
    """What all parts of a dataset share."""

    parsed: Path
    """data/parsed."""
    schema: pa.Schema
    """Of the wide frames."""
    params: ExportParams

    @cached_property
    def settings(self) -> dict[Kind, dict[str, Any]]:
        """What determines the bytes of each kind of part beside the replays."""
        schema = hashlib.sha256(self.schema.serialize().to_pybytes()).hexdigest()
        common = {"schema": schema, "export": EXPORT_VERSION, "pyarrow": pa.__version__}
        arrays = {**common, "float_type": self.params.float_type.value, "numpy": np.__version__}
        parquet = {**common, **writer_settings(self.schema, self.params)}
        return {Kind.wide: parquet, Kind.long: parquet, Kind.arrays: arrays, Kind.npz: arrays}


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a dataset."""

    kind: Kind
    places: Mapping[str, str]
    """Where its files go inside the dataset, by their names in the store."""
    replays: tuple[Replay, ...]
    """What it holds, sorted by replay id."""

    def key(self, recipe: Recipe) -> str:
        """Return the name of what determines the bytes of its files."""
        parts = {
            "kind": self.kind.value,
            "replays": [
                [replay.replay_id, replay.sha256, _holders(replay) if self.kind is Kind.long else None]
                for replay in self.replays
            ],
            **recipe.settings[self.kind],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def write(self, recipe: Recipe, folder: Path) -> dict[str, Any]:
        """Write its files and return what the card tells of it."""
        if self.kind in (Kind.wide, Kind.long):
            (name,) = self.places
            return _write_shard(folder / name, self, recipe)
        if self.kind is Kind.arrays:
            write_arrays(folder, self.replays, parsed=recipe.parsed, schema=recipe.schema, params=recipe.params)
        else:
            (name,) = self.places
            write_npz(folder / name, self.replays[0], parsed=recipe.parsed, schema=recipe.schema, params=recipe.params)
        return {}


def shard_path(split: str, shard: int, *, folder: str = "frames") -> str:
    """Return where a shard stands inside the dataset."""
    return f"{folder}/split={split}/part-{shard:05d}.parquet"


def plan_pieces(rows: Sequence[Mapping[str, Any]], replays: Mapping[str, Replay], params: ExportParams) -> list[Piece]:
    """Return all parts of a dataset.

    Args:
        rows: replay_id, split and shard of the replays.
        replays: the replays by id.
        params: which parts are wanted.
    """
    by_shard: dict[tuple[str, int], list[Replay]] = defaultdict(list)
    by_split: dict[str, list[Replay]] = {split: [] for split in SPLITS}
    for row in sorted(rows, key=lambda row: row["replay_id"]):
        by_shard[row["split"], row["shard"]].append(replays[row["replay_id"]])
        by_split[row["split"]].append(replays[row["replay_id"]])
    pieces = []
    for (split, shard), members in sorted(by_shard.items()):
        pieces.append(Piece(Kind.wide, {"part.parquet": shard_path(split, shard)}, tuple(members)))
        if params.long:
            place = shard_path(split, shard, folder="frames_long")
            pieces.append(Piece(Kind.long, {"part.parquet": place}, tuple(members)))
    if params.numpy:
        for split, members in by_split.items():
            pieces.append(Piece(Kind.arrays, {name: f"numpy/{split}/{name}" for name in ARRAY_FILES}, tuple(members)))
    if params.npz:
        for replay_id, replay in sorted((row["replay_id"], replays[row["replay_id"]]) for row in rows):
            place = f"npz/{replay_id[:2]}/{replay_id}.npz"
            pieces.append(Piece(Kind.npz, {"replay.npz": place}, (replay,)))
    return pieces


def _write_shard(target: Path, piece: Piece, recipe: Recipe) -> dict[str, Any]:
    is_long = piece.kind is Kind.long
    schema = long_schema(recipe.schema) if is_long else recipe.schema
    summary = Summary()
    with pq.ParquetWriter(target, schema, **writer_settings(schema, recipe.params)) as writer:
        for replay, frames in _each_replay(piece, recipe):
            table = to_long(frames, replay.holders, schema) if is_long else frames
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
            summary.add(frames)
    return {} if is_long else summary.facts()


def _each_replay(piece: Piece, recipe: Recipe) -> Iterator[tuple[Replay, pa.Table]]:
    for replay in piece.replays:
        frames = read_replay(replay, recipe.parsed, recipe.schema.names)
        yield replay, as_exported(frames, recipe.schema, replay_id=replay.replay_id)


def _holders(replay: Replay) -> list[list[Any]]:
    return [[holder.slot, holder.team, holder.player_id, holder.first_row] for holder in replay.holders]
