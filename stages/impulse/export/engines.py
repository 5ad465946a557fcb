"""Where parts of a dataset are written: by threads of this machine, or on a Dask cluster. The bytes are the same.

Threads are enough here: the code that takes time (Arrow and its codecs) runs without Python's lock.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from impulse.config.engine import EngineKind, EngineParams
from impulse.export.pieces import Piece, Recipe
from impulse.export.store import ExportStore
from impulse.run.dask_cluster import connect


def write_pieces(missing: Mapping[str, Piece], recipe: Recipe, store: ExportStore, engine: EngineParams) -> None:
    """Write parts into the store; on a cluster its folder must be on a file system that the workers share.

    Args:
        missing: parts by their keys.
        recipe: what they share.
        store: receives them.
        engine: where and by how many workers.

    Raises:
        StageError: a replay's frames are not what parse wrote, or the cluster cannot be reached.
    """
    if not missing:
        return
    if engine.kind is EngineKind.local:
        workers = min(engine.workers or os.cpu_count() or 1, len(missing))
        with ThreadPoolExecutor(workers, thread_name_prefix="export") as pool:
            running = [pool.submit(_write, key, piece, recipe, store) for key, piece in missing.items()]
            try:
                for future in running:
                    future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return
    with connect(engine) as client:
        client.gather([client.submit(_write, key, piece, recipe, store, pure=False) for key, piece in missing.items()])


def _write(key: str, piece: Piece, recipe: Recipe, store: ExportStore) -> None:
    store.write(key, lambda folder: piece.write(recipe, folder))
