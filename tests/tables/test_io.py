"""Tables between stages are what was written, or one line."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from impulse.errors import StageError
from impulse.tables.io import read_json, read_table, write_table


def test_no_changed_bit_of_a_page_becomes_another_value(tmp_path: Path) -> None:
    """Every byte of the pages, one bit each: Arrow alone would read many of them as other numbers."""
    table = pa.table({"row": pa.array(range(0, 4000, 7), pa.int32()), "name": [f"player {n % 5}" for n in range(572)]})
    path = tmp_path / "goals.parquet"
    write_table(table, path)
    assert read_table(path, made_by="parse").equals(table)
    content = path.read_bytes()
    noticed = 0
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for at in range(4, footer):
        changed = bytearray(content)
        changed[at] ^= 4
        path.write_bytes(changed)
        try:
            assert read_table(path, made_by="parse").equals(table), at  # what a reader has no use for
        except StageError as error:
            assert "goals.parquet is damaged; `impulse verify --heal` mends it" in str(error)
            noticed += 1
    assert noticed > 0.9 * (footer - 4)


def test_a_document_that_was_cut_short_is_one_line(tmp_path: Path) -> None:
    """It says where the good one comes from."""
    (tmp_path / "columns.json").write_text('{"kept": ["ti')
    with pytest.raises(StageError, match=r"columns.json is damaged; `impulse verify --heal` mends it"):
        read_json(tmp_path / "columns.json", made_by="dedupe")
