"""Where the work of the parse stage runs: in processes of this machine, or on a Dask cluster. The results are the same."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from impulse.config.params import EngineKind, EngineParams
from impulse.errors import ConfigError, StageError
from impulse.parsing.pool import Outcome, run_isolated

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

Task = TypeVar("Task")

TASKS_PER_CHUNK = 32
"""Replays that a Dask worker takes at once: enough to make the start of their own process cheap."""

CHUNKS_PER_WORKER = 3
"""Chunks handed to the cluster ahead of time."""

CONNECT_TIMEOUT_SECONDS = 30.0


def run_tasks(work: Callable[[Task], None], tasks: Iterable[Task], engine: EngineParams) -> Iterator[Outcome[Task]]:
    """Run ``work`` on every task with the engine of the settings and yield outcomes as they come.

    Raises:
        ConfigError: the engine is dask and its packages are not installed.
        StageError: the cluster cannot be reached or used.
    """
    if engine.kind is EngineKind.local:
        yield from run_isolated(work, tasks, engine)
    else:
        yield from _run_on_dask(work, tasks, engine)


def _run_on_dask(work: Callable[[Task], None], tasks: Iterable[Task], engine: EngineParams) -> Iterator[Outcome[Task]]:
    from distributed import as_completed

    remaining = iter(tasks)
    on_worker = replace(engine, kind=EngineKind.local, address=None, workers=1)
    with _connect(engine) as client:
        ahead = max(len(client.scheduler_info()["workers"]), 1) * CHUNKS_PER_WORKER
        running = as_completed(loop=client.loop)
        while True:
            while running.count() < ahead and (chunk := list(islice(remaining, TASKS_PER_CHUNK))):
                running.add(client.submit(_run_chunk, work, chunk, on_worker, pure=False))
            if running.is_empty():
                return
            yield from next(running).result()


@contextmanager
def _connect(engine: EngineParams) -> Iterator[Client]:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise ConfigError("engine.kind", f"dask needs the package {error.name}; pip install 'impulse[dask]'") from error
    if engine.address is None:
        workers = engine.workers or os.cpu_count() or 1
        # A worker starts the parser in a process of its own, which a daemonic process must not.
        with (
            dask.config.set({"distributed.worker.daemon": False}),
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    try:
        client = Client(engine.address, timeout=CONNECT_TIMEOUT_SECONDS, set_as_default=False)
    except OSError as error:
        raise StageError(f"no Dask scheduler answers at {engine.address} (engine.address): {error}") from error
    with client:
        log.info("%d Dask workers at %s", len(client.scheduler_info()["workers"]), engine.address)
        yield client


def _run_chunk(work: Callable[[Task], None], chunk: list[Task], engine: EngineParams) -> list[Outcome[Task]]:
    try:
        return list(run_isolated(work, chunk, engine))
    except AssertionError as error:
        raise StageError(
            "Dask workers must be able to start processes: start them with DASK_DISTRIBUTED__WORKER__DAEMON=False"
        ) from error
