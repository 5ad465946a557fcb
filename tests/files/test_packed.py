"""Tables in the store, packed: nothing but what schemas say of columns is lost, and wide ones are small."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from impulse.files.packed import read_packed, write_packed
from impulse.schema.column import Column, arrow_schema

WIDE = arrow_schema([Column(f"module_statistic_{number}", "float32", "what it is " * 9, "uu") for number in range(300)])


def wide(rows: int) -> pa.Table:
    return pa.table([[float(number * row) for row in range(rows)] for number in range(300)], schema=WIDE)


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    """Names, types, nulls and values; also of a table without rows, and twice the same bytes."""
    tables = [
        wide(3),
        wide(0),
        pa.table({"a": pa.array([1, None], pa.int8()), "b": pa.array([["x", "y"], None], pa.list_(pa.string()))}),
        pa.concat_tables([wide(2), wide(1)]),
    ]
    for table in tables:
        write_packed(table, tmp_path / "one")
        write_packed(table, tmp_path / "other")
        content = (tmp_path / "one").read_bytes()
        assert content == (tmp_path / "other").read_bytes()
        assert read_packed(content).equals(table)


def test_a_wide_table_takes_a_fraction_of_parquet(tmp_path: Path) -> None:
    """Which tells more of every column than a few rows hold."""
    pq.write_table(wide(6), tmp_path / "parquet", compression="zstd")
    write_packed(wide(6), tmp_path / "packed")
    assert (tmp_path / "packed").stat().st_size < (tmp_path / "parquet").stat().st_size / 5
