"""Which columns of the frames are exported, and in which types."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.export import ExportParams, FloatType
from impulse.errors import SchemaError, StageError

HALF_LARGEST = float(np.finfo(np.float16).max)
"""The largest number that float16 holds."""


def export_schema(parsed: pa.Schema, columns: Sequence[str], params: ExportParams) -> pa.Schema:
    """Return the schema of the exported frames: the kept columns, floats in the chosen type.

    Half precision is for columns with bounds that it can hold; others, such as times, stay float32. The field then says
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
    # One by one where types differ: a cast of all, which only puts in what columns mean, takes as long as reading them.
    columns = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(frames.columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)
