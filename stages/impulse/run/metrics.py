"""Metrics of a stage: what went in, what came out, and why the difference."""

from __future__ import annotations

import logging
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from impulse.errors import StageError
from impulse.files.output import write_json

log = logging.getLogger(__name__)


@dataclass(slots=True)
class StageMetrics:
    """Counts of one stage; ``items_in`` must equal ``items_out`` plus all rejects."""

    stage: str
    items_in: int
    items_out: int
    rejected: Mapping[str, int]
    """Rejects of this stage by reason code."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further figures, such as rows and bytes."""
    packages: tuple[str, ...] = ()
    """Packages whose versions decide the output."""

    def write(self, folder: Path) -> None:
        """Write ``<stage>.json``; it depends on the content alone, never on the run.

        Raises:
            StageError: items got lost or were counted twice, which is a defect of the stage.
        """
        rejected = sum(self.rejected.values())
        if self.items_in != self.items_out + rejected:
            raise StageError(
                f"{self.items_in} replays came in, but {self.items_out} went out and {rejected} were rejected"
            )
        content = {
            "in": self.items_in,
            "out": self.items_out,
            "rejected_total": rejected,
            "rejected": dict(self.rejected),
            **self.more,
            "versions": {name: version(name) for name in self.packages},
        }
        write_json(folder / f"{self.stage}.json", content)
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.rejected.items())
        log.info(
            "%d in, %d out, %d rejected%s", self.items_in, self.items_out, rejected, f" ({reasons})" if reasons else ""
        )


@contextmanager
def timed(stage: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure the block and write ``timing/<stage>.json``; no stage depends on that file.

    Yields:
        A dict for further figures of the run, such as the number of replays that were parsed anew.
    """
    figures: dict[str, Any] = {}
    start, start_cpu = time.perf_counter(), time.process_time()
    yield figures
    seconds = {
        "seconds": {stage: round(time.perf_counter() - start, 2)},  # its own column in `dvc exp show`
        "cpu_seconds_without_workers": round(time.process_time() - start_cpu, 2),
    }
    write_json(folder / "timing" / f"{stage}.json", {**seconds, **figures, "python": platform.python_version()})
