"""Worker processes that isolate the parser: a replay that hangs, crashes or eats memory costs only itself.

A worker that dies, or is not done in time, tells nothing about its replay yet: the kernel may have killed it for memory that
others used. Such a replay is lost until it was tried alone (:mod:`impulse.run.engines`). What happens then within our own limits
is the replay's fault.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Generic, TypeVar

from impulse.config.engine import EngineParams
from impulse.errors import ReplayError, ReplayLost, StageError, UnsupportedReplay
from impulse.replay.reasons import Reason
from impulse.run.limits import MemoryLimit, can_limit_cpu
from impulse.run.spare import SpareWorkers
from impulse.run.worker import Worker, WorkerDied, WorkerNotStarted

Task = TypeVar("Task")
Value = TypeVar("Value")

WALL_FACTOR = 4.0
"""How many times its CPU time a task may last when it is tried alone: a disk or a network may hold it up."""

MAY_BE_MEMORY = "as native code ends that asks for more memory than engine.memory_limit_mb allows"
"""Part of the detail of a worker that aborted within a limit of memory."""

_OWN_SIGNALS = frozenset(
    getattr(signal, name)
    for name in ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP")
    if hasattr(signal, name)
)
"""How a program ends by its own fault. SIGKILL is what the kernel sends when memory is short, and others what people send."""


@dataclass(frozen=True, slots=True)
class TaskResult(Generic[Task, Value]):
    """How one task ended."""

    task: Task
    value: Value | None
    """What the work returned."""
    error: ReplayError | None = None
    """Why the replay cannot be used, which is its own fault."""
    loss: str = ""
    """Why the result is missing, which is not known to be the replay's fault; empty when it is not missing."""
    is_worth_a_try: bool = True
    """Whether what was lost may be had alone; a file that is missing stays so."""
    step: str = ""
    """What the worker was making when it ended; empty where its work does not say."""
    running: Mapping[str, int] = field(default_factory=dict)
    """What the other workers were making then: how many of them each; nothing where that is not known."""


def run_isolated(
    work: Callable[[Task], Value],
    tasks: Iterable[Task],
    engine: EngineParams,
    *,
    alone: bool = False,
    spare: SpareWorkers | None = None,
) -> Iterator[TaskResult[Task, Value]]:
    """Run ``work`` on every task in worker processes and yield outcomes as they come.

    Args:
        work: a function of a module (workers import it by name); raises ReplayError for a replay it cannot use, ReplayLost for
            one that it cannot work on now.
        tasks: what to work on.
        engine: number of workers, time limit and memory limit of each.
        alone: the only task has the machine to itself, so that a limit that it passes is passed by its own fault. Its limit of
            time is then one of CPU time.
        spare: workers of calls before, which are used again, and left for the next call.

    Raises:
        StageError: the memory of this shell is limited to less than a worker needs, or the machine takes no more processes.
        Exception: whatever ``work`` raises beside ReplayError and ReplayLost ends the run.
    """
    memory = MemoryLimit.of(engine.memory_limit_mb)
    cpu_seconds = engine.timeout_seconds if alone and can_limit_cpu() else None
    timeout = engine.timeout_seconds * (1.0 if cpu_seconds is None else WALL_FACTOR)
    remaining = iter(tasks)
    busy: list[Worker[Task, Value]] = []

    if alone:
        spare = None  # CPU time is counted from the start of a process

    def start() -> Worker[Task, Value]:
        found = spare.take(work, memory.megabytes) if spare is not None else None
        if found is not None:
            return found
        try:
            return Worker(work, memory_limit_mb=memory.megabytes, cpu_seconds=cpu_seconds)
        except OSError as error:
            raise StageError(
                f"this machine starts no further worker process ({error.strerror}); set engine.workers lower"
            ) from error

    def begin(worker: Worker[Task, Value] | None) -> None:
        """Give the next task to a worker, or to a new one; a task more costs one process at most."""
        for task in islice(remaining, 1):
            if worker is None or not worker.is_usable:
                worker = start()
            busy.append(worker)
            worker.give(task, timeout=timeout)
            return
        if worker is not None and spare is not None:
            spare.leave(worker, work, memory.megabytes)
        elif worker is not None:
            worker.stop()

    try:
        for _ in range(engine.workers or os.cpu_count() or 1):
            begin(None)
        while busy:
            for worker in Worker.done(busy):
                result = _ended(worker, memory, timeout, is_last_word=alone)
                begin(worker)  # before the result is used, which may take a while
                busy.remove(worker)  # its first place, where it has a second one now
                yield replace(result, running=Counter(other.step for other in busy if other.step))
    finally:
        for worker in busy:
            worker.stop()


def _ended(
    worker: Worker[Task, Value], memory: MemoryLimit, timeout: float, *, is_last_word: bool
) -> TaskResult[Task, Value]:
    """Return how the task of a worker ended.

    Args:
        worker: is done with it.
        memory: what the worker may use.
        timeout: seconds after which it was stopped.
        is_last_word: the task was tried alone, so a limit of ours that it passed is passed by its own fault.
    """
    task, step = worker.task, worker.step
    ended: ReplayError
    try:
        return TaskResult(task, worker.result())
    except ReplayLost as error:
        return TaskResult(task, None, loss=str(error), is_worth_a_try=False)
    except ReplayError as error:
        if error.reason != Reason.PARSER_MEMORY:
            return TaskResult(task, None, error)
        ended, is_own_fault = error, memory.is_of_settings and memory.megabytes > 0
    except MemoryError:
        detail = (
            f"more than engine.memory_limit_mb allows ({memory.megabytes} MB)"
            if memory.megabytes
            else "this machine has no more memory"
        )
        ended, is_own_fault = (
            UnsupportedReplay(Reason.PARSER_MEMORY, detail),
            memory.is_of_settings and memory.megabytes > 0,
        )
    except WorkerNotStarted:
        ended, is_own_fault = UnsupportedReplay(Reason.PARSER_TIME, "its worker did not start in time"), False
    except TimeoutError:
        ended = UnsupportedReplay(Reason.PARSER_TIME, f"not done after {timeout:g} s")
        is_own_fault = not can_limit_cpu()
    except WorkerDied as error:
        ended, is_own_fault = _died(error.exit_code, memory)
    if is_last_word and is_own_fault:
        return TaskResult(task, None, _of_step(ended, step), step=step)
    return TaskResult(task, None, loss=_of_step(ended, step).detail, step=step)


def _of_step(ended: ReplayError, step: str) -> ReplayError:
    """Return how a worker ended with what it was making, where that is known."""
    return type(ended)(ended.reason, f"{ended.detail}, while making {step}") if step else ended


def _died(exit_code: int, memory: MemoryLimit) -> tuple[ReplayError, bool]:
    """Return how a worker ended, and whether by its own fault."""
    try:
        ended_by = signal.Signals(-exit_code)
    except ValueError:
        return UnsupportedReplay(Reason.PARSER_DIED, f"its worker ended with exit code {exit_code}"), False
    if ended_by.name == "SIGXCPU":
        return UnsupportedReplay(Reason.PARSER_TIME, "not done within engine.timeout_seconds of CPU time"), True
    # Native code that is refused memory aborts.
    is_own_fault = ended_by in _OWN_SIGNALS and (memory.is_of_settings or ended_by != signal.SIGABRT)
    is_refused = ended_by.name == "SIGABRT" and memory.megabytes > 0
    hint = f" ({MAY_BE_MEMORY}, {memory.megabytes} MB)" if is_refused else ""
    return UnsupportedReplay(Reason.PARSER_DIED, f"its worker was ended by {ended_by.name}{hint}"), is_own_fault
