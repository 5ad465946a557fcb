"""Frames on the way from parse to export: Arrow files, because they cost a third of Parquet to write and to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def write_frames(frames: pa.Table, target: Path) -> None:
    """Write the frames of one replay; the same frames give the same bytes."""
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, frames.schema, options=_OPTIONS) as writer:
        writer.write_table(frames.combine_chunks())


def read_frames(source: Path | bytes, columns: Sequence[str]) -> pa.Table:
    """Return some columns of a file that :func:`write_frames` wrote, or of its content, in the order asked for."""
    with pa.OSFile(str(source), "rb") if isinstance(source, Path) else pa.BufferReader(source) as file:
        present = pa.ipc.open_file(file).schema.names
        options = pa.ipc.IpcReadOptions(included_fields=[present.index(name) for name in columns])
        return pa.ipc.open_file(file, options=options).read_all().select(columns)
