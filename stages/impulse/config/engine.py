"""How work is spread."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from impulse.config.ranges import check_numbers, check_range
from impulse.errors import ConfigError

LEAST_LIMIT_MB = 1024
"""A worker with its libraries takes most of that in address space."""


class EngineKind(StrEnum):
    """What runs the parser."""

    local = "local"
    """Processes of this machine."""
    dask = "dask"
    """Workers of a Dask cluster, which need no file system in common with this machine; the export stage works here all the same."""


@dataclass(frozen=True)
class EngineParams:
    """How work is spread, which changes no result.

    ``accept_lost`` does, so it is a dependency of a stage. A replay that passed a limit of time or memory (``parser_time``,
    ``parser_memory``) is kept as a reject with that limit. A higher one may save it: `dvc repro --force --single-item parse`.
    """

    kind: EngineKind = EngineKind.local
    address: str | None = None
    """dask: address of the scheduler, such as tcp://host:8786; null starts a cluster on this machine."""
    workers: int = 0
    """Worker processes; 0 takes one for each core, or as many as there is memory for."""
    timeout_seconds: float = 300.0
    """Time limit of one replay: of the clock, and of CPU time when it is tried again alone."""
    memory_limit_mb: int = 4096
    """Address space of one worker; 0 sets no limit. A lower limit of the shell (``ulimit -v``) holds instead."""
    in_flight_mb: int = 256
    """dask: MB of replays that are at most on their way to workers, worked on and not yet back. A cluster that is to be busy
    needs about three replays for each thread of its workers; the scheduler holds as much in memory."""
    accept_lost: list[str] = field(default_factory=list)
    """SHA-256 of replays that the dataset may lack although the machine lost them, such as one whose worker the kernel kills
    each time. They are rejects with the reason ``lost``."""

    def __post_init__(self) -> None:
        """Check values."""
        check_numbers(self, "engine")
        check_range("engine.workers", self.workers, 0, 1024)
        check_range("engine.timeout_seconds", self.timeout_seconds, 1)
        check_range("engine.in_flight_mb", self.in_flight_mb, 1)
        if self.memory_limit_mb and self.memory_limit_mb < LEAST_LIMIT_MB:
            raise ConfigError(
                "engine.memory_limit_mb",
                f"{self.memory_limit_mb} is out of range, must be 0 (no limit) or at least {LEAST_LIMIT_MB}",
            )
        for sha256 in self.accept_lost:
            if not re.fullmatch("[0-9a-f]{64}", sha256):
                raise ConfigError(
                    "engine.accept_lost", f"{sha256!r} is no SHA-256; the line about a lost replay has it"
                )
