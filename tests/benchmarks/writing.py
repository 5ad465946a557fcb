"""Benchmarks of what export writes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import subtr_actor
from tests.benchmarks.measuring import run_stage
from tests.export.replicas import replicate
from tests.exported import prepared_data
from tests.paths import REPLAYS

from impulse.config.export import Compression, ExportParams, FloatType
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import write_replay
from impulse.export.encoding.parquet import writer_settings
from impulse.export.encoding.types import as_exported, export_schema
from impulse.parsing.parsed_replay import parse_replay


def encodings(folder: Path, *, replays: int = 10) -> None:
    """Bytes a row of exported frames, by encoding, against what a user without impulse would write.

    The yardstick is one snappy Parquet file for each replay with the parser's own float32 array and the same features,
    as pyarrow writes it by default. Replays are real 3v3 matches at 10 rows a second; without them synthetic ones.
    """
    params = ParsingConfig.get_preset("standard").params()
    tables, yardstick, rows = [], 0, 0
    for path in islice(_matches(folder), replays):
        parsed = parse_replay(path, params)
        tables.append(parsed.frames)
        _, array = subtr_actor.get_ndarray_with_info_from_replay_filepath(
            path, list(params.global_features), list(params.player_features), fps=10.0, dtype="float32"
        )
        plain = pa.table({str(i): np.ascontiguousarray(array[:, i]) for i in range(array.shape[1])})
        pq.write_table(plain, folder / "plain.parquet", compression="snappy")
        yardstick += (folder / "plain.parquet").stat().st_size
        rows += len(array)
    bytes_a_row = f"{yardstick / rows:.1f} bytes a row ({array.shape[1]} columns)"
    print(f"{len(tables)} matches, {rows} rows; yardstick {bytes_a_row}")

    def report(what: str, settings: dict[str, Any], written: list[pa.Table] = tables) -> None:
        start = time.process_time()
        with pq.ParquetWriter(folder / "out.parquet", written[0].schema, **settings) as writer:
            for table in written:
                writer.write_table(table, row_group_size=table.num_rows)
        each = 1e6 * (time.process_time() - start) / rows
        size = (folder / "out.parquet").stat().st_size
        print(f"{what:44} {size / rows:6.1f} bytes a row, {size / yardstick:.3f} of it, {each:5.1f} us a row")

    schema, default = tables[0].schema, ExportParams()
    for level in (1, 3, 6, 9, 19):
        report(f"zstd {level}", writer_settings(schema, replace(default, compression_level=level)))
    for compression in (Compression.snappy, Compression.none):
        report(compression.value, writer_settings(schema, replace(default, compression=compression)))
    report("zstd 3, floats plain", {"compression": "zstd", "compression_level": 3, "use_dictionary": False})
    report("zstd 3, floats by dictionary", {"compression": "zstd", "compression_level": 3})
    for kind in (FloatType.float16, FloatType.float64):
        other = export_schema(schema, schema.names, replace(default, float_type=kind))
        cast = [as_exported(table, other, replay_id="") for table in tables]
        report(f"zstd 3, {kind}", writer_settings(other, default), cast)
    fixed, errors = zip(*map(_fixed_point, tables), strict=True)
    settings = writer_settings(fixed[0].schema, default)
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    settings["column_encoding"] |= dict.fromkeys(floats, "DELTA_BINARY_PACKED")
    settings["use_dictionary"] = [column for column in settings["use_dictionary"] if column not in floats]
    report(f"zstd 3, fixed point (error up to {max(errors):.4f})", settings, list(fixed))


def incremental(folder: Path, *, replays: int = 1000, added: int = 10, seconds: int = 300) -> None:
    """An export when 10 replays are added to 1,000: files that change, parts written, time and memory.

    The replays are a few synthetic matches of the given length, parsed once and repeated under other ids, each a match
    of its own: export reads, checks and writes them like any other.
    """
    source = prepared_data(folder / "source", matches=12, seed=3, seconds=seconds)
    few = replicate(source, folder / "few", replays)
    more = replicate(source, folder / "more", replays + added)
    for shards in (8, 64):
        runs = {f"{replays} replays, empty store": few, "the same again": few, f"{added} replays added": more}
        sums = []
        for number, (what, data) in enumerate(runs.items()):
            output = folder / f"{shards}-{number}"
            cost = run_stage("export", ExportParams(shards=shards), data, output=output, state=folder / f"s{shards}")
            print(f"shards {shards}, {what}: {cost}; {dict(cost.result.timing)} of {cost.result.figures['parts']}")
            sums.append({*(output / "export" / "checksums.sha256").read_text().splitlines()})
        changed = {line.split("  ")[1] for line in sums[0] ^ sums[2]}
        print(f"shards {shards}: {len(changed) + 1} files changed")  # the list of sums is one of them


def _matches(folder: Path) -> list[Path]:
    """Return 3v3 matches, real ones where there are any."""
    manifest = REPLAYS / "MANIFEST.json"
    if manifest.is_file():
        entries = json.loads(manifest.read_text())
        return [REPLAYS / entry["path"] for entry in entries if entry["category"] == "match" and entry["players"] == 6]
    print("no real replays: synthetic ones, whose figures say little")
    for seed in range(10):
        write_replay(folder / f"{seed}.replay", seed=seed, team_size=3, duration_seconds=300.0)
    return sorted(folder.glob("*.replay"))


def _fixed_point(table: pa.Table) -> tuple[pa.Table, float]:
    """Return floats as hundredths in int32 (quaternions as ten-thousandths), and the largest error."""
    columns, worst = [], 0.0
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_floating(field.type):
            scale = 10_000 if "_quat_" in field.name else 100
            values = column.cast(pa.float64())
            column = pc.round(pc.multiply(values, scale)).cast(pa.int32())
            error = pc.max(pc.abs(pc.subtract(pc.divide(column.cast(pa.float64()), scale), values))).as_py()
            worst = max(worst, error or 0.0)
        columns.append(column)
    return pa.table(columns, names=table.schema.names), worst
