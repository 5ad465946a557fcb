"""Many replays from few: parsed replays under other ids, each a match of its own."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

from impulse.files.frames import write_frames
from impulse.tables.io import write_table
from impulse.tables.paths import DECISIONS, FEATURES, FRAMES_FILES, KEPT_COLUMNS, REJECTS, frames_path
from impulse.tables.rejects import FOLDER_OF_STAGE

TABLES = ("replays", "measures", "players", "stints", "goals", "demolitions")


def replicate(source: Path, target: Path, count: int) -> Path:
    """Write data/parsed and data/deduped with ``count`` matches; the first ones are the same for every count.

    Values are those of the source's kept replays, one after the other; ids and match keys are new.
    """
    decisions = [row for row in pq.read_table(source / "deduped" / DECISIONS).to_pylist() if row["kept"]]
    rows = {name: pq.read_table(source / "parsed" / f"{name}.parquet") for name in TABLES}
    by_id: dict[str, dict[str, list[dict[str, Any]]]] = {row["replay_id"]: {} for row in decisions}
    for name, table in rows.items():
        for row in table.to_pylist():
            if row["replay_id"] in by_id:
                by_id[row["replay_id"]].setdefault(name, []).append(row)
    originals = [_frames(source / "parsed" / frames_path(row["replay_id"])) for row in decisions]
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in (*TABLES, "frames", "decisions")}
    for number in range(count):
        decision, frames = decisions[number % len(decisions)], originals[number % len(decisions)]
        replay_id = hashlib.md5(f"replica {number}".encode()).hexdigest()
        for name, found in by_id[decision["replay_id"]].items():
            made[name] += [{**row, "replay_id": replay_id} for row in found]
        made["decisions"].append(
            {**decision, "replay_id": replay_id, "kept_replay_id": replay_id, "match_key": f"match {number}"}
        )
        path = target / "parsed" / frames_path(replay_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_frames(_renamed(frames, replay_id), path)
        content = path.read_bytes()
        made["frames"].append(
            {"replay_id": replay_id, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        )
    for name in TABLES:
        write_table(pa.Table.from_pylist(made[name], rows[name].schema), target / "parsed" / f"{name}.parquet")
    schema = pq.read_schema(source / "parsed" / FRAMES_FILES)
    write_table(pa.Table.from_pylist(made["frames"], schema), target / "parsed" / FRAMES_FILES)
    shutil.copy(source / "parsed" / FEATURES, target / "parsed" / FEATURES)
    (target / "deduped").mkdir(exist_ok=True)
    schema = pq.read_schema(source / "deduped" / DECISIONS)
    write_table(pa.Table.from_pylist(made["decisions"], schema), target / "deduped" / DECISIONS)
    shutil.copy(source / "deduped" / KEPT_COLUMNS, target / "deduped" / KEPT_COLUMNS)
    for folder in FOLDER_OF_STAGE.values():
        (target / folder).mkdir(exist_ok=True)
        shutil.copy(source / folder / REJECTS, target / folder / REJECTS)
    return target


def _frames(path: Path) -> pa.Table:
    table: pa.Table = feather.read_table(path)
    return table


def _renamed(frames: pa.Table, replay_id: str) -> pa.Table:
    position = frames.schema.get_field_index("replay_id")
    codes = frames["replay_id"].combine_chunks().indices
    column = pa.DictionaryArray.from_arrays(codes, pa.array([replay_id]))
    return frames.set_column(position, frames.schema.field("replay_id"), column)
