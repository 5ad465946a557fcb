"""Some tasks on a worker of a cluster: bytes come, bytes go back. Nothing of the machine that sends is needed there."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impulse.config.engine import EngineKind, EngineParams
from impulse.errors import ImpulseError, ReplayLost, StageError
from impulse.run.pool import TaskResult, run_isolated
from impulse.run.spare import SpareWorkers
from impulse.run.transfer import Transfer

_SPARE = SpareWorkers()


@dataclass(frozen=True, slots=True)
class ChunkResults:
    """How the tasks of a chunk ended."""

    results: Sequence[tuple[TaskResult[int, None], Any]]
    """Each with its number in the chunk in the place of the task, and what is sent back."""
    error: ImpulseError | None = None
    """What ended the run before the others; one that is raised would fill the logs of the cluster."""


def packed_chunk(transfer: Transfer[Any, Any], packed: Sequence[Any], engine: EngineParams, *, alone: bool) -> bytes:
    """Return tasks as one piece of bytes, which a scheduler passes on as it is.

    Args:
        transfer: opens them, and has their work.
        packed: what is sent of each.
        engine: the limits of each.
        alone: the only task is on its last try, as in :func:`impulse.run.pool.run_isolated`.
    """
    there = replace(engine, kind=EngineKind.local, address=None, workers=1)
    return pickle.dumps((transfer, packed, there, alone), protocol=pickle.HIGHEST_PROTOCOL)


def opened_results(content: bytes) -> ChunkResults:
    """Return what :func:`run_chunk` made."""
    results: ChunkResults = pickle.loads(content)
    return results


def run_chunk(content: bytes) -> bytes:
    """Run the tasks of a chunk one after the other; called by a worker of the cluster."""
    transfer, packed, engine, alone = pickle.loads(content)
    results: list[tuple[TaskResult[int, None], Any]] = []
    error: ImpulseError | None = None
    try:
        results.extend(_run(transfer, packed, engine, alone=alone))
    except AssertionError as failure:
        if "daemonic" not in str(failure):  # the words of multiprocessing
            raise
        error = StageError(
            "Dask workers must be able to start processes: start them with DASK_DISTRIBUTED__WORKER__DAEMON=False"
        )
    except ImpulseError as failure:
        error = failure
    return pickle.dumps(ChunkResults(results, error), protocol=pickle.HIGHEST_PROTOCOL)


def _run(
    transfer: Transfer[Any, Any], packed: Sequence[Any], engine: EngineParams, *, alone: bool
) -> Iterator[tuple[TaskResult[int, None], Any]]:
    """Yield how each task ended. Its folder is gone before the next one has its own."""
    with tempfile.TemporaryDirectory(prefix="impulse-", dir=_scratch(), ignore_cleanup_errors=True) as folder:
        for number, each in enumerate(packed):
            place = Path(folder, str(number))
            place.mkdir()
            try:
                task = transfer.opened(each, place)
                (outcome,) = run_isolated(transfer.work, [task], engine, alone=alone, spare=_SPARE)
                sent_back = transfer.sent_back(task, outcome.value)
            except ReplayLost as error:
                yield TaskResult(number, None, loss=str(error)), None
            else:
                yield replace(outcome, task=number, value=None), sent_back
            shutil.rmtree(place, ignore_errors=True)


def _scratch() -> str | None:
    """Return the folder of a worker of Dask, which Dask cleans when the worker was killed; None elsewhere."""
    from distributed import get_worker

    with suppress(ValueError):
        return str(get_worker().local_directory)
    return None
