"""Why a replay is not in the dataset: the table of rejects that every stage writes about its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from impulse.schema.column import Column
from impulse.tables.io import read_table
from impulse.tables.paths import REJECTS

REJECT_COLUMNS = (
    Column("replay_id", "string", "id of the replay in this project"),
    Column("source_path", "string", "path inside the source"),
    Column("stage", "string", "stage that left the replay out"),
    Column("reason", "string", "reason code"),
    Column("detail", "string", "what was found and expected"),
)

REJECTS_SCHEMA = pa.schema(
    [pa.field(column.name, pa.string(), metadata={"description": column.meaning}) for column in REJECT_COLUMNS]
)

FOLDER_OF_STAGE = {"fetch": "raw", "parse": "parsed", "validate": "validated", "dedupe": "deduped"}
"""Stages that leave replays out, in their order, and the folder of each inside data."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One input that a stage left out, and why."""

    replay_id: str
    source_path: str
    stage: str
    reason: str
    """Code of a :class:`impulse.replay.reasons.Reason`, a rule, a filter or a step of dedupe."""
    detail: str


def to_table(rejects: Iterable[Reject]) -> pa.Table:
    """Return the rejects of one stage as a table with :data:`REJECTS_SCHEMA`, sorted by replay id and path."""
    rows = sorted(rejects, key=lambda reject: (reject.replay_id, reject.source_path))
    return pa.Table.from_pylist([asdict(row) for row in rows], REJECTS_SCHEMA)


def read_rejects(data: Path, stages: Iterable[str] = tuple(FOLDER_OF_STAGE)) -> pa.Table:
    """Return the rejects that stages wrote below ``data``, stage by stage.

    Raises:
        StageError: a stage has not run.
    """
    return pa.concat_tables([read_table(data / FOLDER_OF_STAGE[stage] / REJECTS, made_by=stage) for stage in stages])


def count_by_reason(rejects: Iterable[Reject]) -> dict[str, int]:
    """Return how many rejects each reason has, sorted by reason."""
    return dict(sorted(Counter(str(reject.reason) for reject in rejects).items()))
