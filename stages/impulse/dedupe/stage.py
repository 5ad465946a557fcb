"""The dedupe stage: decisions about recordings and columns as small tables; no frames are read or copied."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from impulse.config.dedupe import DedupeParams
from impulse.config.redundancy import bodies_without_rotation, dropped_columns
from impulse.dedupe.matches import Decision, decide
from impulse.dedupe.recordings import read_recordings
from impulse.errors import StageError
from impulse.files.output import output_folder, write_json
from impulse.run.job import Counts, Job
from impulse.schema.features import frame_layout
from impulse.schema.sampling import Sampling
from impulse.tables import rejects
from impulse.tables.deduped import DECISION_COLUMNS, PAIR_COLUMNS
from impulse.tables.io import read_json, read_table, table_of, write_table
from impulse.tables.paths import DECISIONS, FEATURES, FRAMES_FILES, KEPT_COLUMNS, PAIRS, REJECTS, VERDICTS
from impulse.tables.rejects import Reject

log = logging.getLogger(__name__)

NATIVE_ROW_SECONDS = 1 / 30
"""Time between network frames (s) as the game sets out to record them."""

_VERDICT_COLUMNS = ["replay_id", "verdict", "frames_shown"]


def run(job: Job[DedupeParams]) -> Counts:
    """Decide which recordings and columns are kept, and write the decisions into ``deduped``.

    Raises:
        StageError: an input is missing, or columns that are declared to be the same differ in the data.
    """
    parsed, params = job.data / "parsed", job.settings
    verdicts = read_table(job.data / "validated" / VERDICTS, made_by="validate")
    accepted = [row for row in verdicts.select(_VERDICT_COLUMNS).to_pylist() if row["verdict"] != "reject"]
    recordings = read_recordings(
        *(read_table(parsed / f"{name}.parquet", made_by="parse") for name in ("replays", "players", "goals")),
        frames_shown={row["replay_id"]: row["frames_shown"] for row in accepted},
        min_goals=params.min_goals,
    )
    made_with = read_json(parsed / FEATURES, made_by="parse")
    decided = decide(recordings, params, row_seconds=_row_seconds(made_with))
    paths = {recording.replay_id: recording.source_path for recording in recordings}
    rejected = [
        Reject(item.replay_id, paths[item.replay_id], "dedupe", item.reason, _detail(item, paths))
        for item in decided.decisions
        if item.reason is not None
    ]
    features = made_with["global_features"], made_with["player_features"]
    layout = frame_layout(*features, slots_per_team=made_with["slots_per_team"])
    columns = layout.chosen({name for names in features for name in names})
    dropped = dropped_columns(columns, params)
    if any(column.duplicate_of for column in columns if column.name in dropped):
        _check_duplicates(parsed, {row["replay_id"] for row in accepted})
    kept = [column.name for column in columns if column.name not in dropped]
    lost = bodies_without_rotation(columns, dropped)
    if lost:
        log.warning(
            "no rotation is left of %s; dedupe.keep_quaternions or dedupe.keep_euler_angles keeps it", ", ".join(lost)
        )
    with output_folder(job.output / "deduped") as folder:
        write_table(table_of((item.row() for item in decided.decisions), DECISION_COLUMNS), folder / DECISIONS)
        write_table(table_of((pair.row() for pair in decided.pairs), PAIR_COLUMNS), folder / PAIRS)
        write_table(rejects.to_table(rejected), folder / REJECTS)
        write_json(folder / KEPT_COLUMNS, {"kept": kept, "dropped": dropped, "without_rotation": lost})
    return Counts(
        len(recordings),
        len(recordings) - len(rejected),
        rejects.count_by_reason(rejected),
        figures={"columns_in": len(columns), "columns_out": len(kept)},
    )


def _detail(decision: Decision, paths: Mapping[str, str]) -> str:
    return f"another recording of the match is kept: {decision.kept_replay_id} ({paths[decision.kept_replay_id]}); {decision.evidence}"


def _row_seconds(made_with: Mapping[str, Any]) -> float:
    """Return how exactly the rows tell when something happened, in s."""
    return NATIVE_ROW_SECONDS if made_with["sampling"] == Sampling.native else 1.0 / made_with["fps"]


def _check_duplicates(parsed: Path, accepted: Container[str]) -> None:
    """Refuse to drop columns for repeating others where parse found that they do not."""
    for row in read_table(parsed / FRAMES_FILES, made_by="parse").to_pylist():
        error = row["max_duplicate_error"]
        if error and row["replay_id"] in accepted:
            raise StageError(
                f"columns that should repeat each other differ by {error:g} in replay {row['replay_id']}; "
                "set dedupe.deduplicate_position to false and report it"
            )
