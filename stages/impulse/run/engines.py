"""Where the work of the parse stage runs: in processes of this machine, or on a Dask cluster. The results are the same.

What is lost on the way is tried again alone, after all others. What is lost once more is said, for the stage to fail.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from impulse.config.engine import EngineKind, EngineParams
from impulse.errors import ImpulseError, StageError
from impulse.run.dask_cluster import connect
from impulse.run.pool import TaskResult, run_isolated

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

Task = TypeVar("Task")
Value = TypeVar("Value")

TASKS_PER_CHUNK = 32
"""Replays that a Dask worker takes at once: enough to make the start of their own process cheap."""

CHUNKS_PER_WORKER = 3
"""Chunks handed to the cluster ahead of time."""

HOPELESS = 10
"""Losses in a row, each alone, after which the rest is not tried again: the machine is ill."""


def run_tasks(
    work: Callable[[Task], Value], tasks: Iterable[Task], engine: EngineParams
) -> Iterator[TaskResult[Task, Value]]:
    """Run ``work`` on every task with the engine of the settings and yield outcomes as they come.

    Raises:
        ConfigError: the engine is dask and its packages are not installed.
        StageError: the cluster cannot be reached, or is lost.
    """
    if engine.kind is EngineKind.local:
        yield from _with_second_try(partial(run_isolated, work, engine=engine), tasks)
        return
    with connect(engine) as client:
        yield from _with_second_try(partial(_run_on_dask, client, work, engine=engine), tasks)


def _with_second_try(
    run: Callable[..., Iterator[TaskResult[Task, Value]]], tasks: Iterable[Task]
) -> Iterator[TaskResult[Task, Value]]:
    """Yield outcomes of ``run(tasks)``, and those of what it lost from ``run([task], alone=True)``."""
    lost = []
    for outcome in run(tasks):
        if outcome.loss and outcome.is_worth_a_try:
            lost.append(outcome)
        else:
            yield outcome
    if lost:
        log.warning("lost on the way: %d (first: %s); each is tried again alone", len(lost), lost[0].loss)
    losses_in_a_row = 0
    for outcome in lost:
        if losses_in_a_row < HOPELESS:
            (outcome,) = run([outcome.task], alone=True)
            losses_in_a_row = losses_in_a_row + 1 if outcome.loss else 0
        yield outcome


def _run_on_dask(
    client: Client,
    work: Callable[[Task], Value],
    tasks: Iterable[Task],
    *,
    engine: EngineParams,
    alone: bool = False,
) -> Iterator[TaskResult[Task, Value]]:
    from distributed import as_completed

    remaining = iter(tasks)
    on_worker = replace(engine, kind=EngineKind.local, address=None, workers=1)
    ahead = max(len(client.scheduler_info()["workers"]), 1) * CHUNKS_PER_WORKER
    running = as_completed(loop=client.loop)
    while True:
        while running.count() < ahead and (chunk := list(islice(remaining, TASKS_PER_CHUNK))):
            running.add(client.submit(_run_chunk, work, chunk, on_worker, alone=alone, pure=False))
        if running.is_empty():
            return
        outcomes = next(running).result()
        if isinstance(outcomes, ImpulseError):
            raise outcomes
        yield from outcomes


def _run_chunk(
    work: Callable[[Task], Value], chunk: list[Task], engine: EngineParams, *, alone: bool
) -> list[TaskResult[Task, Value]] | ImpulseError:
    """Return the outcomes, or the error that ends the run; one that is raised would fill the logs of the cluster."""
    try:
        return list(run_isolated(work, chunk, engine, alone=alone))
    except AssertionError as error:
        if "daemonic" not in str(error):  # the words of multiprocessing
            raise
        return StageError(
            "Dask workers must be able to start processes: start them with DASK_DISTRIBUTED__WORKER__DAEMON=False"
        )
    except ImpulseError as error:
        return error
