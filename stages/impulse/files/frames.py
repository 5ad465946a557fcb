"""Frames on the way from parse to export: Arrow files, because they cost a third of Parquet to write and to read.

Columns stand there by name and type alone. What they mean, their units and bounds would be 100 kB more in every file, as much as
the values of a match of half a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def write_frames(frames: pa.Table, target: Path) -> None:
    """Write the frames of one replay; the same frames give the same bytes."""
    bare = pa.schema([pa.field(field.name, field.type, field.nullable) for field in frames.schema])
    frames = pa.Table.from_arrays(frames.combine_chunks().columns, schema=bare)
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, bare, options=_OPTIONS) as writer:
        writer.write_table(frames)


def read_frames(source: Path | bytes, columns: Sequence[str]) -> pa.Table:
    """Return some columns of a file that :func:`write_frames` wrote, or of its content, in the order asked for.

    Threads of Arrow would take three times the processor time for so many small columns; callers have replays to share out.
    """
    with pa.OSFile(str(source), "rb") if isinstance(source, Path) else pa.BufferReader(source) as file:
        content = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(use_threads=False))
        if content.schema.names != list(columns):
            position = {name: number for number, name in enumerate(content.schema.names)}
            chosen = pa.ipc.IpcReadOptions(included_fields=[position[name] for name in columns], use_threads=False)
            content = pa.ipc.open_file(file, options=chosen)
        return content.read_all().select(columns)
