"""The Dask cluster that stages may run their work on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from impulse.config.engine import EngineParams
from impulse.errors import ConfigError, StageError, one_line

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_SECONDS = 30.0

SENDS_BYTES = {"distributed.admin.large-graph-warning-threshold": "1 TiB"}
"""Dask warns of tasks with large arguments, which is what replays are sent as on purpose (:mod:`impulse.run.dask_tasks`)."""


@contextmanager
def connect(engine: EngineParams) -> Iterator[Client]:
    """Give a client of the cluster of the settings, or of one of this machine's processes that ends with the block.

    Raises:
        ConfigError: the packages of Dask are not installed.
        StageError: no scheduler answers; or scheduler or workers are lost while the block uses them.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise ConfigError(
            "engine.kind", f"dask needs the package {error.name}; pip install -e '.[dask]' in the checkout of impulse"
        ) from error
    if engine.address is None:
        workers = engine.workers or os.cpu_count() or 1
        # Its processes end while they have work where the stage ends with an error, and would log that beside the one line of it.
        os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        # A worker starts the parser in a process of its own, which a daemonic process must not.
        with (
            dask.config.set({"distributed.worker.daemon": False, **SENDS_BYTES}),
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
            Client(cluster, set_as_default=False) as client,
            _cluster_errors(),
        ):
            yield client
        return
    try:
        client = Client(engine.address, timeout=CONNECT_TIMEOUT_SECONDS, set_as_default=False)
    except OSError as error:
        raise StageError(f"no Dask scheduler answers at {engine.address} (engine.address): {error}") from error
    with dask.config.set(SENDS_BYTES), client, _cluster_errors():
        log.info("%d Dask workers at %s", len(client.scheduler_info()["workers"]), engine.address)
        yield client


@contextmanager
def _cluster_errors() -> Iterator[None]:
    """Raise a StageError in the place of what Dask raises for workers that died and for a scheduler that went away."""
    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except (KilledWorker, CancelledError, CommClosedError) as error:
        raise _lost(error) from error
    except OSError as error:
        if error.errno is not None and not isinstance(error, ConnectionError):
            raise  # of this machine's disk
        raise _lost(error) from error


def _lost(error: BaseException) -> StageError:
    return StageError(f"the Dask cluster was lost, run again to go on ({one_line(error)})")
