"""What a worker may use."""

from __future__ import annotations

import importlib.util
import logging
import math
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from impulse.errors import StageError

log = logging.getLogger(__name__)

LEAST_MB = 1024
"""A worker with less cannot even load what it works with."""

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """Address space that a worker may ask for."""

    megabytes: int
    """0 when nothing limits it."""
    is_of_settings: bool
    """The limit, or that there is none, is what the settings say; else the shell has set a lower one."""

    @classmethod
    def of(cls, megabytes: int) -> MemoryLimit:
        """Return the limit of the settings or that of the shell, whichever is smaller.

        Args:
            megabytes: the limit of the settings; 0 sets none.

        Raises:
            StageError: the shell's limit is too small for a worker.
        """
        if not can_limit_memory():
            if megabytes:
                log.info("this system cannot limit the memory of a worker; engine.memory_limit_mb does nothing")
            return cls(0, is_of_settings=True)
        import resource

        shell = min(
            (limit // _MB for limit in resource.getrlimit(resource.RLIMIT_AS) if limit != resource.RLIM_INFINITY),
            default=None,
        )
        if shell is None or 0 < megabytes <= shell:
            return cls(megabytes, is_of_settings=True)
        if shell < LEAST_MB:
            raise StageError(
                f"the memory of a process of this shell is limited to {shell} MB (`ulimit -v`), and a worker needs "
                f"{LEAST_MB} MB; raise the limit of the shell or of the cluster's job"
            )
        return cls(shell, is_of_settings=False)


def available_memory_mb(root: Path = Path("/")) -> int | None:
    """Return the memory that programs can have now without swapping, in MB; None where the system does not say, as on macOS.

    In a container or a job of a cluster (a control group, version 2) it is what that is still allowed, where that is less.

    Args:
        root: folder that has ``proc`` and ``sys``; tests give their own.
    """
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        found.append(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable:")))
    top = root / "sys/fs/cgroup"
    group = top / _own_group(root).lstrip("/")
    for folder in (group, *group.parents):
        with suppress(OSError, ValueError):  # a group without a limit says "max"
            limit, used = (int((folder / f"memory.{name}").read_text(encoding="ascii")) for name in ("max", "current"))
            found.append(max(0, limit - used + _reclaimable(folder)) // _MB)
        if folder == top:
            break
    return min(found, default=None)


def _own_group(root: Path) -> str:
    """Return the path of this process's control group; empty where there is none."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            if line.startswith("0::"):
                return line.removeprefix("0::")
    return ""


def _reclaimable(group: Path) -> int:
    """Return the bytes of files that a group has in memory and gives up when programs need it."""
    with suppress(OSError, ValueError):
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
    return 0


def workers_that_fit(most: int, needs_mb: Iterable[float], available_mb: float) -> int:
    """Return how many workers have room even if they work on the largest tasks at once; one at least.

    Args:
        most: no more than so many.
        needs_mb: memory that each task takes.
        available_mb: memory that there is.
    """
    taken = accumulate(sorted(needs_mb, reverse=True)[:most])
    fitting = next((count for count, sum_mb in enumerate(taken) if sum_mb > available_mb), most)
    return max(fitting, 1)


def can_limit_memory() -> bool:
    """Tell whether this system refuses memory to a process that asks for too much; Windows and macOS do not."""
    return sys.platform != "darwin" and can_limit_cpu()


def can_limit_cpu() -> bool:
    """Tell whether this system ends a process that takes too much CPU time; Windows does not."""
    return importlib.util.find_spec("resource") is not None


def limit_memory(megabytes: int) -> None:
    """Let this process ask for so much memory and no more; nothing happens where that cannot be."""
    if can_limit_memory():
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * _MB, hard))


def limit_cpu(seconds: float) -> None:
    """Let this process take so much CPU time from now on, rounded up to whole seconds, and end it by SIGXCPU then."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
