"""The export stage's work: from kept replays and columns to the dataset in data/export."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.export import ExportParams
from impulse.errors import StageError
from impulse.export.assignment import shard_numbers, split_of
from impulse.export.card import ABOUT, RIGHTS, TITLE, dataset_card
from impulse.export.columns import COPIED_TABLES, EXPORTED_REPLAY_COLUMNS, described, parsed_columns, schema_document
from impulse.export.croissant import CROISSANT, croissant_document
from impulse.export.encoding.parquet import stale_share
from impulse.export.encoding.types import export_schema
from impulse.export.file_list import listed_part, listed_table
from impulse.export.histograms import stored_counts, total
from impulse.export.parts import ExportPlan, plan_parts
from impulse.export.plots import OVERVIEW, draw_overview
from impulse.export.quality import KindCounts
from impulse.export.splitting import split_keys
from impulse.export.views import ANALYSIS, analysis_sql
from impulse.export.writing import on_threads, stored_parts
from impulse.files.output import output_folder, write_json, write_text
from impulse.files.store import Store
from impulse.run.job import Counts, Job
from impulse.schema.beside import BESIDE, names_beside
from impulse.schema.column import Column, arrow_schema
from impulse.tables.io import read_json, read_parts, read_table, table_of, write_parts, write_table
from impulse.tables.on_request import TABLES_ON_REQUEST
from impulse.tables.paths import (
    CHECKSUMS,
    DECISIONS,
    FEATURES,
    FRAMES_FILES,
    KEPT_COLUMNS,
    REJECTS,
    SPLITS,
    beside_files,
)
from impulse.tables.rejects import REJECT_COLUMNS, read_rejects

log = logging.getLogger(__name__)

_PLAYER_IDENTITY = ["replay_id", "platform", "player_id", "is_bot"]
"""Columns of the players table that splits need; of a large corpus all would be gigabytes."""


def run(job: Job[ExportParams]) -> Counts:
    """Write the dataset: shards, tables, schema, card and checksums.

    Only parts whose frames, settings or code changed are written; all others are links into the store.

    Raises:
        StageError: an input is missing or not what parse wrote, or no replay is left to export.
    """
    parsed, deduped, params = job.data / "parsed", job.data / "deduped", job.settings
    store = Store(job.state / "export")
    kept_columns = read_json(deduped / KEPT_COLUMNS, made_by="dedupe")["kept"]
    made_with = read_json(parsed / FEATURES, made_by="parse")
    rows = _kept_replays(parsed, deduped, params)
    if not rows:
        raise StageError(
            "no replay is left to export; data/validated/report.html and data/deduped/rejects.parquet say why"
        )
    known = parsed_columns(made_with)
    kept_columns += names_beside(column.name for column in known)  # no choice of features decides about these
    schema = export_schema(arrow_schema(known), kept_columns, params)
    _put_into_shards(rows, len(schema), params)
    columns = described(known, schema)
    parts = plan_parts(rows, params)
    rejects = read_rejects(job.data)
    with output_folder(job.output / "export") as folder:
        entries, written = stored_parts(parts, ExportPlan(parsed.absolute(), schema, params), store, job.engine)
        listed: dict[str, dict[str, Any]] = {}
        for part, entry in zip(parts, entries, strict=True):
            for name, place in part.paths.items():
                store.link(entry, name, folder / place)
                listed[place] = listed_part(part, name, entry.files[name])
        _write_tables(folder, rows, parsed, rejects)
        listed |= {path.name: listed_table(path) for path in sorted(folder.glob("*.parquet"))}
        shards = sorted(place for place in listed if place.startswith("frames/"))
        counted = on_threads(
            lambda place: stored_counts(folder / place, listed[place]["sha256"], store), shards, job.engine
        )
        counts = total(counted)
        draw_overview(rows, counts, folder / OVERVIEW)
        _write_documents(folder, rows, columns, schema, made_with, listed, params, counts["quality"])
        files, size = _write_checksums(folder, {place: facts["sha256"] for place, facts in listed.items()})
    by_split = {split: sum(row["split"] == split for row in rows) for split in SPLITS}
    for split in SPLITS:
        if not by_split[split] and getattr(params, split):
            log.warning(
                "the split %s is empty: a share of %g of %d matches gave it none; another export.split_salt draws again",
                split,
                getattr(params, split),
                len(rows),
            )
    removed = store.sweep({entry.key for entry in (*entries, *counted)})
    log.info("%d of %d parts written, %d old ones removed from the store", written, len(parts), removed)
    return Counts(
        replays_in=len(rows),
        replays_out=len(rows),
        figures={
            "dataset": {  # what experiments are compared by; the names are above the columns of `dvc exp show`
                "replays": len(rows),
                "yield": round(len(rows) / (len(rows) + rejects.num_rows), 4),
                "rows": sum(row["rows"] for row in rows),
                "columns": len(columns),
                "bytes": size,
            },
            "replays_by_split": by_split,
            "rows_by_split": {split: sum(row["rows"] for row in rows if row["split"] == split) for split in SPLITS},
            "files": files,
            "parts": len(parts),
        },
        timing={"parts_written_now": written},
        packages=("pyarrow", "numpy"),
    )


def _kept_replays(parsed: Path, deduped: Path, params: ExportParams) -> list[dict[str, Any]]:
    """Return the rows of the exported replays table, sorted by replay id, with the hash of their frames."""
    decisions = {row["replay_id"]: row for row in read_table(deduped / DECISIONS, made_by="dedupe").to_pylist()}
    measures = {row["replay_id"]: row for row in read_table(parsed / "measures.parquet", made_by="parse").to_pylist()}
    files = {row["replay_id"]: row for row in read_table(parsed / FRAMES_FILES, made_by="parse").to_pylist()}
    beside = {made.setting: _hashes(parsed / beside_files(made.setting)) for made in BESIDE}
    recordings = [
        {**row, **decisions[row["replay_id"]]}
        for row in read_table(parsed / "replays.parquet", made_by="parse").to_pylist()
        if row["replay_id"] in decisions
    ]
    players = read_table(parsed / "players.parquet", made_by="parse").select(_PLAYER_IDENTITY).to_pylist()
    keys = split_keys(recordings, players, params)
    rows = []
    for recording in recordings:
        if not recording["kept"]:
            continue
        match, replay_id = recording["match_key"], recording["replay_id"]
        split = split_of(keys[match], params)
        place = {"split_key": keys[match], "split": split}
        added = {setting: known[replay_id] for setting, known in beside.items() if replay_id in known}
        hashed = {"frames_sha256": files[replay_id]["sha256"], "beside_sha256": added}
        rows.append({**recording, **measures[replay_id], **place, **hashed})
    return sorted(rows, key=lambda row: row["replay_id"])


def _put_into_shards(rows: Sequence[dict[str, Any]], columns: int, params: ExportParams) -> None:
    """Add the number of its shard to each row of the replays table."""
    for split in SPLITS:
        members = [row for row in rows if row["split"] == split]
        values: Counter[str] = Counter()
        for row in members:
            values[row["match_key"]] += row["rows"] * columns
        numbers = shard_numbers(list(values.items()), split, params)
        for row in members:
            row["shard"] = numbers[row["match_key"]]


def _hashes(path: Path) -> dict[str, str]:
    """Return the hash of each replay's file, by its id, from a list of files; empty where there is no such list."""
    if not path.is_file():
        return {}
    listed = read_table(path, made_by="parse")
    return dict(zip(*(listed[name].to_pylist() for name in ("replay_id", "sha256")), strict=True))


def _write_tables(folder: Path, replays: Sequence[Mapping[str, Any]], parsed: Path, rejects: pa.Table) -> None:
    write_table(table_of(replays, EXPORTED_REPLAY_COLUMNS), folder / "replays.parquet")
    write_table(rejects, folder / REJECTS)
    ids = pa.array([row["replay_id"] for row in replays])
    for name in COPIED_TABLES:
        table = read_table(parsed / f"{name}.parquet", made_by="parse")
        table = table.filter(pc.is_in(table["replay_id"], value_set=ids))
        # By replay, and inside a replay as parse wrote them: the order of the inputs must not show.
        table = table.append_column("place", pa.array(range(table.num_rows), pa.int64()))
        table = table.sort_by([("replay_id", "ascending"), ("place", "ascending")]).drop_columns("place")
        write_table(table, folder / f"{name}.parquet")
    for name, columns in TABLES_ON_REQUEST.items():
        path = parsed / f"{name}.parquet"
        if path.is_file():  # in the order of replays; large, so not all of it is in memory
            parts = (
                part.filter(pc.is_in(part["replay_id"], value_set=ids)) for part in read_parts(path, made_by="parse")
            )
            write_parts(parts, arrow_schema(columns), folder / path.name)


def _write_documents(
    folder: Path,
    replays: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    schema: pa.Schema,
    made_with: Mapping[str, Any],
    listed: Mapping[str, Mapping[str, Any]],
    params: ExportParams,
    quality: KindCounts,
) -> None:
    """Write what describes the files that are there: schema, card, Croissant, views."""
    others = {"replays": EXPORTED_REPLAY_COLUMNS, **COPIED_TABLES, **TABLES_ON_REQUEST, "rejects": REJECT_COLUMNS}
    others = {name: of_table for name, of_table in others.items() if f"{name}.parquet" in listed}
    tables = {"frames": columns, **others}

    def rows_of(name: str, *wanted: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = read_table(folder / f"{name}.parquet", made_by="export").select(wanted).to_pylist()
        return rows

    card = dataset_card(
        replays=replays,
        players=rows_of("players", "platform", "player_id", "is_bot"),
        goals=listed["goals.parquet"]["rows"],
        rejects=rows_of("rejects", "stage", "reason"),
        columns=columns,
        tables={name: listed[f"{name}.parquet"]["rows"] for name in others},
        made_with=made_with,
        params=params,
        quality=quality,
        stale_share=stale_share(folder / next(place for place in sorted(listed) if place.startswith("frames/"))),
    )
    write_json(folder / "schema.json", schema_document(tables, schema, listed))
    write_text(folder / "README.md", card)
    write_json(folder / CROISSANT, croissant_document(tables, title=TITLE, description=ABOUT, rights=RIGHTS))
    write_text(folder / ANALYSIS, analysis_sql(columns, folder))


def _write_checksums(folder: Path, known: Mapping[str, str]) -> tuple[int, int]:
    """Write the hashes of all files, in the form of ``sha256sum``, and return how many files and bytes there are."""
    lines, total = [], 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = path.relative_to(folder).as_posix()
        digest = known.get(place) or hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{digest}  {place}\n")
        total += path.stat().st_size
    write_text(folder / CHECKSUMS, "".join(lines))
    return len(lines), total
