"""How frames become Parquet: types, encodings, codec. Chosen by measurement (tests/benchmarks, case encodings)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.export import (
    Compression,
    ExportParams,
    FloatType,
)
from impulse.errors import SchemaError, StageError

ZSTD_LEVEL = 3
"""Level 1 takes 1 % more bytes; 6 saves 1 % for twice the time, 19 saves 4 % for twenty times the time."""

HALF_LARGEST = float(np.finfo(np.float16).max)
"""The largest number that float16 holds."""

# Row groups are found by these; statistics of the other columns would only make the footer larger.
_STATISTICS = ("replay_id", "row", "slot", "time", "segment")

_COUNTERS = ("row",)
"""Integers that grow from row to row; a dictionary of them would be as long as they are."""


def export_schema(parsed: pa.Schema, columns: Sequence[str], params: ExportParams) -> pa.Schema:
    """Return the schema of the exported frames: the kept columns, floats in the chosen type.

    Half precision is for columns with bounds that it can hold; others, such as times, stay float32. The field then tells
    what it costs as ``resolution``.

    Raises:
        SchemaError: a kept column is not in the frames.
    """
    fields = []
    for name in columns:
        if name not in parsed.names:
            raise SchemaError(f"column {name} is not in the parsed frames; run `dvc repro parse` again")
        field = parsed.field(name)
        if pa.types.is_floating(field.type):
            if params.float_type is FloatType.float64:
                field = field.with_type(pa.float64())
            elif params.float_type is FloatType.float16 and (step := half_resolution(field)) is not None:
                field = field.with_type(pa.float16()).with_metadata({**field.metadata, b"resolution": repr(step)})
        fields.append(field)
    return pa.schema(fields, metadata=parsed.metadata)


def half_resolution(field: pa.Field) -> float | None:
    """Return the step between neighbours in float16 where a column's values are largest, None if it must stay wider."""
    bounds = [abs(float(field.metadata[name])) for name in (b"min", b"max") if name in field.metadata]
    if len(bounds) < 2 or max(bounds) > HALF_LARGEST:
        return None
    return float(np.spacing(np.float16(max(bounds))))


def as_exported(frames: pa.Table, schema: pa.Schema, *, replay_id: str) -> pa.Table:
    """Return frames in the exported types.

    Raises:
        StageError: a value does not fit into half precision.
    """
    for field in schema:
        if field.type == pa.float16():
            extremes = pc.min_max(frames[field.name]).as_py()
            largest = max(abs(value or 0.0) for value in extremes.values())
            if largest > HALF_LARGEST:
                raise StageError(
                    f"replay {replay_id}: {field.name} reaches {largest:g}, more than float16 holds; "
                    "set export.float_type to float32"
                )
    return frames.cast(schema)


def writer_settings(schema: pa.Schema, params: ExportParams) -> dict[str, Any]:
    """Return the arguments of :class:`pyarrow.parquet.ParquetWriter` that decide about bytes."""
    encodings: dict[str, str] = {}
    dictionary = []
    for field in schema:
        if pa.types.is_floating(field.type):
            # Splitting floats by byte only helps a codec that comes after it.
            encodings[field.name] = "PLAIN" if params.compression is Compression.none else "BYTE_STREAM_SPLIT"
        elif field.name in _COUNTERS:
            encodings[field.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_boolean(field.type):
            encodings[field.name] = "RLE"
        else:
            dictionary.append(field.name)
    settings: dict[str, Any] = {
        "compression": params.compression.value,
        "use_dictionary": dictionary,
        "column_encoding": encodings,
        "write_statistics": [name for name in _STATISTICS if name in schema.names],
    }
    if params.compression is Compression.zstd:
        settings["compression_level"] = params.compression_level or ZSTD_LEVEL
    return settings
