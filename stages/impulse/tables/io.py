"""Tables of whole replays as Parquet files: built from rows by their schema, read back by name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from impulse.errors import StageError, one_line
from impulse.files.output import output_file
from impulse.schema.column import Column, arrow_schema


def table_of(rows: Iterable[Mapping[str, Any]], columns: Iterable[Column]) -> pa.Table:
    """Return rows as a table with exactly these columns; a value that a row lacks is null."""
    columns = tuple(columns)
    rows = list(rows)
    values = {column.name: [row.get(column.name) for row in rows] for column in columns}
    return pa.Table.from_pydict(values, schema=arrow_schema(columns))


def read_table(path: Path, *, made_by: str) -> pa.Table:
    """Read a table that another stage wrote.

    Args:
        path: the file.
        made_by: the stage that makes it, for the message.

    Raises:
        StageError: the file is missing or damaged.
    """
    _check_made(path, made_by)
    try:
        return pq.read_table(path, page_checksum_verification=True)
    except OSError as error:
        raise _damaged(path, error) from error


def read_json(path: Path, *, made_by: str) -> dict[str, Any]:
    """Read a small JSON file that another stage wrote; errors as for :func:`read_table`."""
    _check_made(path, made_by)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(path, error) from error
    return content


def _damaged(path: Path, error: Exception) -> StageError:
    return StageError(f"{path} is damaged; `impulse verify --heal` mends it ({one_line(error)})")


def _check_made(path: Path, made_by: str) -> None:
    if not path.is_file():
        raise StageError(f"{path} is missing; run `dvc repro {made_by}` first (or `dvc pull {path}`)")


def to_parquet(table: pa.Table) -> bytes:
    """Return a table of whole replays, players, goals, ... as a Parquet file, whose pages have checksums."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def write_table(table: pa.Table, target: Path) -> None:
    """Write :func:`to_parquet`, whole or not at all."""
    with output_file(target) as partial:
        partial.write_bytes(to_parquet(table))
