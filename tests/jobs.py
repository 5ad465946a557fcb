"""One run of a stage over a data folder, as its script starts it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from impulse.config.engine import EngineParams
from impulse.run.job import Job

Settings = TypeVar("Settings")


def job(settings: Settings, data: Path, *, engine: EngineParams = EngineParams(workers=2)) -> Job[Settings]:  # noqa: B008
    """Return a job that reads and writes ``data`` and keeps its state inside."""
    return Job(settings, engine, root=data, data=data, output=data, state=data / ".state")
