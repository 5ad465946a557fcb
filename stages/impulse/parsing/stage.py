"""The parse stage: every replay of the manifest to frames and tables, reusing what was made before."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.parse import ParseParams
from impulse.errors import ReplayError, StageError, UnsupportedReplay
from impulse.files.output import output_folder, write_json
from impulse.files.store import Store
from impulse.parsing.capacity import fitted, warn_of_low_limit
from impulse.parsing.costs import RATES, note_rates, rows_share
from impulse.parsing.keys import ProductKeys, parsed_with
from impulse.parsing.last_run import LAST_RUN, LastRun
from impulse.parsing.listed_players import ListedPlayers
from impulse.parsing.making import Ended, Making, cpu_seconds, is_of_memory, needed_of, report_lacking, spent_on
from impulse.parsing.on_request import Product, asked_for
from impulse.parsing.on_request_tables import write_on_request
from impulse.parsing.parsed_replay import replay_row
from impulse.parsing.raw_replays import RawReplays
from impulse.parsing.transfer import TRANSFER
from impulse.parsing.work import ParseTask, Results, make_products
from impulse.products.frames.product import FRAMES
from impulse.replay.reasons import Reason
from impulse.run.engines import run_tasks
from impulse.run.job import Counts, Job
from impulse.run.progress import with_progress
from impulse.s3.credentials import add_aws_variables
from impulse.schema.column import REPLAY_ID, Column
from impulse.tables import rejects
from impulse.tables.io import read_table, table_of, write_table
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.on_request import REFUSED
from impulse.tables.parsed import (
    DEMOLITION_COLUMNS,
    FRAMES_FILE_COLUMNS,
    GOAL_COLUMNS,
    PLAYER_COLUMNS,
    REPLAY_COLUMNS,
    STINT_COLUMNS,
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

_TABLES: dict[str, tuple[Column, ...]] = {
    "frames": FRAMES_FILE_COLUMNS,
    "replays": REPLAY_COLUMNS,
    "measures": (REPLAY_ID, *MEASURE_COLUMNS),
    "players": PLAYER_COLUMNS,
    "stints": STINT_COLUMNS,
    "goals": GOAL_COLUMNS,
    "demolitions": DEMOLITION_COLUMNS,
}

Row = Mapping[str, Any]
LOSSES_NAMED = 20
"""How many lost replays have a line each; more would hide the first."""


def run(job: Job[ParseParams]) -> Counts:
    """Parse every replay of the manifest into ``parsed``, or take what an earlier run made of it.

    Raises:
        StageError: an input is missing, raw replays cannot be read at all, or replays were lost for a reason that is not their
            own; all others are then in the store, and the next run tries those again.
    """
    add_aws_variables(os.environ, env_file=job.env_file)
    raw, store = job.data / "raw", Store(job.state / "parsed")
    manifest = read_table(raw / MANIFEST, made_by="fetch")
    listed = ListedPlayers(read_table(raw / LISTED_PLAYERS, made_by="fetch"))
    replays, params = RawReplays.of(manifest, folder=raw), parsed_with(job.settings)
    keys, asked = ProductKeys.of(params, job.engine), asked_for(params)
    rows = manifest.to_pylist()
    # What is made on request is looked up replay by replay, so that the rest then costs little more.
    last = LastRun(identity="") if asked else LastRun.read(job.state / LAST_RUN, keys, tables=_TABLES)
    kept = last.unchanged(((row, listed.of(row["replay_id"])) for row in rows), store)
    with output_folder(job.output / "parsed") as folder:
        changed = [row for row in rows if row["replay_id"] not in kept]
        tasks = [ParseTask(replays, row, params, store, keys).looked_up() for row in changed]
        ended = _make_missing(tasks, job, kept=len(kept))
        made_rows: dict[str, list[Row]] = {name: [] for name in _TABLES}
        rejected = []
        for task, (results, error) in zip(tasks, ended, strict=True):
            row, reject = task.manifest, error or results.reject
            if reject is not None:
                rejected.append(Reject(row["replay_id"], row["source_path"], "parse", reject.reason, reject.detail))
            else:
                _add_rows(made_rows, row, results, listed, asked)
                assert results.frames is not None
                store.link(results.frames, FRAMES, folder / frames_path(row["replay_id"]))
        for replay_id, (entry, _) in kept.items():
            store.link(entry, FRAMES, folder / frames_path(replay_id))
        order = {row["replay_id"]: place for place, row in enumerate(rows)}
        tables = {
            name: last.completed(name, table_of(made_rows[name], columns), list(kept), order)
            for name, columns in _TABLES.items()
        }
        _write(folder, tables, rejected, job.settings)
        for product in asked:
            write_on_request(folder, product, store, tasks, ended)
    if not asked:
        good = (
            (task.manifest, listed.of(task.manifest["replay_id"]), results)
            for task, (results, error) in zip(tasks, ended, strict=True)
            if not error and not results.reject
        )
        last.write(job.state / LAST_RUN, good, list(kept), tables)
    used = {entry.key for results, _ in ended for entry in results.entries}
    store.sweep(used | {key for entry, measures in kept.values() for key in (entry.key, measures)})
    made = Counter(product for results, _ in ended for product in results.made)
    spent = list(spent_on(tasks, ended))
    note_rates(job.state / RATES, spent, rows=rows_share(params))
    short = [(path, why) for path, why in _refused("", tasks, ended) if is_of_memory(why)]
    report_lacking("frames", short, job.engine)
    refused = {product.setting: _refused(product.setting, tasks, ended) for product in asked}
    for setting, lacking in refused.items():
        report_lacking(setting, lacking, job.engine)
    return Counts(
        len(rows),
        tables["replays"].num_rows,
        rejects.count_by_reason(rejected),
        figures={
            "rows": _sum(tables["measures"]["rows"]),
            "bytes_in": sum(row["bytes"] for row in rows),
            "bytes": _sum(tables["frames"]["bytes"]),
            "refused": {setting: len(lacking) for setting, lacking in refused.items()},
        },
        timing={
            "parsed_now": made["frames"],
            "measured_now": made["measures"],
            **{f"{product.setting}_now": made[product.setting] for product in asked},
            "cpu_seconds": cpu_seconds(spent),
        },
        packages=("subtr-actor-py", "pyarrow"),
    )


def _sum(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def _make_missing(tasks: Sequence[ParseTask], job: Job[ParseParams], *, kept: int) -> Ended:
    """Make what the store lacks; return what there is of each replay, or why this run cannot use it.

    A worker that dies of one product takes those after it along, so these are made in another round.

    Args:
        tasks: the replays.
        job: engine and its limits.
        kept: number of further replays, of which nothing is lacking.
    """
    missing = {task.manifest["replay_id"]: task for task in tasks if not task.is_done}
    known = kept + sum(task.known.frames is not None for task in tasks)
    making = Making(missing.values())
    log.info("%d replays, %d of them parsed before%s", kept + len(tasks), known, making.announced)
    needed = [needed_of(task) for task in missing.values()]
    warn_of_low_limit(job.engine, needed)
    engine = fitted(job.engine, needed)
    ended: dict[str, tuple[Results, ReplayError | None]] = {}
    while missing:
        again: dict[str, ParseTask] = {}
        lost: list[tuple[ParseTask, str]] = []
        outcomes = run_tasks(make_products, missing.values(), engine, TRANSFER)
        for outcome in with_progress(outcomes, total=len(missing), what="replays", note=making.note):
            making.add(outcome)
            task, error = outcome.task, outcome.error
            replay_id = task.manifest["replay_id"]
            if outcome.loss and task.manifest["sha256"] in job.engine.accept_lost:
                error = UnsupportedReplay(Reason.LOST, outcome.loss)
            if error is not None:
                ended[replay_id], further = _after_failure(task, error)
                if further is not None:
                    again[replay_id] = further
            elif outcome.value is not None:
                ended[replay_id] = (outcome.value, None)
            else:
                lost.append((task, outcome.loss))
        _refuse_losses(lost)
        missing = again
    return [ended.get(task.manifest["replay_id"], (task.known, None)) for task in tasks]


def _refuse_losses(lost: Sequence[tuple[ParseTask, str]]) -> None:
    """Raise if replays are missing for a reason that is not their own: no dataset is built without them."""
    for task, why in lost[:LOSSES_NAMED]:
        log.error("lost %s (SHA-256 %s): %s", task.manifest["source_path"], task.manifest["sha256"], why)
    if lost:
        what = "1 replay was" if len(lost) == 1 else f"{len(lost)} replays were"
        raise StageError(
            f"{what} lost for a reason outside of the replay; the lines above say which and why. All others are kept. Mend the "
            "cause (memory, disk, files) and run again, which tries no other; to go on without a replay, put its SHA-256 into "
            "engine.accept_lost"
        )


def _after_failure(task: ParseTask, error: ReplayError) -> tuple[tuple[Results, ReplayError | None], ParseTask | None]:
    """Return what there is of a replay whose worker failed, and the task if something is left to make.

    That is all but the product that it died of, when it came that far. A failure that is the replay's own is kept with the
    limits that it passed, so that no later run waits for them again.
    """
    task = task.looked_up()
    if not task.is_done and error.reason != Reason.LOST:
        task = task.refused(error)
    if task.is_done:
        return (task.known, None), None
    if task.known.measures is None:
        return (task.known, error), None
    errors = {product.setting: error for product in task.missing}
    is_lost = error.reason == Reason.LOST
    return (replace(task.known, errors=errors), None), None if is_lost else task


def _refused(setting: str, tasks: Sequence[ParseTask], ended: Ended) -> list[tuple[str, ReplayError]]:
    """Return which replays of the dataset lack a product that was asked for, and why; of no setting, which are no part of it."""
    found = []
    for task, (results, error) in zip(tasks, ended, strict=True):
        lost = error or results.reject
        why = (None if lost else results.refused(setting)) if setting else lost
        if why is not None:
            found.append((task.manifest["source_path"], why))
    return found


def _add_rows(
    tables: Mapping[str, list[Row]], row: Row, results: Results, listed: ListedPlayers, asked: Sequence[Product]
) -> None:
    """Add one replay's rows to the tables."""
    assert results.frames is not None
    assert results.measures is not None
    replay_id, facts, file = row["replay_id"], results.frames.facts, results.frames.files[FRAMES]
    tables["frames"].append(
        {
            "replay_id": replay_id,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "max_duplicate_error": facts["max_duplicate_error"],
        }
    )
    of_replay = dict(facts["facts"])
    for entry in results.on_request.values():
        of_replay |= entry.facts.get("facts", {})
    refused = [f"{product.setting}: {why.reason}" for product in asked if (why := results.refused(product.setting))]
    tables["replays"].append(replay_row(row, {**of_replay, REFUSED.name: refused}))
    tables["measures"].append({"replay_id": replay_id, **results.measures.facts})
    tables["players"].extend(listed.with_listed_facts(replay_id, facts["players"]))
    tables["stints"].extend(facts["stints"])
    tables["goals"].extend(facts["goals"])
    tables["demolitions"].extend(facts["demolitions"])


def _write(folder: Path, tables: Mapping[str, pa.Table], rejected: Sequence[Reject], params: ParseParams) -> None:
    for name, table in tables.items():
        write_table(table, folder / f"{name}.parquet")
    write_table(rejects.to_table(rejected), folder / REJECTS)
    write_json(
        folder / FEATURES,
        {
            "fps": params.fps,
            "sampling": params.sampling.value,
            "gap_rows": params.gap_rows.value,
            "slots_per_team": params.slots_per_team,
            "controls": params.controls,
            "pad_rows": params.pad_rows,
            "global_features": list(params.global_features),
            "player_features": list(params.player_features),
        },
    )
