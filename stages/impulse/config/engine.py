"""How work is spread."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from impulse.config.ranges import check_range


class EngineKind(StrEnum):
    """What runs the parser."""

    local = "local"
    """Processes of this machine."""
    dask = "dask"
    """Workers of a Dask cluster that share a file system with this machine."""


@dataclass(frozen=True)
class EngineParams:
    """How work is spread; nothing here changes a result, so no stage depends on it."""

    kind: EngineKind = EngineKind.local
    address: str | None = None
    """dask: address of the scheduler, such as tcp://host:8786; null starts a cluster on this machine."""
    workers: int = 0
    """Worker processes; 0 takes one for each core."""
    timeout_seconds: float = 300.0
    """Time limit of one replay."""
    memory_limit_mb: int = 4096
    """Address space of one worker; 0 sets no limit."""

    def __post_init__(self) -> None:
        """Check values."""
        check_range("engine.workers", self.workers, 0, 1024)
        check_range("engine.timeout_seconds", self.timeout_seconds, 1)
        if self.memory_limit_mb:
            check_range("engine.memory_limit_mb", self.memory_limit_mb, 1024)
