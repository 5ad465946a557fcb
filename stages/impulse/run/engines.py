"""Where the work of the parse stage runs: in processes of this machine, or on a Dask cluster. The results are the same.

What is lost on the way is tried again alone, after all others. What is lost once more is said, for the stage to fail.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from impulse.config.engine import EngineKind, EngineParams
from impulse.run.dask_cluster import connect
from impulse.run.dask_tasks import run_on_dask
from impulse.run.pool import TaskResult, run_isolated
from impulse.run.transfer import Transfer

log = logging.getLogger(__name__)

Task = TypeVar("Task")
Value = TypeVar("Value")

HOPELESS = 10
"""Losses in a row, each alone, after which the rest is not tried again: the machine is ill."""


def run_tasks(
    work: Callable[[Task], Value],
    tasks: Iterable[Task],
    engine: EngineParams,
    transfer: Transfer[Task, Value] | None = None,
) -> Iterator[TaskResult[Task, Value]]:
    """Run ``work`` on every task with the engine of the settings and yield outcomes as they come.

    Args:
        work: a function of a module, as for :func:`impulse.run.pool.run_isolated`.
        tasks: what to work on.
        engine: the settings.
        transfer: sends tasks to other machines, with the work that is done there; None for tasks that can go as they are.

    Raises:
        ConfigError: the engine is dask and its packages are not installed.
        StageError: the cluster cannot be reached, or is lost.
    """
    if engine.kind is EngineKind.local:
        yield from _with_second_try(partial(run_isolated, work, engine=engine), tasks)
        return
    with connect(engine) as client:
        yield from _with_second_try(partial(run_on_dask, client, transfer or Transfer(work), engine=engine), tasks)


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
