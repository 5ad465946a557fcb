"""The dedupe stage's work: fates of recordings and columns as small tables; no frames are read or copied."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.dedupe import DedupeParams
from impulse.dedupe.matches import Fate, decide
from impulse.dedupe.recordings import read_recordings
from impulse.errors import StageError
from impulse.files.output import output_folder, write_json
from impulse.run.job import Counts, Job
from impulse.schema.features import frame_layout
from impulse.schema.redundancy import bodies_without_rotation, dropped_columns
from impulse.schema.sampling import Sampling
from impulse.tables import rejects
from impulse.tables.deduped import FATE_COLUMNS, PAIR_COLUMNS
from impulse.tables.io import read_json, read_table, table_of, write_table
from impulse.tables.paths import (
    FATES,
    FEATURES,
    KEPT_COLUMNS,
    PAIRS,
    REJECTS,
    VERDICTS,
)
from impulse.tables.rejects import Reject

log = logging.getLogger(__name__)

NATIVE_ROW_SECONDS = 1 / 30
"""Time between network frames (s) as the game sets out to record them."""

_VERDICT_COLUMNS = ["replay_id", "verdict", "frames_shown", "max_duplicate_error"]


@dataclass(frozen=True, slots=True)
class DedupeSummary:
    """Counts of a run of the dedupe stage."""

    replays_in: int
    replays_out: int
    rejected: dict[str, int]
    columns_in: int
    columns_out: int


def dedupe_tables(
    verdicts: pa.Table,
    replays: pa.Table,
    *,
    players: pa.Table,
    goals: pa.Table,
    features: Path,
    earlier_rejects: pa.Table,
    target: Path,
    params: DedupeParams,
) -> DedupeSummary:
    """Decide which recordings and columns are kept, and write the decisions into ``target``.

    Args:
        verdicts: verdicts with measures, from validate.
        replays: the replays table of parse.
        players: the players table of parse.
        goals: the goals table of parse.
        features: the file that tells which features the frames were made with.
        earlier_rejects: rejects of the stages before.
        target: output folder, replaced when all is done.
        params: identities that count, columns to keep.

    Raises:
        StageError: columns that are declared to be the same differ in the data.
    """
    accepted = [row for row in verdicts.select(_VERDICT_COLUMNS).to_pylist() if row["verdict"] != "reject"]
    recordings = read_recordings(
        replays,
        players,
        goals,
        frames_shown={row["replay_id"]: row["frames_shown"] for row in accepted},
        min_goals=params.min_goals,
    )
    made_with = read_json(features, made_by="parse")
    decisions = decide(recordings, params, row_seconds=_row_seconds(made_with))
    paths = {recording.replay_id: recording.source_path for recording in recordings}
    rejected = [
        Reject(fate.replay_id, paths[fate.replay_id], "dedupe", fate.reason, _detail(fate, paths))
        for fate in decisions.fates
        if fate.reason is not None
    ]
    columns = frame_layout(
        tuple(made_with["global_features"]),
        tuple(made_with["player_features"]),
        slots_per_team=made_with["slots_per_team"],
    ).columns
    dropped = dropped_columns(columns, params)
    _check_duplicates(accepted, dropped)
    kept = [column.name for column in columns if column.name not in dropped]
    lost = bodies_without_rotation(columns, dropped)
    if lost:
        log.warning(
            "no rotation is left of %s; dedupe.keep_quaternions or dedupe.keep_euler_angles keeps it", ", ".join(lost)
        )
    with output_folder(target) as folder:
        write_table(table_of((fate.row() for fate in decisions.fates), FATE_COLUMNS), folder / FATES)
        write_table(table_of((link.row() for link in decisions.links), PAIR_COLUMNS), folder / PAIRS)
        write_table(rejects.to_table(rejected, earlier=earlier_rejects), folder / REJECTS)
        write_json(folder / KEPT_COLUMNS, {"kept": kept, "dropped": dropped, "without_rotation": lost})
    return DedupeSummary(
        len(recordings), len(recordings) - len(rejected), rejects.count_by_reason(rejected), len(columns), len(kept)
    )


def _detail(fate: Fate, paths: Mapping[str, str]) -> str:
    return (
        f"another recording of the match is kept: {fate.kept_replay_id} ({paths[fate.kept_replay_id]}); {fate.evidence}"
    )


def _row_seconds(made_with: Mapping[str, Any]) -> float:
    """Return how exactly the rows tell when something happened, in s."""
    return NATIVE_ROW_SECONDS if made_with["sampling"] == Sampling.native else 1.0 / made_with["fps"]


def _check_duplicates(accepted: Iterable[Mapping[str, Any]], dropped: Mapping[str, str]) -> None:
    if not any(reason.startswith("repeats") for reason in dropped.values()):
        return
    for row in accepted:
        error = row["max_duplicate_error"]
        if error:
            raise StageError(
                f"columns that should repeat each other differ by {error:g} in replay {row['replay_id']}; "
                "set dedupe.deduplicate_position to false and report it"
            )


def run(job: Job[DedupeParams]) -> Counts:
    """Decide which recordings and columns are kept."""
    parsed, validated = job.data / "parsed", job.data / "validated"
    summary = dedupe_tables(
        read_table(validated / VERDICTS, made_by="validate"),
        read_table(parsed / "replays.parquet", made_by="parse"),
        players=read_table(parsed / "players.parquet", made_by="parse"),
        goals=read_table(parsed / "goals.parquet", made_by="parse"),
        features=parsed / FEATURES,
        earlier_rejects=read_table(validated / REJECTS, made_by="validate"),
        target=job.output / "deduped",
        params=job.settings,
    )
    return Counts(
        summary.replays_in,
        summary.replays_out,
        summary.rejected,
        figures={"columns_in": summary.columns_in, "columns_out": summary.columns_out},
    )
