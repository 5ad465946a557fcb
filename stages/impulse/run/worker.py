"""One worker process with a pipe of its own, so that its end, at whatever moment, concerns no other.

A pool whose workers share a queue and its locks loses tasks, or waits for ever, when one is killed while it holds them.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.resource_tracker
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from impulse.errors import ReplayError, ReplayLost, UnsupportedReplay
from impulse.replay.reasons import Reason
from impulse.run.limits import limit_cpu, limit_memory

Task = TypeVar("Task")
Value = TypeVar("Value")

START_SECONDS = 120.0
"""How long a worker may take to load what it works with, before the time of its first task begins."""

_STARTED = "started"
"""What a worker sends when the time of a task begins."""

_tell: Callable[[object], object] | None = None
"""Sends a message to the stage, in a worker; None elsewhere."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a worker sends when it goes on to another part of its task."""

    name: str


def say_step(name: str) -> None:
    """Let the stage know what this worker is making now, for its progress and in case it dies of that.

    Nothing happens outside of a worker.
    """
    if _tell is not None:
        _tell(_Step(name))


class WorkerNotStarted(Exception):
    """The process was not ready for its task in time."""


class WorkerDied(Exception):
    """The process ended before its task did."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code
        """As :mod:`multiprocessing` gives it: minus the number of the signal that ended it."""


class Worker(Generic[Task, Value]):
    """A process that works on one task at a time."""

    task: Task
    """What it was given last."""

    def __init__(self, work: Callable[[Task], Value], *, memory_limit_mb: int, cpu_seconds: float | None) -> None:
        """Start it.

        Args:
            work: a function of a module; the process imports it by name.
            memory_limit_mb: address space that it may ask for; 0 sets no limit.
            cpu_seconds: CPU time that it may take in all; None sets no limit.

        Raises:
            OSError: this machine has no room for another process.
        """
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, work, memory_limit_mb, cpu_seconds), daemon=True)
        try:
            with _uninterrupted():
                self._process.start()
        finally:
            there.close()
        self._deadline = self._timeout = 0.0
        self._has_started = False
        self.step = ""
        """What it is making, or was when it ended; empty where its work does not say."""
        self._answer: tuple[bool, Any] = (False, None)
        self.is_usable = True
        """It may be given another task."""

    def give(self, task: Task, *, timeout: float) -> None:
        """Give it a task. A worker that has died is done with it at once.

        Args:
            task: what to work on.
            timeout: seconds after which it is ended, from when it begins.
        """
        self.task, self._timeout, self.step = task, timeout, ""
        self._deadline, self._has_started = time.monotonic() + START_SECONDS, False
        with suppress(OSError), self._killed_at_deadline():
            self._connection.send(task)

    @staticmethod
    def done(workers: Collection[Worker[Task, Value]]) -> list[Worker[Task, Value]]:
        """Wait until some of these workers, each of which has a task, have a result, are dead, or are out of time."""
        found: list[Worker[Task, Value]] = []
        while workers and not found:
            left = min(worker._deadline for worker in workers) - time.monotonic()
            ready = wait([worker._connection for worker in workers], timeout=max(0.0, left))
            found = [worker for worker in workers if worker._connection in ready and worker._has_answered()]
            now = time.monotonic()
            for worker in workers:
                if worker._deadline <= now and worker not in found:
                    worker.stop()
                    worker._answer = (False, worker._too_late())
                    found.append(worker)
        return found

    def _too_late(self) -> Exception:
        return TimeoutError() if self._has_started else WorkerNotStarted()

    @contextmanager
    def _killed_at_deadline(self) -> Iterator[None]:
        """Do not wait longer for a process that is stopped in the middle of a message."""
        timer = threading.Timer(max(self._deadline - time.monotonic(), 0.0), self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def result(self) -> Value:
        """Return what the work gave, once the worker is done.

        Raises:
            TimeoutError: it was not done in time, and is ended.
            WorkerNotStarted: it did not even begin, and is ended.
            WorkerDied: its process ended.
            Exception: what the work raised; a panic of native code, which is no Exception, as :class:`UnsupportedReplay`.
        """
        is_value, answer = self._answer
        if not is_value:
            raise answer
        value: Value = answer
        return value

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self.is_usable and self._process.is_alive()

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self.is_usable:
            self.is_usable = False
            self._process.kill()
            self._process.join()
            # It has ended, but where another thread of this program waited for it, close() cannot know.
            with suppress(ValueError):
                self._process.close()
            self._connection.close()

    def _has_answered(self) -> bool:
        """Read what the process sent; tell whether its task has ended."""
        try:
            with self._killed_at_deadline():
                message = self._connection.recv()
        except (EOFError, OSError):  # in the middle of a message too
            self._process.join()
            is_late = time.monotonic() >= self._deadline
            self._answer = (False, self._too_late() if is_late else WorkerDied(self._process.exitcode or 0))
            self.stop()
            return True
        if message == _STARTED:
            self._deadline, self._has_started = time.monotonic() + self._timeout, True
            return False
        if isinstance(message, _Step):
            self.step = message.name
            return False
        self._answer = message
        return True


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach: it is for the stage, which hears of it once the process is there."""
    heard: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    # A process inherits what is blocked. The stage's own threads may take the signal all the same, so it is noted, too.
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    blocked = _block_interrupts()
    try:
        yield
    finally:
        if blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, handler)
        if heard:
            handler(signal.SIGINT, None)


def _block_interrupts() -> set[int | signal.Signals] | None:
    """Return what was blocked before; None where nothing can be."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    multiprocessing.resource_tracker.ensure_running()  # its start lets Ctrl-C in again
    return signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _serve(connection: Connection, work: Callable[[Any], Any], memory_limit_mb: int, cpu_seconds: float | None) -> None:
    """Work until nobody is at the other end of the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it was not blocked at the start
    _prepare(memory_limit_mb, cpu_seconds)
    global _tell  # a worker is a process
    _tell = connection.send
    with suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            connection.send(_STARTED)
            answer = _answer(work, task)
            try:
                connection.send(answer)
            except MemoryError as error:
                connection.send((False, error))
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                connection.send((False, RuntimeError(f"{answer[1]!r} cannot be sent to the stage: {error}")))


def _answer(work: Callable[[Any], Any], task: Any) -> tuple[bool, Any]:  # noqa: ANN401 - any task
    """Return whether the work gave a value, and the value or what it raised."""
    try:
        return True, work(task)
    except (ReplayError, ReplayLost, MemoryError) as error:
        return False, error
    except Exception as error:  # noqa: BLE001 - sent to the stage, which raises it
        error.add_note(f"in a worker:\n{traceback.format_exc()}")
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # noqa: BLE001 - many an exception cannot be made from its own arguments
            return False, RuntimeError(traceback.format_exc())
        return False, error
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of native code is no Exception, and concerns one replay
        return False, UnsupportedReplay(Reason.PARSER_PANIC, str(error) or type(error).__name__)


def _prepare(memory_limit_mb: int, cpu_seconds: float | None) -> None:
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    if memory_limit_mb:
        limit_memory(memory_limit_mb)
    if cpu_seconds is not None:
        limit_cpu(cpu_seconds)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when the stage was killed, also in the middle of a task."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
