"""The export stage's work: from kept replays and columns to the dataset in data/export."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from impulse.config.engine import EngineParams
from impulse.config.export import ExportParams
from impulse.errors import StageError
from impulse.export.assignment import shard_of, split_of
from impulse.export.card import ABOUT, CARD_COLUMNS, RIGHTS, TITLE, CardFacts, dataset_card
from impulse.export.columns import (
    COPIED_TABLES,
    EXPORTED_REPLAY_COLUMNS,
    described,
    long_columns,
    parsed_layout,
    schema_document,
)
from impulse.export.croissant import CROISSANT, croissant_document
from impulse.export.encoding import export_schema
from impulse.export.engines import write_pieces
from impulse.export.frames_source import Replay, SlotHolder
from impulse.export.pieces import Piece, Recipe, plan_pieces
from impulse.export.plots import OVERVIEW, draw_overview
from impulse.export.splitting import split_keys
from impulse.export.store import Entry, ExportStore
from impulse.export.summary import Summary
from impulse.export.views import ANALYSIS, analysis_sql
from impulse.files.output import output_folder, write_json
from impulse.run.job import Counts, Job
from impulse.schema.column import Column
from impulse.tables.io import (
    read_json,
    read_table,
    table_of,
    write_table,
)
from impulse.tables.paths import (
    DECISIONS,
    FEATURES,
    FRAMES_FILES,
    KEPT_COLUMNS,
    REJECTS,
    SPLITS,
)
from impulse.tables.rejects import REJECT_COLUMNS, read_rejects

log = logging.getLogger(__name__)

CHECKSUMS = "checksums.sha256"

_PLAYER_IDENTITY = ["replay_id", "slot", "team", "platform", "player_id", "is_bot", "first_row"]
"""Columns of the players table that splits and the long layout need; of a large corpus all would be gigabytes."""


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """Counts of a run of the export stage."""

    replays: int
    replays_in: int
    """With all rejects since fetch: the files that the source had."""
    rows: int
    columns: int
    """Columns of frames."""
    replays_by_split: dict[str, int]
    rows_by_split: dict[str, int]
    files: int
    bytes_out: int
    pieces: int
    """Files of frames, or folders of arrays."""
    pieces_written: int
    """How many of them no earlier run had left in the store."""


def export_dataset(
    *,
    parsed: Path,
    deduped: Path,
    target: Path,
    params: ExportParams,
    engine: EngineParams,
    store: ExportStore,
) -> ExportSummary:
    """Write the dataset into ``target``.

    Args:
        parsed: data/parsed.
        deduped: data/deduped.
        target: output folder, replaced when all is done.
        params: splits, shards, compression, types.
        engine: workers; they change no byte.
        store: finished parts of earlier runs.

    Raises:
        StageError: an input is missing or not what parse wrote, or no replay is left to export.
    """
    kept_columns = read_json(deduped / KEPT_COLUMNS, made_by="dedupe")["kept"]
    made_with = read_json(parsed / FEATURES, made_by="parse")
    players = read_table(parsed / "players.parquet", made_by="parse").select(_PLAYER_IDENTITY).to_pylist()
    rows = _kept_replays(parsed, deduped, players, params)
    if not rows:
        raise StageError(
            "no replay is left to export; data/validated/report.html and data/deduped/rejects.parquet say why"
        )
    schema = export_schema(parsed_layout(made_with).schema, kept_columns, params)
    recipe = Recipe(parsed.absolute(), schema, params)
    pieces = plan_pieces(rows, _replays(rows, players), params)
    all_rejects = read_rejects(parsed.parent)
    with output_folder(target) as folder:
        entries, written = _entries(pieces, recipe, store, engine)
        hashes: dict[str, str] = {}
        summary = Summary()
        for piece, entry in zip(pieces, entries, strict=True):
            for name, place in piece.places.items():
                store.place(entry, name, folder / place)
                hashes[place] = entry.files[name].sha256
            if entry.facts:
                summary.add_facts(entry.facts)
        columns = described(parsed_layout(made_with), schema)
        _write_tables(folder, rows, parsed, all_rejects)
        draw_overview(rows, summary, folder / OVERVIEW)
        _write_documents(folder, rows, columns, schema, made_with, params)
        files, total = _write_checksums(folder, hashes)
    removed = store.drop_unused({entry.folder.name for entry in entries})
    log.info("%d of %d parts written, %d old ones removed from the store", written, len(pieces), removed)
    return ExportSummary(
        replays=len(rows),
        replays_in=len(rows) + all_rejects.num_rows,
        columns=len(columns),
        rows=sum(row["rows"] for row in rows),
        replays_by_split={split: sum(row["split"] == split for row in rows) for split in SPLITS},
        rows_by_split={split: sum(row["rows"] for row in rows if row["split"] == split) for split in SPLITS},
        files=files,
        bytes_out=total,
        pieces=len(pieces),
        pieces_written=written,
    )


def _kept_replays(
    parsed: Path, deduped: Path, players: Sequence[Mapping[str, Any]], params: ExportParams
) -> list[dict[str, Any]]:
    """Return the rows of the exported replays table, sorted by replay id, with the hash of their frames."""
    decisions = {row["replay_id"]: row for row in read_table(deduped / DECISIONS, made_by="dedupe").to_pylist()}
    measures = {row["replay_id"]: row for row in read_table(parsed / "measures.parquet", made_by="parse").to_pylist()}
    files = {row["replay_id"]: row for row in read_table(parsed / FRAMES_FILES, made_by="parse").to_pylist()}
    recordings = [
        {**row, **decisions[row["replay_id"]]}
        for row in read_table(parsed / "replays.parquet", made_by="parse").to_pylist()
        if row["replay_id"] in decisions
    ]
    keys = split_keys(recordings, players, params)
    rows = []
    for recording in recordings:
        if not recording["kept"]:
            continue
        match, replay_id = recording["match_key"], recording["replay_id"]
        split = split_of(keys[match], params)
        place = {"split_key": keys[match], "split": split, "shard": shard_of(match, split, params)}
        hashed = {"frames_sha256": files[replay_id]["sha256"]}
        rows.append({**recording, **measures[replay_id], **place, **hashed})
    return sorted(rows, key=lambda row: row["replay_id"])


def _replays(rows: Sequence[Mapping[str, Any]], players: Sequence[Mapping[str, Any]]) -> dict[str, Replay]:
    holders: dict[str, list[SlotHolder]] = defaultdict(list)
    for row in players:
        if row["first_row"] is not None:
            holders[row["replay_id"]].append(SlotHolder(row["slot"], row["team"], row["player_id"], row["first_row"]))
    return {
        row["replay_id"]: Replay(
            row["replay_id"],
            row["rows"],
            row["frames_sha256"],
            tuple(sorted(holders[row["replay_id"]], key=lambda holder: (holder.slot, holder.first_row))),
        )
        for row in rows
    }


def _entries(
    pieces: Sequence[Piece], recipe: Recipe, store: ExportStore, engine: EngineParams
) -> tuple[list[Entry], int]:
    """Return the entry of every piece, and how many had to be written."""
    keys = [piece.key(recipe) for piece in pieces]
    found = {key: store.find(key) for key in keys}
    missing = {key: piece for key, piece in zip(keys, pieces, strict=True) if found[key] is None}
    write_pieces(missing, recipe, store, engine)
    found.update({key: store.find(key) for key in missing})
    entries = [entry for key in keys if (entry := found[key]) is not None]
    if len(entries) < len(keys):
        raise StageError(f"parts of the dataset vanished from {store.folder} while they were written; run export again")
    return entries, len(missing)


def _write_tables(folder: Path, replays: Sequence[Mapping[str, Any]], parsed: Path, all_rejects: pa.Table) -> None:
    write_table(table_of(replays, EXPORTED_REPLAY_COLUMNS), folder / "replays.parquet")
    write_table(all_rejects, folder / REJECTS)
    ids = pa.array([row["replay_id"] for row in replays])
    for name in COPIED_TABLES:
        if name == "events" and not (parsed / "events.parquet").is_file():
            continue
        table = read_table(parsed / f"{name}.parquet", made_by="parse")
        table = table.filter(pc.is_in(table["replay_id"], value_set=ids))
        # By replay, and inside a replay as parse wrote them: the order of the inputs must not show.
        order = pc.sort_indices(
            pa.table({"replay_id": table["replay_id"], "position": pa.array(range(table.num_rows), pa.int64())}),
            sort_keys=[("replay_id", "ascending"), ("position", "ascending")],
        )
        write_table(table.take(order), folder / f"{name}.parquet")


def _write_documents(
    folder: Path,
    replays: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    schema: pa.Schema,
    made_with: Mapping[str, Any],
    params: ExportParams,
) -> None:
    """Write what describes the files that are there: schema, card, Croissant, views."""
    possible = {
        "frames": columns,
        "frames_long": long_columns(columns, schema),
        "replays": EXPORTED_REPLAY_COLUMNS,
        **COPIED_TABLES,
        "rejects": REJECT_COLUMNS,
    }
    tables = {
        name: of_table
        for name, of_table in possible.items()
        if (folder / name).is_dir() or (folder / f"{name}.parquet").is_file()
    }
    write_json(folder / "schema.json", schema_document(tables, schema))
    rows = {
        name: pq.read_table(folder / f"{name}.parquet", columns=list(names)).to_pylist()
        for name, names in CARD_COLUMNS.items()
    }
    facts = CardFacts(
        replays=replays,
        columns=columns,
        tables=[name for name in tables if not name.startswith("frames")],
        made_with=made_with,
        params=params,
        **rows,
    )
    (folder / "README.md").write_text(dataset_card(facts), encoding="utf-8")
    write_json(folder / CROISSANT, croissant_document(tables, title=TITLE, description=ABOUT, rights=RIGHTS))
    (folder / ANALYSIS).write_text(analysis_sql(columns, folder), encoding="utf-8")


def _write_checksums(folder: Path, known: Mapping[str, str]) -> tuple[int, int]:
    """Write the hashes of all files, in the form of ``sha256sum``, and return how many files and bytes there are."""
    lines, total = [], 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = path.relative_to(folder).as_posix()
        digest = known.get(place) or hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{digest}  {place}\n")
        total += path.stat().st_size
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    return len(lines), total


def run(job: Job[ExportParams]) -> Counts:
    """Write shards, tables, schema, card and checksums."""
    summary = export_dataset(
        parsed=job.data / "parsed",
        deduped=job.data / "deduped",
        target=job.output / "export",
        params=job.settings,
        engine=job.engine,
        store=ExportStore(job.state / "export"),
    )
    return Counts(
        summary.replays,
        summary.replays,
        {},
        figures={
            "dataset": {  # what experiments are compared by; the names stand above the columns of `dvc exp show`
                "replays": summary.replays,
                "yield": round(summary.replays / summary.replays_in, 4),
                "rows": summary.rows,
                "columns": summary.columns,
                "bytes": summary.bytes_out,
            },
            "rows": summary.rows,
            "replays_by_split": summary.replays_by_split,
            "rows_by_split": summary.rows_by_split,
            "files": summary.files,
            "bytes": summary.bytes_out,
            "pieces": summary.pieces,
        },
        timing={"pieces_written_now": summary.pieces_written},
        packages=("pyarrow", "numpy"),
    )
