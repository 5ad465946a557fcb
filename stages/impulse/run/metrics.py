"""Metrics of a stage: what went in, what came out, and why the difference."""

from __future__ import annotations

import logging
import platform
from importlib.metadata import version
from pathlib import Path

from impulse.errors import StageError
from impulse.files.output import write_json
from impulse.run.job import Counts

log = logging.getLogger(__name__)


def write_counts(stage: str, counts: Counts, folder: Path) -> None:
    """Write ``<stage>.json``; it depends on the content alone, never on the run.

    Raises:
        StageError: replays got lost or were counted twice, which is a defect of the stage.
    """
    rejected = sum(counts.rejected.values())
    if counts.replays_in != counts.replays_out + rejected:
        raise StageError(
            f"{counts.replays_in} replays came in, but {counts.replays_out} went out and {rejected} were rejected"
        )
    content = {
        "in": counts.replays_in,
        "out": counts.replays_out,
        "rejected_total": rejected,
        "rejected": dict(counts.rejected),
        **counts.figures,
        "versions": {name: version(name) for name in counts.packages},
    }
    write_json(folder / f"{stage}.json", content)
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts.rejected.items())
    log.info(
        "%d in, %d out, %d rejected%s",
        counts.replays_in,
        counts.replays_out,
        rejected,
        f" ({reasons})" if reasons else "",
    )


def write_timing(stage: str, counts: Counts | None, folder: Path, *, seconds: float, cpu_seconds: float) -> None:
    """Write ``timing/<stage>.json``, what one run took; no stage depends on that file."""
    content = {
        "seconds": {stage: round(seconds, 2)},  # its own column in `dvc exp show`
        "cpu_seconds_without_workers": round(cpu_seconds, 2),
        **(counts.timing if counts else {}),
        "python": platform.python_version(),
    }
    write_json(folder / "timing" / f"{stage}.json", content)
