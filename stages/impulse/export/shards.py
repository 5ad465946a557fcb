"""The frames of the dataset as Parquet shards: one row group for each replay, sorted by replay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from impulse.config.params import Compression, ExportParams, FloatType
from impulse.data_paths import frames_path
from impulse.errors import SchemaError
from impulse.frames_file import read_frames

# Row groups are found by these; statistics of the other columns would only make the footer larger.
_STATISTICS = ["replay_id", "row", "time", "segment"]


def export_schema(parsed: pa.Schema, columns: Sequence[str], params: ExportParams) -> pa.Schema:
    """Return the schema of the exported frames: the kept columns, floats in the chosen type.

    Raises:
        SchemaError: a kept column is not in the frames.
    """
    fields = []
    for name in columns:
        if name not in parsed.names:
            raise SchemaError(f"column {name} is not in the parsed frames; run `dvc repro parse` again")
        field = parsed.field(name)
        if params.float_type is FloatType.float64 and pa.types.is_floating(field.type):
            field = field.with_type(pa.float64())
        fields.append(field)
    return pa.schema(fields, metadata=parsed.metadata)


def shard_path(split: str, shard: int) -> str:
    """Return where a shard stands inside the dataset."""
    return f"frames/split={split}/part-{shard:05d}.parquet"


def by_shard(replays: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the replay ids of every shard, sorted, by the shard's path."""
    shards: dict[str, list[str]] = defaultdict(list)
    for row in replays:
        shards[shard_path(row["split"], row["shard"])].append(row["replay_id"])
    return {path: sorted(ids) for path, ids in sorted(shards.items())}


def write_shard(
    target: Path, replay_ids: Iterable[str], *, parsed: Path, schema: pa.Schema, params: ExportParams
) -> int:
    """Write one shard and return its number of rows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    with pq.ParquetWriter(target, schema, **_encoding(schema, params)) as writer:
        for table in each_replay(replay_ids, parsed=parsed, schema=schema):
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
            rows += table.num_rows
    return rows


def each_replay(replay_ids: Iterable[str], *, parsed: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the frames of one replay after the other, in the exported schema."""
    for replay_id in replay_ids:
        yield read_frames(parsed / frames_path(replay_id), schema.names).cast(schema)


def _encoding(schema: pa.Schema, params: ExportParams) -> dict[str, Any]:
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    settings: dict[str, Any] = {
        "compression": params.compression.value,
        "use_dictionary": [field.name for field in schema if field.name not in floats],
        "write_statistics": [name for name in _STATISTICS if name in schema.names],
    }
    if params.compression is not Compression.none:
        # Splitting floats by byte only helps a codec that comes after it.
        settings["use_byte_stream_split"] = floats
    if params.compression_level is not None:
        settings["compression_level"] = params.compression_level
    return settings
