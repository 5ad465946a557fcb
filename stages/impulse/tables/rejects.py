"""Why a replay is not in the dataset: reason codes, and the table that carries them from stage to stage.

Every stage adds its own rows to the table it received, so the last one names every input that was left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from impulse.replay.reasons import Reason

REJECTS_SCHEMA = pa.schema(
    [
        pa.field("replay_id", pa.string(), metadata={"description": "id of the replay in this project"}),
        pa.field("source_path", pa.string(), metadata={"description": "path inside the source"}),
        pa.field("stage", pa.string(), metadata={"description": "stage that left the replay out"}),
        pa.field("reason", pa.string(), metadata={"description": "reason code"}),
        pa.field("detail", pa.string(), metadata={"description": "what was found and expected"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Reject:
    """One input that a stage left out, and why."""

    replay_id: str
    source_path: str
    stage: str
    reason: Reason
    detail: str


def to_table(rejects: Iterable[Reject], *, earlier: pa.Table | None = None) -> pa.Table:
    """Return the rejects of one stage after those of the stages before it.

    Args:
        rejects: the stage's own rejects, in any order.
        earlier: the table of the stage before, kept as it is.

    Returns:
        A table with :data:`REJECTS_SCHEMA`; own rows are sorted by replay id and path.
    """
    rows = sorted(rejects, key=lambda reject: (reject.replay_id, reject.source_path))
    own = pa.Table.from_pydict(
        {
            "replay_id": [row.replay_id for row in rows],
            "source_path": [row.source_path for row in rows],
            "stage": [row.stage for row in rows],
            "reason": [row.reason.value for row in rows],
            "detail": [row.detail for row in rows],
        },
        schema=REJECTS_SCHEMA,
    )
    return own if earlier is None else pa.concat_tables([earlier, own])


def count_by_reason(rejects: Iterable[Reject]) -> dict[str, int]:
    """Return how many rejects each reason has, sorted by reason."""
    return dict(sorted(Counter(reject.reason.value for reject in rejects).items()))
