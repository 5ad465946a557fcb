"""Bytes a row of exported frames, by encoding, against what a user without impulse would write.

    python tests/benchmarks/export_size.py

The yardstick is one snappy Parquet file for each replay with the parser's own float32 array and the same features, as
pyarrow writes it by default. Replays are the real 3v3 matches at 10 rows a second; without them synthetic ones.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "stages"))

REPLAYS = Path(os.environ.get("IMPULSE_REPLAYS") or ROOT.parent / "shared" / "replays")


def sources(folder: Path) -> list[Path]:
    """Return 3v3 matches, real ones where there are any."""
    manifest = REPLAYS / "MANIFEST.json"
    if manifest.is_file():
        entries = json.loads(manifest.read_text())
        return [REPLAYS / entry["path"] for entry in entries if entry["category"] == "match" and entry["players"] == 6]
    from impulse.demo import write_replay

    print("no real replays: synthetic ones, whose figures say little")
    for seed in range(10):
        write_replay(folder / f"{seed}.replay", seed=seed, team_size=3, duration_seconds=300.0)
    return sorted(folder.glob("*.replay"))


def fixed_point(table: pa.Table) -> tuple[pa.Table, float]:
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


def main() -> None:
    """Print one line for each way to write the same frames."""
    import subtr_actor

    from impulse.config.export import (
        Compression,
        ExportParams,
        FloatType,
    )
    from impulse.config.parsing_config import ParsingConfig
    from impulse.export.encoding import as_exported, export_schema, writer_settings
    from impulse.export.frames_source import SlotHolder
    from impulse.export.long_layout import long_schema, to_long
    from impulse.parsing.parsed_replay import parse_replay

    params = ParsingConfig.get_preset("standard").params()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables, holders, yardstick, rows = [], [], 0, 0
        for path in sources(folder):
            parsed = parse_replay(path, params)
            tables.append(parsed.frames)
            holders.append(
                [
                    SlotHolder(p["slot"], p["team"], p["player_id"], p["first_row"] or 0)
                    for p in parsed.records()["players"]
                ]
            )
            _, array = subtr_actor.get_ndarray_with_info_from_replay_filepath(
                path, list(params.global_features), list(params.player_features), fps=10.0, dtype="float32"
            )
            plain = pa.table({str(i): np.ascontiguousarray(array[:, i]) for i in range(array.shape[1])})
            pq.write_table(plain, folder / "plain.parquet", compression="snappy")
            yardstick += (folder / "plain.parquet").stat().st_size
            rows += len(array)
        print(
            f"{len(tables)} matches, {rows} rows; yardstick {yardstick / rows:.1f} bytes a row ({array.shape[1]} columns)"
        )

        def report(what: str, written: list[pa.Table], settings: dict[str, object]) -> None:
            start = time.process_time()
            with pq.ParquetWriter(folder / "out.parquet", written[0].schema, **settings) as writer:
                for table in written:
                    writer.write_table(table, row_group_size=table.num_rows)
            seconds = time.process_time() - start
            size = (folder / "out.parquet").stat().st_size
            print(
                f"{what:44} {size / rows:6.1f} bytes a row, {size / yardstick:.3f} of it, {1e6 * seconds / rows:5.1f} us a row"
            )

        schema = tables[0].schema
        default = ExportParams()
        for level in (1, 3, 6, 9, 19):
            report(f"zstd {level}", tables, writer_settings(schema, replace(default, compression_level=level)))
        for compression in (Compression.snappy, Compression.none):
            report(compression.value, tables, writer_settings(schema, replace(default, compression=compression)))
        report("zstd 3, floats plain", tables, {"compression": "zstd", "compression_level": 3, "use_dictionary": False})
        report("zstd 3, floats by dictionary", tables, {"compression": "zstd", "compression_level": 3})
        for kind in (FloatType.float16, FloatType.float64):
            other = export_schema(schema, schema.names, replace(default, float_type=kind))
            cast = [as_exported(table, other, replay_id="") for table in tables]
            report(f"zstd 3, {kind}", cast, writer_settings(other, default))
        long = long_schema(schema)
        players = [to_long(table, held, long) for table, held in zip(tables, holders, strict=True)]
        report("zstd 3, frames_long (bytes a sample)", players, writer_settings(long, default))
        fixed, worst = zip(*(fixed_point(table) for table in tables), strict=True)
        settings = writer_settings(fixed[0].schema, default)
        whole = {
            field.name: "DELTA_BINARY_PACKED"
            for field, original in zip(fixed[0].schema, schema, strict=True)
            if pa.types.is_floating(original.type)
        }
        settings["column_encoding"] |= whole
        settings["use_dictionary"] = [column for column in settings["use_dictionary"] if column not in whole]
        report(f"zstd 3, fixed point (error up to {max(worst):.4f})", list(fixed), settings)


if __name__ == "__main__":
    main()
