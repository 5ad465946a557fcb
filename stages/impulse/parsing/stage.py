"""The parse stage's work: every replay of the manifest to frames and tables, reusing what was parsed before."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.engine import EngineParams
from impulse.config.parse import ParseParams
from impulse.errors import ReplayError
from impulse.files.output import output_folder, write_json
from impulse.parsing.listed_players import ListedPlayers
from impulse.parsing.parsed_replay import parse_replay
from impulse.parsing.raw_replays import RawReplays
from impulse.parsing.store import ParseStore
from impulse.replay.reasons import Reason
from impulse.run.engines import run_tasks
from impulse.run.job import Counts, Job
from impulse.run.progress import with_progress
from impulse.s3.credentials import add_aws_variables
from impulse.schema.column import REPLAY_ID, Column
from impulse.tables import rejects
from impulse.tables.io import read_table, table_of, write_table
from impulse.tables.manifest import LISTED_PLAYER_COLUMNS
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.parsed import (
    DEMOLITION_COLUMNS,
    EVENT_COLUMNS,
    FRAMES_FILE_COLUMNS,
    GOAL_COLUMNS,
    PLAYER_COLUMNS,
    REPLAY_COLUMNS,
)
from impulse.tables.paths import (
    FEATURES,
    LISTED_PLAYERS,
    MANIFEST,
    REJECTS,
    frames_path,
)
from impulse.tables.rejects import Reject

log = logging.getLogger(__name__)

# Fates that depend on the machine's limits or on what is there now, not on the bytes of the manifest; the next run
# tries again.
_NOT_KEPT = frozenset(
    {Reason.WORKER_TIMEOUT, Reason.WORKER_DIED, Reason.OUT_OF_MEMORY, Reason.FILE_MISSING, Reason.BYTES_CHANGED}
)


@dataclass(frozen=True, slots=True)
class ParseTask:
    """One replay to parse, small enough to send to a worker."""

    raw: RawReplays
    key: str
    manifest: Mapping[str, Any]
    params: ParseParams
    store: ParseStore


@dataclass(frozen=True, slots=True)
class ParseSummary:
    """Counts of a run of the parse stage."""

    replays_in: int
    replays_out: int
    rejected: dict[str, int]
    rows: int
    bytes_in: int
    bytes_out: int
    parsed_now: int
    """Replays that the store did not have."""


def parse_batch(
    manifest: pa.Table,
    *,
    raw: Path,
    target: Path,
    params: ParseParams,
    engine: EngineParams,
    store: ParseStore,
    listed_players: pa.Table | None = None,
) -> ParseSummary:
    """Parse all replays of a manifest into ``target``.

    Args:
        manifest: table of the replays, by :data:`impulse.tables.manifest.MANIFEST_COLUMNS`.
        raw: folder that the manifest's paths start from, unless the manifest names a bucket.
        target: output folder, replaced when all is done.
        params: features, rows a second, slots.
        engine: workers and their limits.
        store: results of earlier runs.
        listed_players: players as the source lists them, by :data:`impulse.tables.manifest.LISTED_PLAYER_COLUMNS`; they
            take no part in parsing, so that new ranks parse nothing anew.
    """
    replays = RawReplays.of(manifest, folder=raw)
    listed = ListedPlayers(table_of([], LISTED_PLAYER_COLUMNS) if listed_players is None else listed_players)
    with output_folder(target) as folder:
        rows = manifest.to_pylist()
        keys = [store.key(row["replay_id"], row["sha256"], params) for row in rows]
        tasks = [
            ParseTask(replays, key, row, params, store)
            for row, key in zip(rows, keys, strict=True)
            if store.read(key) is None
        ]
        log.info("%d replays, %d of them parsed before", len(rows), len(rows) - len(tasks))
        fates = _parse_missing(tasks, engine)
        return _assemble(folder, rows, keys, fates, params, store, listed, parsed_now=len(tasks))


def parse_task(task: ParseTask) -> None:
    """Parse one replay into the store; runs in a worker.

    Raises:
        ReplayError: the replay cannot be used.
        StageError: raw replays cannot be read at all.
    """
    path = task.manifest["path"]
    with task.raw.file(path) as file:
        parsed = parse_replay(file, task.params, manifest=task.manifest, address=task.raw.address(path))
    task.store.write_parsed(task.key, parsed.frames, parsed.records())


def _parse_missing(tasks: Sequence[ParseTask], engine: EngineParams) -> dict[str, ReplayError]:
    """Parse what the store lacks; return the fates that it does not keep, by key."""
    passing: dict[str, ReplayError] = {}
    for outcome in with_progress(run_tasks(parse_task, tasks, engine), total=len(tasks), what="replays"):
        if outcome.error is None:
            continue
        if outcome.error.reason in _NOT_KEPT:
            passing[outcome.task.key] = outcome.error
        else:
            outcome.task.store.write_rejected(outcome.task.key, outcome.error.reason, outcome.error.detail)
    return passing


def _assemble(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    passing: Mapping[str, ReplayError],
    params: ParseParams,
    store: ParseStore,
    listed: ListedPlayers,
    *,
    parsed_now: int,
) -> ParseSummary:
    tables: dict[str, list[Mapping[str, Any]]] = {name: [] for name in _TABLES}
    rejected: list[Reject] = []
    bytes_out = 0
    for row, key in zip(rows, keys, strict=True):
        record = store.read(key)
        if record is None or "rejected" in record:
            fate = passing[key] if record is None else ReplayError(**record["rejected"])
            rejected.append(Reject(row["replay_id"], row["source_path"], "parse", Reason(fate.reason), fate.detail))
            continue
        store.place_frames(key, folder / frames_path(row["replay_id"]))
        bytes_out += record["frames"]["bytes"]
        tables["frames"].append({"replay_id": row["replay_id"], **record["frames"]})
        tables["replays"].append({**row, **record["facts"]})
        tables["measures"].append({"replay_id": row["replay_id"], **record["measures"]})
        tables["players"].extend(listed.told_of(row["replay_id"], record["players"]))
        for name in ("goals", "demolitions", "events"):
            tables[name].extend(record[name])
    for name, columns in _TABLES.items():
        if name == "events" and not params.events:
            continue
        write_table(table_of(tables[name], columns), folder / f"{name}.parquet")
    write_table(rejects.to_table(rejected), folder / REJECTS)
    write_json(
        folder / FEATURES,
        {
            "fps": params.fps,
            "sampling": params.sampling.value,
            "slots_per_team": params.slots_per_team,
            "global_features": list(params.global_features),
            "player_features": list(params.player_features),
        },
    )
    return ParseSummary(
        replays_in=len(rows),
        replays_out=len(tables["replays"]),
        rejected=rejects.count_by_reason(rejected),
        rows=sum(measures["rows"] for measures in tables["measures"]),
        bytes_in=sum(row["bytes"] for row in rows),
        bytes_out=bytes_out,
        parsed_now=parsed_now,
    )


_TABLES: dict[str, tuple[Column, ...]] = {
    "frames": FRAMES_FILE_COLUMNS,
    "replays": REPLAY_COLUMNS,
    "measures": (REPLAY_ID, *MEASURE_COLUMNS),
    "players": PLAYER_COLUMNS,
    "goals": GOAL_COLUMNS,
    "demolitions": DEMOLITION_COLUMNS,
    "events": EVENT_COLUMNS,
}


def run(job: Job[ParseParams]) -> Counts:
    """Parse every replay of the manifest, or take its result from an earlier run."""
    add_aws_variables(os.environ, env_file=job.env_file)
    raw = job.data / "raw"
    summary = parse_batch(
        read_table(raw / MANIFEST, made_by="fetch"),
        raw=raw,
        target=job.output / "parsed",
        params=job.settings,
        engine=job.engine,
        listed_players=read_table(raw / LISTED_PLAYERS, made_by="fetch"),
        store=ParseStore(job.state / "parsed"),
    )
    return Counts(
        summary.replays_in,
        summary.replays_out,
        summary.rejected,
        figures={"rows": summary.rows, "bytes_in": summary.bytes_in, "bytes": summary.bytes_out},
        timing={"parsed_now": summary.parsed_now},
        packages=("subtr-actor-py", "pyarrow"),
    )
