"""Tables that are written and read in parts are the tables that are written at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from impulse.errors import StageError
from impulse.schema.column import Column, arrow_schema
from impulse.tables import io
from impulse.tables.io import read_checked, read_parts, read_table, table_of, write_parts, write_table

COLUMNS = (Column("replay_id", "string", ""), Column("n", "int32", "", nullable=True))


def parts(count: int, rows: int) -> Iterator[pa.Table]:
    for number in range(count):
        yield table_of([{"replay_id": f"{number:03d}", "n": row} for row in range(rows)], COLUMNS)


def test_parts_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups hold whole parts and as few rows as asked for; reading gives all of them in order."""
    monkeypatch.setattr(io, "GROUP_ROWS", 10)
    path, schema = tmp_path / "t.parquet", arrow_schema(COLUMNS)
    assert write_parts(parts(7, 4), schema, path) == 28
    groups = list(read_parts(path, made_by="parse"))
    assert [group.num_rows for group in groups] == [12, 12, 4]
    whole = pa.concat_tables(parts(7, 4))
    assert pa.concat_tables(groups).equals(whole)
    assert read_table(path, made_by="parse").equals(whole)
    assert read_checked(path).schema.equals(schema, check_metadata=True)


def test_no_parts_are_an_empty_table(tmp_path: Path) -> None:
    """With its columns."""
    path = tmp_path / "t.parquet"
    assert write_parts([], arrow_schema(COLUMNS), path) == 0
    assert read_table(path, made_by="parse").column_names == ["replay_id", "n"]
    assert list(read_parts(path, made_by="parse")) == []


def test_parts_that_fail_leave_no_file(tmp_path: Path) -> None:
    """Whole or not at all."""

    def failing() -> Iterator[pa.Table]:
        yield from parts(1, 2)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        write_parts(failing(), arrow_schema(COLUMNS), tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_footer_of_another_table_is_noticed(tmp_path: Path) -> None:
    """Also when the groups are read one by one; what another version of impulse wrote is said to be that."""
    path = tmp_path / "t.parquet"
    write_parts(parts(2, 3), arrow_schema(COLUMNS), path)
    footer = pq.ParquetFile(path).metadata.metadata
    pq.write_table(next(parts(1, 3)).replace_schema_metadata(footer), path)
    with pytest.raises(StageError, match="damaged"):
        list(read_parts(path, made_by="parse"))
    with pytest.raises(StageError, match="damaged"):
        read_table(path, made_by="parse")
    older = table_of([], COLUMNS).replace_schema_metadata({"impulse_schema_version": "1"})
    write_table(older, path)
    with pytest.raises(StageError, match="schema 1"):
        list(read_parts(path, made_by="parse"))
    with pytest.raises(StageError, match="missing"):
        list(read_parts(tmp_path / "none.parquet", made_by="parse"))
