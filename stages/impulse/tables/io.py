"""Tables of whole replays as Parquet files: built from rows by their schema, read back by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from impulse.errors import StageError, one_line
from impulse.files.output import output_file
from impulse.schema.column import SCHEMA_KEY, SCHEMA_VERSION, Column, arrow_schema

UNREADABLE = (OSError, ValueError, TypeError, KeyError, NotImplementedError, MemoryError)
"""What reading a damaged file raises; Arrow's errors are among them."""

_SHAPE = b"impulse_shape"
"""Entry of a table's metadata: a hash of what is in the footer, which has no checksum, and decides what is read."""


def table_of(rows: Iterable[Mapping[str, Any]], columns: Iterable[Column]) -> pa.Table:
    """Return rows as a table with exactly these columns; a value that a row lacks is null."""
    columns = tuple(columns)
    rows = list(rows)
    values = {column.name: [row.get(column.name) for row in rows] for column in columns}
    return pa.Table.from_pydict(values, schema=arrow_schema(columns))


def read_table(path: Path, *, made_by: str, of_any_schema: bool = False) -> pa.Table:
    """Read a table that another stage wrote.

    Args:
        path: the file.
        made_by: the stage that makes it, for the message.
        of_any_schema: whether the columns may be those of another version of impulse.

    Raises:
        StageError: the file is missing or damaged, or another version of impulse made it.
    """
    _check_made(path, made_by)
    try:
        table = read_checked(path)
        schema_version(table.schema)
    except UNREADABLE as error:
        raise _damaged(path, error) from error
    if not of_any_schema:
        _check_version(table.schema, path, made_by)
    return table


def read_parts(path: Path, *, made_by: str) -> Iterator[pa.Table]:
    """Yield the groups of rows of a table that another stage wrote; arguments and errors as for :func:`read_table`."""
    _check_made(path, made_by)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            _check_shape(file)
            _check_version(file.schema_arrow, path, made_by)
            for number in range(file.num_row_groups):
                yield file.read_row_group(number)
    except UNREADABLE as error:
        raise _damaged(path, error) from error


def schema_version(schema: pa.Schema) -> int:
    """Return the version of the schema that a table was written with; that of now for one that does not say."""
    return int((schema.metadata or {}).get(SCHEMA_KEY, SCHEMA_VERSION))


def _check_version(schema: pa.Schema, path: Path, made_by: str) -> None:
    version = schema_version(schema)
    if version != SCHEMA_VERSION:
        raise StageError(
            f"{path} has the columns of schema {version}, this impulse has those of {SCHEMA_VERSION}; run `dvc repro {made_by}` first"
        )


def read_checked(file: Path | BinaryIO) -> pa.Table:
    """Read a table that :func:`to_parquet` wrote, without what it says about itself.

    Raises:
        ValueError: it has other rows, columns or types than were written; also one of :data:`UNREADABLE`, for other damage.
    """
    with pq.ParquetFile(file, page_checksum_verification=True) as content:
        _check_shape(content)
        table: pa.Table = content.read()
    metadata = {key: value for key, value in (table.schema.metadata or {}).items() if key != _SHAPE}
    return table.replace_schema_metadata(metadata or None)


def _check_shape(content: pq.ParquetFile) -> None:
    told = (content.metadata.metadata or {}).get(_SHAPE)
    if told is not None and told != _shape(content.schema_arrow, content.metadata.num_rows):
        raise ValueError("other rows, columns or types than were written")


def _shape(schema: pa.Schema, rows: int) -> bytes:
    """Return a hash of the number of rows, the columns and their types; Parquet has times in a resolution of its own."""
    columns = [
        (field.name, "timestamp" if pa.types.is_timestamp(field.type) else str(field.type), field.nullable)
        for field in schema
    ]
    others = sorted((schema.metadata or {}).items())
    content = repr((rows, columns, [item for item in others if item[0] != _SHAPE]))
    return hashlib.sha256(content.encode()).hexdigest().encode()


def read_json(path: Path, *, made_by: str) -> dict[str, Any]:
    """Read a small JSON file that another stage wrote; errors as for :func:`read_table`."""
    _check_made(path, made_by)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error
    return content


def _damaged(path: Path, error: Exception) -> StageError:
    return StageError(f"{path} is damaged; `impulse verify --heal` mends it ({one_line(error)})")


def _check_made(path: Path, made_by: str) -> None:
    if not path.is_file():
        raise StageError(f"{path} is missing; run `dvc repro {made_by}` first (or `dvc pull {path}`)")


def to_parquet(table: pa.Table) -> bytes:
    """Return a table of whole replays, players, goals, ... as a Parquet file in which every change is noticed."""
    sink = pa.BufferOutputStream()
    table = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _SHAPE: _shape(table.schema, table.num_rows)}
    )
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def write_table(table: pa.Table, target: Path) -> None:
    """Write :func:`to_parquet`, whole or not at all."""
    with output_file(target) as partial:
        partial.write_bytes(to_parquet(table))


GROUP_ROWS = 2**17
"""Rows of a group of a file that is written in parts; the parts of a group are in memory together."""


def write_parts(parts: Iterable[pa.Table], schema: pa.Schema, target: Path) -> int:
    """Write tables one after the other as one file like :func:`write_table`, and return the number of rows.

    Args:
        parts: with the columns of the schema; few are in memory at a time.
        schema: of the file.
        target: the file.
    """
    rows = 0
    with (
        output_file(target) as partial,
        pq.ParquetWriter(partial, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        waiting: list[pa.Table] = []

        def write_group() -> None:
            table = pa.concat_tables(waiting).cast(schema)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            waiting.clear()

        for part in parts:
            waiting.append(part)
            rows += part.num_rows
            if sum(table.num_rows for table in waiting) >= GROUP_ROWS:
                write_group()
        if waiting:
            write_group()
        writer.add_key_value_metadata({_SHAPE: _shape(schema, rows)})
    return rows
