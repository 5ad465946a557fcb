"""Where parts of a dataset are written: by threads of this machine, whatever the engine.

Threads are enough here: the code that takes time (Arrow and its codecs) runs without Python's lock. A cluster would be no help:
all frames are here, and sending them takes longer than writing them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from impulse.config.engine import EngineParams
from impulse.export.parts import ExportPlan, OutputPart
from impulse.files.records import Entry
from impulse.files.store import Store

Item = TypeVar("Item")
Result = TypeVar("Result")


def stored_parts(
    parts: Sequence[OutputPart], plan: ExportPlan, store: Store, engine: EngineParams
) -> tuple[list[Entry], int]:
    """Return the entry of every part, and how many had to be written.

    Args:
        parts: the parts of a dataset.
        plan: how they are written.
        store: has the parts of earlier runs.
        engine: how many workers write them, which changes no byte.

    Raises:
        StageError: a replay's frames are not what parse wrote.
    """
    keys = [plan.key(part) for part in parts]
    found = {key: entry for key in dict.fromkeys(keys) if (entry := store.get(key)) is not None}
    missing = {key: part for key, part in zip(keys, parts, strict=True) if key not in found}
    found |= zip(
        missing, on_threads(lambda part: plan.stored(part, store), list(missing.values()), engine), strict=True
    )
    return [found[key] for key in keys], len(missing)


def on_threads(work: Callable[[Item], Result], items: Sequence[Item], engine: EngineParams) -> list[Result]:
    """Return what ``work`` makes of each item; the first error ends it, once what is under way is done."""
    if not items:
        return []
    workers = min(engine.workers or os.cpu_count() or 1, len(items))
    with ThreadPoolExecutor(workers, thread_name_prefix="export") as pool:
        running = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in running]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
