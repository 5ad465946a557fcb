"""The one record of a column: name, type, unit, bounds, source and meaning.

Arrow schemas, checks and the documentation of the dataset are generated from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa

SCHEMA_VERSION = 4
"""Raised with every change of a column's name, type, unit or meaning; part of every dataset."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. ``{slot}`` in the name of a player column stands for the slot number."""

    name: str
    dtype: str
    """``float16``, ``float32``, ``float64``, ``bool``, ``int8``, ``int16``, ``int32``, ``int64``, ``string``, ``list<string>``,
    ``category`` or ``timestamp``."""
    meaning: str
    unit: str = ""
    """Empty when the column has no unit."""
    nullable: bool = False
    lower: float | None = None
    upper: float | None = None
    """Plausible range, both ends included; values outside are counted, never clipped."""
    feature: str = ""
    """Feature adder or module of statistics of the parser that the values come from; empty for columns computed by impulse."""
    duplicate_of: str = ""
    """Name of the column that holds the same quantity already."""
    quantity: str = ""
    """Group of columns that share bounds and are kept or dropped together, for example ``position``."""

    def field(self) -> pa.Field:
        """Return the Arrow field, with unit, meaning, range and source as metadata."""
        metadata = {"description": self.meaning}
        if self.unit:
            metadata["unit"] = self.unit
        if self.lower is not None:
            metadata["min"] = f"{self.lower:g}"
        if self.upper is not None:
            metadata["max"] = f"{self.upper:g}"
        metadata["source"] = self.feature or "impulse"
        return pa.field(self.name, _ARROW_TYPES[self.dtype], nullable=self.nullable, metadata=metadata)

    def at_slot(self, slot: int) -> Column:
        """Return the column of one player slot."""
        return replace(
            self,
            name=self.name.format(slot=slot),
            duplicate_of=self.duplicate_of.format(slot=slot),
        )


_ARROW_TYPES: dict[str, pa.DataType] = {
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "string": pa.string(),
    "list<string>": pa.list_(pa.field("element", pa.string())),  # by the name that Parquet gives elements
    "category": pa.dictionary(pa.int32(), pa.string()),
    "timestamp": pa.timestamp("s"),
}


def has_dtype(kind: pa.DataType, dtype: str) -> bool:
    """Tell whether a type of Arrow is that of a ``dtype``; Parquet has times in a resolution of its own."""
    return pa.types.is_timestamp(kind) if dtype == "timestamp" else bool(kind == _ARROW_TYPES.get(dtype))


SCHEMA_KEY = b"impulse_schema_version"
"""Key of the schema version in the metadata of a table."""


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """Return the Arrow schema of columns, with the schema version as metadata."""
    return pa.schema([column.field() for column in columns], metadata={SCHEMA_KEY: str(SCHEMA_VERSION)})


REPLAY_ID = Column("replay_id", "string", "id of the replay; joins with every other table")
