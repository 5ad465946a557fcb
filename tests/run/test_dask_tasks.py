"""What is on its way to a cluster, counted at a client that stands for Dask's: its chunks end in any order, some with a worker."""

from __future__ import annotations

import errno
import logging
import os
import pickle
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from distributed import KilledWorker
from tests.run.worker_killers import work

from impulse.config.engine import EngineParams
from impulse.errors import ConfigError, ReplayLost, StageError
from impulse.run import dask_tasks, spare
from impulse.run.chunk import ChunkResults, opened_results, packed_chunk, run_chunk
from impulse.run.dask_cluster import _cluster_errors
from impulse.run.dask_tasks import MB, run_on_dask
from impulse.run.engines import _with_second_try
from impulse.run.pool import TaskResult, run_isolated
from impulse.run.spare import SpareWorkers
from impulse.run.transfer import Transfer


@dataclass(frozen=True, slots=True)
class Bytes(Transfer[int, int]):
    """Sends a task as so many bytes, and gets half of them back."""

    def size(self, task: int) -> int:
        return task

    def packed(self, task: int) -> bytes:
        if task == 13:
            raise ReplayLost("its file is missing")
        return bytes(task)

    def taken_in(self, task: int, sent_back: bytes) -> int:
        assert len(sent_back) == task // 2
        return task


@dataclass(eq=False)
class Chunk:
    """A future of the client, which ends when somebody waits for it."""

    key: int
    content: bytes
    client: Client
    killed: bool

    def add_done_callback(self, told: Callable[[Chunk], None]) -> None:
        self.client.submitted.append((self, told))

    def result(self) -> bytes:
        if self.client.fails_with is not None:
            raise self.client.fails_with
        if self.killed:
            raise KilledWorker("task", None, 3)  # type: ignore[arg-type]
        _, packed, _, _ = pickle.loads(self.content)
        self.client.done += len(packed)
        return pickle.dumps(
            ChunkResults(
                [(TaskResult(number, None), bytes(len(task) // 2)) for number, task in enumerate(packed)],
                ConfigError("parse.fps", "is out of range") if self.client.done > self.client.fails_after else None,
            )
        )


@dataclass(eq=False)
class Client:
    """Counts bytes from when they are handed over until the next ones are: a result is in the store by then."""

    threads: int | list[int]
    draws: random.Random = field(default_factory=lambda: random.Random(5))
    submitted: list[tuple[Chunk, Callable[[Chunk], None]]] = field(default_factory=list)
    in_flight: dict[int, int] = field(default_factory=dict)
    most: int = 0
    chunks: list[int] = field(default_factory=list)
    kills: float = 0.0
    done: int = 0
    fails_after: float = float("inf")
    fails_with: Exception | None = None

    def nthreads(self) -> dict[str, int]:
        threads = self.threads
        if isinstance(threads, list):
            threads = threads.pop(0) if len(threads) > 1 else threads[0]
        return {f"worker-{number}": 1 for number in range(threads)}

    def submit(self, function: object, content: bytes, *, pure: bool) -> Chunk:
        assert function is run_chunk
        assert not pure
        chunk = Chunk(len(self.chunks), content, self, self.draws.random() < self.kills)
        self.chunks.append(len(pickle.loads(content)[1]))
        self.in_flight[chunk.key] = len(content)
        self.most = max(self.most, sum(self.in_flight.values()))
        return chunk

    def end_one(self) -> Chunk:
        chunk, _ = self.submitted.pop(self.draws.randrange(len(self.submitted)))
        return chunk


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[TaskResult[int, int]]]:
    """Run tasks at a client and return the outcomes; a chunk ends whenever the stage waits."""

    def run(
        client: Client, tasks: list[int], *, alone_too: bool = False, got: Any = None, **settings: Any
    ) -> list[TaskResult[int, int]]:
        def next_one(*_: object) -> Chunk:
            return client.end_one()

        original: Any = dask_tasks._Flight.remove

        def removed(flight: Any, future: Chunk) -> None:
            original(flight, future)
            del client.in_flight[future.key]

        monkeypatch.setattr(dask_tasks, "_next", next_one)
        monkeypatch.setattr(dask_tasks._Flight, "remove", removed)
        engine = replace(EngineParams(), **settings)

        def on_dask(tasks: Any, *, alone: bool = False) -> Iterator[TaskResult[int, int]]:
            return run_on_dask(cast(Any, client), Bytes(cast(Any, work)), tasks, engine=engine, alone=alone)

        outcomes: list[TaskResult[int, int]] = [] if got is None else got
        outcomes.extend(_with_second_try(on_dask, tasks) if alone_too else on_dask(tasks))
        return outcomes

    return run


@pytest.mark.parametrize("threads", [0, 1, 7, 1000])
@pytest.mark.parametrize("limit", [1, 5, 256])
def test_no_more_bytes_are_on_their_way_than_the_bound(fake, threads: int, limit: int) -> None:
    """Whatever the cluster; counted of what is pickled, results taken in or not."""
    client, draws = Client(threads), random.Random(3)
    tasks = [draws.randrange(1_000, 900_000) for _ in range(400)]
    outcomes = fake(client, tasks, in_flight_mb=limit)
    assert sorted(outcome.value for outcome in outcomes) == sorted(tasks)
    assert 0 < client.most <= limit * MB
    assert not client.in_flight
    assert max(client.chunks) <= dask_tasks.TASKS_PER_CHUNK


def test_a_replay_larger_than_the_bound_goes_alone(fake) -> None:
    """It would wait for ever otherwise."""
    client = Client(4)
    outcomes = fake(client, [100_000, 3_000_000, 100_000], in_flight_mb=1)
    assert [outcome.value for outcome in outcomes if outcome.value] == [100_000, 3_000_000, 100_000]
    assert client.chunks == [1, 1, 1]
    assert client.most < 3_100_000


def test_small_replays_make_few_tasks_and_the_last_ones_are_spread(fake) -> None:
    """The scheduler has a task for many of them; at the end each worker has some."""
    client = Client(10)
    fake(client, [1_000] * 10_000)
    assert len(client.chunks) < 10_000 / dask_tasks.TASKS_PER_CHUNK * 1.5
    assert client.chunks[-1] == 1


def test_a_cluster_that_lacks_work_is_told_how_to_get_it(fake, caplog: pytest.LogCaptureFixture) -> None:
    """A bound that leaves workers idle is said once."""
    caplog.set_level(logging.INFO)
    fake(Client(1000), [500_000] * 50, in_flight_mb=5)
    assert caplog.text.count("engine.in_flight_mb: 5 MB are work for 9 of 1000 threads of the cluster") == 1


def test_workers_that_come_and_go_are_noted(fake, caplog: pytest.LogCaptureFixture, monkeypatch) -> None:
    """None at the start is a line, as are the first ones; work is handed over meanwhile, for adaptive clusters wait for it."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(dask_tasks, "LOOK_SECONDS", 0.0)
    fake(Client([0, 0, 0, 0, 8, 8, 8, 8]), [10_000] * 200)
    lines = [line for line in caplog.messages if "Dask cluster" in line]
    assert lines == [
        "the Dask cluster has no worker; waiting for one",
        "the Dask cluster has workers now, for 8 replays at a time",
    ]


def test_workers_that_die_cost_another_try(fake) -> None:
    """A chunk that Dask gives up is tried again replay by replay; what dies then, too, is lost."""
    client = Client(3, kills=0.3)
    tasks = list(range(1000, 1200))
    outcomes = fake(client, tasks, alone_too=True)
    assert sorted(outcome.task for outcome in outcomes) == tasks
    lost = [outcome for outcome in outcomes if outcome.loss]
    assert 0 < len(lost) < 100
    assert {outcome.loss for outcome in lost} == {"Dask workers died while they had it"}


def test_a_file_that_is_missing_is_not_tried_again(fake) -> None:
    """No worker can have it."""
    (outcome,) = fake(Client(2), [13], alone_too=True)
    assert (outcome.loss, outcome.is_worth_a_try) == ("its file is missing", False)


def test_what_came_before_an_error_is_taken_in(fake) -> None:
    """The error ends the run once the results beside it are yielded."""
    client = Client(1, fails_after=0)
    got: list[TaskResult[int, int]] = []
    with pytest.raises(ConfigError, match=r"parse\.fps"):
        fake(client, [2_000] * 100, got=got)
    assert len(got) == client.done > 0


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("No module named 'impulse.run.chunk'"), AttributeError("no attribute 'run_chunk'")]
)
def test_a_worker_that_cannot_find_the_work_is_one_line(fake, error: Exception) -> None:
    """It is about the worker's machine, and not about this one."""
    with pytest.raises(StageError, match=r"a Dask worker has another version of impulse, or none \(.*run_?.?chunk"):
        fake(Client(2, fails_with=error), [1_000] * 3)


@pytest.mark.parametrize(
    "error", [TimeoutError("timed out"), OSError("Timed out trying to connect"), ConnectionResetError(104, "x")]
)
def test_a_scheduler_that_does_not_answer_is_one_line(error: Exception) -> None:
    """Whatever the connection raises; a full disk of this machine is its own fault."""
    with pytest.raises(StageError, match=r"^the Dask cluster was lost, run again to go on"), _cluster_errors():
        raise error
    with pytest.raises(OSError, match="No space left"), _cluster_errors():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_process_is_used_for_the_next_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its start takes longer than a replay; one that died, or idled for long, is replaced."""
    spares = SpareWorkers()

    def one(task: str) -> object:
        (outcome,) = run_isolated(pid_or_end, [task], EngineParams(workers=1), spare=spares)
        return outcome.value

    first = one("pid")
    assert isinstance(first, int)
    assert one("pid") == first
    assert one("end") is None
    monkeypatch.setattr(spare, "IDLE_SECONDS", 0.2)
    second = one("pid")
    assert isinstance(second, int)
    assert second != first
    deadline = time.monotonic() + 30
    while _is_there(second):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not spares._waiting


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_or_end(task: str) -> int:
    """Return the process that works."""
    if task == "end":
        os._exit(3)
    return os.getpid()


def test_a_chunk_ends_with_its_error_and_what_was_done_before() -> None:
    """Results of tasks before the one that ends the run are sent back with it."""
    chunk = packed_chunk(Transfer(work), ["fine-1", "refuse", "lost", "setting", "fine-2"], EngineParams(), alone=False)
    results = opened_results(run_chunk(chunk))
    assert isinstance(results.error, ConfigError)
    assert [(outcome.task, bool(outcome.error), bool(outcome.loss)) for outcome, _ in results.results] == [
        (0, False, False),
        (1, True, False),
        (2, False, True),
    ]
