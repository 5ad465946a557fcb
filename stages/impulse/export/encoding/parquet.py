"""How frames become Parquet: encodings and codec. Chosen by measurement (tests/benchmarks/writing.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from impulse.config.export import Compression, ExportParams
from impulse.export.encoding.source import ParsedFrames, read_parsed
from impulse.export.encoding.types import as_exported
from impulse.schema.beside import is_beside

ZSTD_LEVEL = 3
"""Level 1 takes 1 % more bytes; 6 saves 1 % for twice the time, 19 saves 4 % for twenty times the time."""

# Row groups are found by these; statistics of the other columns would only make the footer larger.
_STATISTICS = ("replay_id", "row", "time", "segment")

GROUP_ROWS = 2**11
"""Rows from which a row group is full: two thirds of a match of five minutes at 10 rows a second, so a whole match has its own. The
footer tells of each of 190 columns in each group, as many bytes as the values of a match of half a minute; ten matches of a
quarter of a minute take a fifth of the time together."""

_COUNTERS = ("row",)
"""Integers that grow from row to row; a dictionary of them would be as long as they are."""

_STALE = "_stale"
"""Ending of the names of floats with so few values that a dictionary takes a third of the bytes; columns on request are such, too."""


def writer_settings(schema: pa.Schema, params: ExportParams) -> dict[str, Any]:
    """Return the arguments of :class:`pyarrow.parquet.ParquetWriter` that decide about bytes."""
    encodings: dict[str, str] = {}
    dictionary = []
    for field in schema:
        if pa.types.is_float16(field.type):
            encodings[field.name] = "PLAIN"  # split by byte it takes 7 % less, but DuckDB does not read it
        elif field.name.endswith(_STALE) or is_beside(field.name):
            dictionary.append(field.name)
        elif pa.types.is_floating(field.type):
            # Splitting floats by byte only helps a codec that comes after it.
            encodings[field.name] = "PLAIN" if params.compression is Compression.none else "BYTE_STREAM_SPLIT"
        elif field.name in _COUNTERS:
            encodings[field.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_boolean(field.type):
            encodings[field.name] = "RLE"
        else:
            dictionary.append(field.name)
    settings: dict[str, Any] = {
        "compression": params.compression.value,
        "use_dictionary": dictionary,
        "column_encoding": encodings,
        "write_page_checksum": True,  # readers notice a changed bit; 0.01 % more bytes
        "write_statistics": [name for name in _STATISTICS if name in schema.names],
    }
    if params.compression is Compression.zstd:
        settings["compression_level"] = params.compression_level or ZSTD_LEVEL
    return settings


def stale_share(shard: Path) -> float:
    """Return the share of the bytes of a file of frames that its columns of staleness take."""
    metadata = pq.read_metadata(shard)
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    total: int = sum(chunk.total_compressed_size for chunk in chunks)
    stale: int = sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema.endswith(_STALE))
    return stale / total


def row_groups(replays: Sequence[ParsedFrames]) -> Iterator[list[ParsedFrames]]:
    """Yield the replays of each row group: whole ones, one or as many short ones as are needed for :data:`GROUP_ROWS`.

    Args:
        replays: sorted by id.
    """
    group: list[ParsedFrames] = []
    rows = 0
    for replay in replays:
        group.append(replay)
        rows += replay.rows
        if rows >= GROUP_ROWS:
            yield group
            group, rows = [], 0
    if group:
        yield group


def write_shard(
    target: Path, replays: Sequence[ParsedFrames], *, parsed: Path, schema: pa.Schema, settings: dict[str, Any]
) -> None:
    """Write the frames of some replays as one Parquet file; memory holds two of its row groups at a time.

    Args:
        target: the file.
        replays: sorted by id.
        parsed: folder of the parsed frames.
        schema: schema of the exported frames.
        settings: from :func:`writer_settings`.

    Raises:
        StageError: a file of frames is not the one that parse wrote, or a value does not fit into its type.
    """

    def read(group: Sequence[ParsedFrames]) -> pa.Table:
        tables = [
            as_exported(read_parsed(replay, parsed, schema.names), schema, replay_id=replay.replay_id)
            for replay in group
        ]
        # One dictionary of ids, as Parquet gives up on dictionaries that follow each other.
        return pa.concat_tables(tables).unify_dictionaries()

    # The next group is read while one is written: a dataset may be a single file of frames.
    with pq.ParquetWriter(target, schema, **settings) as writer, ThreadPoolExecutor(1) as ahead:
        groups = (ahead.submit(read, group) for group in row_groups(replays))
        coming = next(groups, None)
        while coming is not None:
            frames, coming = coming.result(), next(groups, None)
            writer.write_table(frames, row_group_size=max(frames.num_rows, 1))
