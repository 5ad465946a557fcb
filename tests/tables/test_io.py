"""Tables between stages are what was written, or one line."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pyarrow as pa
import pytest

from impulse.errors import StageError
from impulse.schema.column import SCHEMA_VERSION
from impulse.tables.io import read_json, read_table, write_table


@pytest.mark.parametrize("share", [1, 7], ids=["each byte of a short one", "some of a long one"])
def test_no_changed_bit_becomes_another_value(tmp_path: Path, share: int) -> None:
    """Bits of pages and of the footer: Arrow alone would read many as other numbers, names, types, or fewer rows."""
    rows = range(0, 400 * share, 7)
    table = pa.table(
        {
            "row": pa.array(rows, pa.int32()),
            "name": [f"player {number % 5}" for number in rows],
            "date": pa.array(rows, pa.timestamp("s")),
        },
        metadata={"place": "s3://bucket/raw"},
    )
    path = tmp_path / "goals.parquet"
    write_table(table, path)
    expected = read_table(path, made_by="parse")
    assert expected.cast(table.schema).equals(table, check_metadata=True)
    content, draws, noticed = path.read_bytes(), random.Random(share), 0
    places = range(len(content))[::share]
    for at in places:
        changed = bytearray(content)
        changed[at] ^= 1 << draws.randrange(8)
        path.write_bytes(changed)
        try:
            # What a reader has no use for may differ.
            assert read_table(path, made_by="parse").equals(expected, check_metadata=False), at
        except StageError as error:
            assert re.fullmatch(r".*goals\.parquet is damaged; `impulse verify --heal` mends it \(.*\)", str(error))
            noticed += 1
    assert noticed > 0.5 * len(places)


def test_tables_of_another_schema_are_one_line(tmp_path: Path) -> None:
    """It names both versions and the stage; whoever needs no more than what all versions have may read it."""
    path = tmp_path / "manifest.parquet"
    write_table(pa.table({"path": ["a"]}, metadata={"impulse_schema_version": "1"}), path)
    with pytest.raises(
        StageError, match=rf"schema 1, this impulse has those of {SCHEMA_VERSION}; run `dvc repro fetch`"
    ):
        read_table(path, made_by="fetch")
    assert read_table(path, made_by="fetch", of_any_schema=True)["path"].to_pylist() == ["a"]


def test_a_document_that_was_cut_short_is_one_line(tmp_path: Path) -> None:
    """It says where the good one comes from."""
    (tmp_path / "columns.json").write_text('{"kept": ["ti')
    with pytest.raises(StageError, match=r"columns.json is damaged; `impulse verify --heal` mends it"):
        read_json(tmp_path / "columns.json", made_by="dedupe")
