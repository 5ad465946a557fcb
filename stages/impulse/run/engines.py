"""Where the work of the parse stage runs: in processes of this machine, or on a Dask cluster. The results are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from impulse.config.engine import EngineKind, EngineParams
from impulse.errors import ImpulseError, StageError
from impulse.run.dask_cluster import connect
from impulse.run.pool import TaskResult, run_isolated

Task = TypeVar("Task")
Value = TypeVar("Value")

TASKS_PER_CHUNK = 32
"""Replays that a Dask worker takes at once: enough to make the start of their own process cheap."""

CHUNKS_PER_WORKER = 3
"""Chunks handed to the cluster ahead of time."""


def run_tasks(
    work: Callable[[Task], Value], tasks: Iterable[Task], engine: EngineParams
) -> Iterator[TaskResult[Task, Value]]:
    """Run ``work`` on every task with the engine of the settings and yield outcomes as they come.

    Raises:
        ConfigError: the engine is dask and its packages are not installed.
        StageError: the cluster cannot be reached, or is lost.
    """
    if engine.kind is EngineKind.local:
        yield from run_isolated(work, tasks, engine)
    else:
        yield from _run_on_dask(work, tasks, engine)


def _run_on_dask(
    work: Callable[[Task], Value], tasks: Iterable[Task], engine: EngineParams
) -> Iterator[TaskResult[Task, Value]]:
    from distributed import as_completed

    remaining = iter(tasks)
    on_worker = replace(engine, kind=EngineKind.local, address=None, workers=1)
    with connect(engine) as client:
        ahead = max(len(client.scheduler_info()["workers"]), 1) * CHUNKS_PER_WORKER
        running = as_completed(loop=client.loop)
        while True:
            while running.count() < ahead and (chunk := list(islice(remaining, TASKS_PER_CHUNK))):
                running.add(client.submit(_run_chunk, work, chunk, on_worker, pure=False))
            if running.is_empty():
                return
            outcomes = next(running).result()
            if isinstance(outcomes, ImpulseError):
                raise outcomes
            yield from outcomes


def _run_chunk(
    work: Callable[[Task], Value], chunk: list[Task], engine: EngineParams
) -> list[TaskResult[Task, Value]] | ImpulseError:
    """Return the outcomes, or the error that ends the run; one that is raised would fill the logs of the cluster."""
    try:
        return list(run_isolated(work, chunk, engine))
    except AssertionError as error:
        if "daemonic" not in str(error):  # the words of multiprocessing
            raise
        return StageError(
            "Dask workers must be able to start processes: start them with DASK_DISTRIBUTED__WORKER__DAEMON=False"
        )
    except ImpulseError as error:
        return error
