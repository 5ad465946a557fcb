"""Tasks on a Dask cluster: sent as bytes, never more at once than a bound, whatever workers come, go or die.

Bytes go as arguments of Dask tasks. The scheduler holds them until the result is back, so a worker that dies costs a try and
needs nothing of this machine; what is scattered to workers would be gone with them.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from impulse.config.engine import EngineParams
from impulse.errors import ReplayLost, StageError, one_line
from impulse.run.chunk import opened_results, packed_chunk, run_chunk
from impulse.run.pool import TaskResult
from impulse.run.transfer import Transfer

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger(__name__)

Task = TypeVar("Task")
Value = TypeVar("Value")

MB = 1_000_000

TASKS_PER_CHUNK = 32
"""Most replays of a chunk, which is a task of Dask: so many that the scheduler has few of them."""

CHUNK_BYTES = 8 * MB
"""Most bytes of a chunk, but for one of a single replay: what a worker that dies costs, and a result is in memory here."""

CHUNKS_PER_WORKER = 3
"""Chunks handed to the cluster ahead of time, for each thread of its workers."""

TASK_BYTES = 32_000
"""What a task may take beside its replay: its row of the manifest, settings, facts of entries."""

LOOK_SECONDS = 5.0
"""Time between two looks at how many workers there are."""


def run_on_dask(
    client: Client,
    transfer: Transfer[Task, Value],
    tasks: Iterable[Task],
    *,
    engine: EngineParams,
    alone: bool = False,
) -> Iterator[TaskResult[Task, Value]]:
    """Run tasks on the workers of a cluster and yield outcomes as they come.

    Args:
        client: of the cluster.
        transfer: packs tasks, has their work, and takes in what it made.
        tasks: what to work on.
        engine: limits of each task, and of what is on its way.
        alone: the only task is on its last try, as in :func:`impulse.run.pool.run_isolated`.

    Raises:
        Exception: what ends the run, also that the cluster was lost, as Dask says it.
    """
    from distributed import KilledWorker

    waiting = deque(tasks)
    cluster, flight = _Cluster(client), _Flight[Task](engine.in_flight_mb * MB)
    done: SimpleQueue[Future[bytes]] = SimpleQueue()
    while waiting or flight.chunks:
        cluster.look()
        while waiting and len(flight.chunks) < cluster.threads * CHUNKS_PER_WORKER:
            chunk = flight.next_chunk(waiting, transfer, threads=cluster.threads)
            if not chunk:
                cluster.note_bound(len(flight.chunks), engine)
                break
            ready, packed = [], []
            for task in chunk:
                try:
                    packed.append(transfer.packed(task))
                    ready.append(task)
                except ReplayLost as error:
                    yield TaskResult(task, None, loss=str(error), is_worth_a_try=False)
            if ready:
                content = packed_chunk(transfer, packed, engine, alone=alone)
                del packed
                future = client.submit(run_chunk, content, pure=False)
                flight.add(future, ready, transfer)
                del content
                future.add_done_callback(done.put)
        if not flight.chunks:
            continue
        future = _next(done, cluster)
        chunk = flight.chunks[future.key][1]
        try:
            results = opened_results(future.result())
        except KilledWorker:
            yield from (TaskResult(task, None, loss="Dask workers died while they had it") for task in chunk)
        except (ImportError, AttributeError) as error:
            raise StageError(
                f"a Dask worker has another version of impulse, or none ({one_line(error)}); install the one of this machine there, "
                "and start the workers again"
            ) from error
        else:
            for outcome, sent_back in results.results:
                yield _here(chunk[outcome.task], outcome, sent_back, transfer)
            if results.error is not None:
                raise results.error
        flight.remove(future)


def _here(
    task: Task, outcome: TaskResult[int, None], sent_back: object, transfer: Transfer[Task, Value]
) -> TaskResult[Task, Value]:
    """Return how a task ended, with what it made kept on this machine."""
    loss, value = outcome.loss, None
    try:
        value = transfer.taken_in(task, sent_back) if sent_back is not None else None
    except ReplayLost as error:
        loss = loss or str(error)
    return TaskResult(task, value, outcome.error, loss, outcome.is_worth_a_try, outcome.step, outcome.running)


def _next(done: SimpleQueue[Future[bytes]], cluster: _Cluster) -> Future[bytes]:
    """Return the next chunk that has ended, and look at the cluster meanwhile."""
    while True:
        try:
            return done.get(timeout=LOOK_SECONDS)
        except Empty:
            cluster.look()


@dataclass
class _Flight(Generic[Task]):
    """Chunks that are on their way, or worked on, and not back."""

    limit: int
    """Bytes."""
    chunks: dict[Any, tuple[Future[bytes], list[Task], int]] = field(default_factory=dict)
    """By key of Dask: the chunk, its tasks, its bytes."""

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(size for _, _, size in self.chunks.values())

    def next_chunk(self, waiting: deque[Task], transfer: Transfer[Task, Any], *, threads: int) -> list[Task]:
        """Take as many tasks as there is room for; none while the first one has to wait for that.

        A task that is larger than the bound goes when nothing else is on its way.
        """
        room = self.limit - self.size
        share = min(CHUNK_BYTES, self.limit // (threads * CHUNKS_PER_WORKER))
        # The last ones in small chunks, so that the workers end together.
        most = max(1, min(TASKS_PER_CHUNK, len(waiting) // (2 * threads)))
        chunk: list[Task] = []
        size = 0
        while waiting and len(chunk) < most:
            size += transfer.size(waiting[0]) + TASK_BYTES
            if size > room and (chunk or self.chunks):
                break
            if size > share and chunk:
                break
            chunk.append(waiting.popleft())
        return chunk

    def add(self, future: Future[bytes], chunk: list[Task], transfer: Transfer[Task, Any]) -> None:
        self.chunks[future.key] = (future, chunk, sum(transfer.size(task) + TASK_BYTES for task in chunk))

    def remove(self, future: Future[bytes]) -> None:
        del self.chunks[future.key]


class _Cluster:
    """Workers, which may come and go."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.threads = 1
        """How many chunks it can work on at a time; 1 while it has no worker, for adaptive clusters start some when there is work."""
        self._looked = -LOOK_SECONDS
        self._had_workers = True
        self._told_bound = False

    def look(self) -> None:
        """Ask how many workers there are, now and then, and say when there are none."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        threads = sum(self._client.nthreads().values())
        if (threads > 0) != self._had_workers:
            self._had_workers = threads > 0
            if threads:
                log.info("the Dask cluster has workers now, for %d replays at a time", threads)
            else:
                log.info("the Dask cluster has no worker; waiting for one")
        self.threads = max(1, threads)

    def note_bound(self, chunks: int, engine: EngineParams) -> None:
        """Say once that the bound of bytes leaves workers without work."""
        if chunks < self.threads and not self._told_bound:
            self._told_bound = True
            log.info(
                "engine.in_flight_mb: %d MB are work for %d of %d threads of the cluster; more would use all",
                *(engine.in_flight_mb, chunks, self.threads),
            )
