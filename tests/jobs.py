"""One run of a stage over a data folder, as its script starts it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from impulse.config.engine import EngineParams
from impulse.run.job import Job

Settings = TypeVar("Settings")


def job(
    settings: Settings,
    data: Path,
    *,
    engine: EngineParams = EngineParams(workers=1),  # noqa: B008  (frozen)
    output: Path | None = None,
    state: Path | None = None,
) -> Job[Settings]:
    """Return a job that reads ``data``, and writes there and keeps its state inside unless told otherwise."""
    return Job(settings, engine, root=data, data=data, output=output or data, state=state or data / ".state")
