"""Worker processes that isolate the parser: a replay that hangs, crashes or eats memory costs only itself."""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_sentinel
from typing import Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from impulse.config.engine import EngineParams
from impulse.errors import ReplayError, UnsupportedReplay
from impulse.replay.reasons import Reason
from impulse.run.limits import can_limit_memory, limit_memory

log = logging.getLogger(__name__)

Task = TypeVar("Task")
Value = TypeVar("Value")

IN_FLIGHT_PER_WORKER = 4
"""Tasks handed to the pool ahead of time; more would only cost memory."""


@dataclass(frozen=True, slots=True)
class TaskResult(Generic[Task, Value]):
    """How one task ended."""

    task: Task
    value: Value | None
    """What the work returned."""
    error: ReplayError | None
    """None when the work was done."""


def run_isolated(
    work: Callable[[Task], Value], tasks: Iterable[Task], engine: EngineParams
) -> Iterator[TaskResult[Task, Value]]:
    """Run ``work`` on every task in worker processes and yield outcomes as they come.

    Args:
        work: a function of a module (workers import it by name); raises ReplayError for a replay it cannot use.
        tasks: what to work on.
        engine: number of workers, time limit and memory limit of each.

    Raises:
        Exception: whatever ``work`` raises beside ReplayError ends the run.
    """
    if engine.memory_limit_mb and not can_limit_memory():
        log.info("this system cannot limit the memory of a worker; engine.memory_limit_mb does nothing")
    remaining = iter(tasks)
    first = list(itertools.islice(remaining, engine.workers or os.cpu_count() or 1))
    remaining, workers = itertools.chain(first, remaining), max(len(first), 1)  # no more workers than tasks
    pending: dict[Future[Value], Task] = {}
    with ProcessPool(
        max_workers=workers,
        context=multiprocessing.get_context("spawn"),
        initializer=_prepare_worker,
        initargs=(engine.memory_limit_mb,),
    ) as pool:
        try:
            while True:
                while len(pending) < workers * IN_FLIGHT_PER_WORKER and (task := next(remaining, None)) is not None:
                    pending[pool.schedule(work, args=(task,), timeout=engine.timeout_seconds)] = task
                if not pending:
                    return
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield TaskResult(pending.pop(future), *_ended(future, engine))
        except BaseException:
            pool.stop()
            raise


def _ended(future: Future[Value], engine: EngineParams) -> tuple[Value | None, ReplayError | None]:
    try:
        return future.result(), None
    except ReplayError as error:
        return None, error
    except TimeoutError:
        return None, UnsupportedReplay(Reason.WORKER_TIMEOUT, f"not done after {engine.timeout_seconds:g} s")
    except ProcessExpired as error:
        return None, UnsupportedReplay(Reason.WORKER_DIED, f"the worker process ended with exit code {error.exitcode}")
    except MemoryError:
        return None, UnsupportedReplay(Reason.OUT_OF_MEMORY, f"more than {engine.memory_limit_mb} MB asked for")
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of native code is no Exception, and concerns one replay
        return None, UnsupportedReplay(Reason.PARSER_PANIC, str(error) or type(error).__name__)


def _prepare_worker(memory_limit_mb: int) -> None:
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    if memory_limit_mb:
        limit_memory(memory_limit_mb)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when the stage was killed; otherwise it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_sentinel([parent.sentinel])
        os._exit(1)
