"""The export stage's work: from kept replays and columns to the dataset in data/export."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.params import ExportParams
from impulse.data_paths import FATES, FEATURES, KEPT_COLUMNS, REJECTS, frames_path
from impulse.errors import StageError
from impulse.export.assignment import SPLITS, shard_of, split_of
from impulse.export.card import dataset_card
from impulse.export.numpy_arrays import write_arrays
from impulse.export.shards import by_shard, export_schema, write_shard
from impulse.features import frame_layout
from impulse.frames_file import read_frames_schema
from impulse.output import output_folder, write_json, write_table
from impulse.schema import SCHEMA_VERSION, Column
from impulse.table_schema import (
    DEMOLITION_COLUMNS,
    EVENT_COLUMNS,
    EXPORT_COLUMNS,
    GOAL_COLUMNS,
    MEASURE_COLUMNS,
    PLAYER_COLUMNS,
    REPLAY_COLUMNS,
)
from impulse.tables import read_json, read_table, table_of

_NOT_EXPORTED = ("path",)
"""Columns of the replays table that make sense only inside the checkout."""

EXPORTED_REPLAY_COLUMNS = (
    *(column for column in REPLAY_COLUMNS if column.name not in _NOT_EXPORTED),
    *(column for column in MEASURE_COLUMNS if column.name in ("rows", "n_players", "share_held")),
    *EXPORT_COLUMNS,
)


_COPIED_TABLES: dict[str, Sequence[Column]] = {
    "players": PLAYER_COLUMNS,
    "goals": GOAL_COLUMNS,
    "demolitions": DEMOLITION_COLUMNS,
    "events": EVENT_COLUMNS,
}
"""Tables that are exported as parse made them, the last one only on request."""


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """Counts of a run of the export stage."""

    replays: int
    rows: int
    replays_by_split: dict[str, int]
    rows_by_split: dict[str, int]
    files: int
    bytes_out: int


def export_dataset(*, parsed: Path, deduped: Path, target: Path, params: ExportParams) -> ExportSummary:
    """Write the dataset into ``target``.

    Args:
        parsed: data/parsed.
        deduped: data/deduped.
        target: output folder, replaced when all is done.
        params: splits, shards, compression, types.

    Raises:
        StageError: an input is missing, or no replay is left to export.
    """
    columns = read_json(deduped / KEPT_COLUMNS, made_by="dedupe")["kept"]
    made_with = read_json(parsed / FEATURES, made_by="parse")
    replays = _kept_replays(parsed, deduped, params)
    if not replays:
        raise StageError(
            "no replay is left to export; data/deduped/rejects.parquet and data/validated/report.md say why"
        )
    schema = export_schema(read_frames_schema(parsed / frames_path(replays[0]["replay_id"])), columns, params)
    described = _described(made_with, columns)
    all_rejects = read_table(deduped / REJECTS, made_by="dedupe")
    with output_folder(target) as folder:
        for path, replay_ids in by_shard(replays).items():
            write_shard(folder / path, replay_ids, parsed=parsed, schema=schema, params=params)
        if params.numpy:
            for split in SPLITS:
                chosen = [row for row in replays if row["split"] == split]
                write_arrays(
                    folder / "numpy" / split, chosen, parsed=parsed, schema=schema, float_type=params.float_type
                )
        _write_tables(folder, replays, parsed)
        write_table(all_rejects, folder / REJECTS)
        write_json(folder / "schema.json", _schema_document(described, folder))
        card = dataset_card(replays, described, all_rejects, made_with=made_with)
        (folder / "README.md").write_text(card, encoding="utf-8")
        files, total = _write_checksums(folder)
    return ExportSummary(
        replays=len(replays),
        rows=sum(row["rows"] for row in replays),
        replays_by_split={split: sum(row["split"] == split for row in replays) for split in SPLITS},
        rows_by_split={split: sum(row["rows"] for row in replays if row["split"] == split) for split in SPLITS},
        files=files,
        bytes_out=total,
    )


def _kept_replays(parsed: Path, deduped: Path, params: ExportParams) -> list[dict[str, Any]]:
    """Return the rows of the exported replays table, sorted by replay id."""
    fates = {row["replay_id"]: row for row in read_table(deduped / FATES, made_by="dedupe").to_pylist() if row["kept"]}
    measures = {row["replay_id"]: row for row in read_table(parsed / "measures.parquet", made_by="parse").to_pylist()}
    rows = []
    for row in read_table(parsed / "replays.parquet", made_by="parse").to_pylist():
        fate = fates.get(row["replay_id"])
        if fate is not None:
            key = fate["match_key"]
            place = {"match_key": key, "split": split_of(key, params), "shard": shard_of(key, params)}
            rows.append({**row, **measures[row["replay_id"]], **place})
    return sorted(rows, key=lambda row: row["replay_id"])


def _described(made_with: Mapping[str, Any], kept: Sequence[str]) -> list[Column]:
    layout = frame_layout(
        tuple(made_with["global_features"]),
        tuple(made_with["player_features"]),
        slots_per_team=made_with["slots_per_team"],
    )
    return [column for column in layout.columns if column.name in set(kept)]


def _write_tables(folder: Path, replays: Sequence[Mapping[str, Any]], parsed: Path) -> None:
    write_table(table_of(replays, EXPORTED_REPLAY_COLUMNS), folder / "replays.parquet")
    ids = pa.array([row["replay_id"] for row in replays])
    for name in _COPIED_TABLES:
        if name == "events" and not (parsed / "events.parquet").is_file():
            continue
        table = read_table(parsed / f"{name}.parquet", made_by="parse")
        write_table(table.filter(pc.is_in(table["replay_id"], value_set=ids)), folder / f"{name}.parquet")


def _schema_document(frame_columns: Sequence[Column], folder: Path) -> dict[str, Any]:
    tables = {"frames": frame_columns, "replays": EXPORTED_REPLAY_COLUMNS, **_COPIED_TABLES}
    tables = {
        name: columns for name, columns in tables.items() if name == "frames" or (folder / f"{name}.parquet").is_file()
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "tables": {name: [_filled(column) for column in columns] for name, columns in tables.items()},
    }


def _filled(column: Column) -> dict[str, Any]:
    return {name: value for name, value in asdict(column).items() if value not in ("", None)}


def _write_checksums(folder: Path) -> tuple[int, int]:
    """Write the checksums of all files, in the form of ``sha256sum``, and return how many files and bytes there are."""
    lines, total = [], 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
        total += path.stat().st_size
    (folder / "checksums.sha256").write_text("".join(lines), encoding="utf-8")
    return len(lines), total
