"""Progress to read: a bar on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

log = logging.getLogger(__name__)

LINE_EVERY_SECONDS = 30.0
"""Time between log lines where there is no terminal."""


def with_progress(
    items: Iterable[Item], *, total: int | None, what: str, note: Callable[[], str] | None = None
) -> Iterator[Item]:
    """Pass items on and show how many have come, how fast, and how long the rest will take.

    Args:
        items: what to pass on.
        total: how many there will be, where it is known.
        what: a word for them, in the plural.
        note: tells what else to show beside the figures.
    """
    if sys.stderr.isatty():
        with tqdm(items, total=total, unit=f" {what}", dynamic_ncols=True) as bar:
            for item in bar:
                yield item
                if note is not None:
                    bar.set_postfix_str(note(), refresh=False)
        return
    start = said = time.monotonic()
    for count, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - said < LINE_EVERY_SECONDS:
            continue
        said, rate = now, count / (now - start)
        more = f", {note()}" if note is not None else ""
        speed = f"{rate:.1f}/s" if rate >= 1 else f"{rate * 3600:.0f}/h"
        if total is None:
            log.info("%d %s, %s%s", count, what, speed, more)
        elif count < total:
            log.info("%d of %d %s, %s, %.0f s to go%s", count, total, what, speed, (total - count) / rate, more)
