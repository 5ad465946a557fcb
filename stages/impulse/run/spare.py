"""Worker processes that wait for the next few tasks, because the start of one takes as long as several replays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from impulse.run.worker import Worker

IDLE_SECONDS = 60.0
"""How long a worker waits before it is ended, so that a cluster that is idle holds no memory for us."""


class SpareWorkers:
    """Workers between two calls of :func:`impulse.run.pool.run_isolated`. Threads may use it together."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._waiting: list[tuple[Worker[Any, Any], object, threading.Timer]] = []

    def take(self, work: Callable[[Any], Any], memory_limit_mb: int) -> Worker[Any, Any] | None:
        """Return a worker that was started for the same work and memory; None where none waits."""
        for worker, _, timer in self._removed(lambda _, what: what == (work, memory_limit_mb), most=1):
            timer.cancel()
            if worker.is_alive:
                return worker
            worker.stop()
        return None

    def leave(self, worker: Worker[Any, Any], work: Callable[[Any], Any], memory_limit_mb: int) -> None:
        """Let a worker that has no task wait for the next call, for a while."""
        if not worker.is_usable:
            return
        timer = threading.Timer(IDLE_SECONDS, self._end, [worker])
        timer.daemon = True
        with self._lock:
            self._waiting.append((worker, (work, memory_limit_mb), timer))
        timer.start()

    def _end(self, idle: Worker[Any, Any]) -> None:
        for worker, _, _ in self._removed(lambda worker, _: worker is idle, most=1):
            worker.stop()

    def _removed(
        self, is_wanted: Callable[[Worker[Any, Any], object], bool], *, most: int
    ) -> list[tuple[Worker[Any, Any], object, threading.Timer]]:
        with self._lock:
            found = [each for each in self._waiting if is_wanted(each[0], each[1])][:most]
            self._waiting = [each for each in self._waiting if all(each is not taken for taken in found)]
        return found
