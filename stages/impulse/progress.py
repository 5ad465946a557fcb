"""Progress for people: a bar on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

log = logging.getLogger(__name__)

LINE_EVERY_SECONDS = 30.0
"""Time between log lines where there is no terminal."""


def with_progress(items: Iterable[Item], *, total: int | None, what: str) -> Iterator[Item]:
    """Pass items on and show how many have come, how fast, and how long the rest will take."""
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, unit=f" {what}", dynamic_ncols=True)
        return
    start = said = time.monotonic()
    for count, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - said < LINE_EVERY_SECONDS:
            continue
        said, rate = now, count / (now - start)
        if total is None:
            log.info("%d %s, %.1f/s", count, what, rate)
        elif count < total:
            log.info("%d of %d %s, %.1f/s, %.0f s to go", count, total, what, rate, (total - count) / rate)
