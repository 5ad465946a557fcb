"""Memory that products take, held against what there is: how many workers have room, and which limit is too low for what."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from impulse.config.engine import EngineParams
from impulse.parsing.costs import MB, Needed, counted
from impulse.run.limits import available_memory_mb, can_limit_memory, workers_that_fit

log = logging.getLogger(__name__)

USABLE_SHARE = 0.9
"""Share of the free memory that workers are planned to take; the stage itself and the system need the rest."""

ADDRESS_MB = 500
"""Address space, which engine.memory_limit_mb limits, that a worker takes beyond its memory: libraries, and room for heaps."""


def fitted(engine: EngineParams, needed: Sequence[Needed]) -> EngineParams:
    """Return the engine with as many workers as there is memory for, where the settings leave their number open.

    A number that is set stays, and a line says when it takes more memory than there is. Nothing is known of other machines, and of
    systems that do not say how much memory is free.

    Args:
        engine: the settings.
        needed: what is to be made of each replay.
    """
    available = available_memory_mb()
    if not needed or engine.address is not None or available is None:
        return engine
    usable = USABLE_SHARE * available
    most = min(engine.workers or os.cpu_count() or 1, len(needed))
    fitting = workers_that_fit(most, [each.memory_mb for each in needed], usable)
    if fitting == most:
        return engine
    largest = max(needed, key=lambda each: each.memory_mb)
    why = (
        f"{largest.heaviest} of the largest replay ({largest.size / MB:.1f} MB) take about {largest.memory_mb:.0f} MB, and "
        f"{available} MB of memory are free"
    )
    if engine.workers:
        log.warning("engine.workers: %d may be too many: %s, enough for %d at once", engine.workers, why, fitting)
        return engine
    log.info("%d workers instead of %d: %s; engine.workers sets another number", fitting, most, why)
    return replace(engine, workers=fitting)


def warn_of_low_limit(engine: EngineParams, needed: Sequence[Needed]) -> None:
    """Say which products will probably pass the limit of memory, before replays are refused for it."""
    limit = engine.memory_limit_mb
    if not limit or not can_limit_memory():
        return
    short: defaultdict[str, list[float]] = defaultdict(list)
    for each in needed:
        if each.memory_mb + ADDRESS_MB > limit:
            short[each.heaviest].append(each.memory_mb + ADDRESS_MB)
    for product, sizes in short.items():
        log.warning(
            "engine.memory_limit_mb: %d MB are probably too few for %s of %s, which take up to %.0f MB (an estimate)",
            *(limit, product, counted(len(sizes)), max(sizes)),
        )
