"""Tables of one replay in the store: Arrow, compressed as a whole.

Parquet tells of every column more than a few rows hold: the statistics of a match, 500 columns of 8 rows, take 275 kB in it
and 17 kB so. Events take the same in both.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

_CODEC = "zstd"


def write_packed(table: pa.Table, target: Path) -> None:
    """Write a table without what its schema says beside names and types; the same table gives the same bytes."""
    bare = pa.schema([pa.field(field.name, field.type, field.nullable) for field in table.schema])
    with pa.CompressedOutputStream(str(target), _CODEC) as file, pa.ipc.new_stream(file, bare) as writer:
        writer.write_table(table.replace_schema_metadata(None).cast(bare).combine_chunks())


def read_packed(content: bytes) -> pa.Table:
    """Return the table of a file that :func:`write_packed` wrote."""
    with pa.CompressedInputStream(pa.BufferReader(content), _CODEC) as file:
        return pa.ipc.open_stream(file).read_all()
