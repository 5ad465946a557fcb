"""Progress to read: a bar on a terminal, with log lines above it; a log line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

log = logging.getLogger(__name__)

LINE_EVERY_SECONDS = 30.0
"""Time between log lines where there is no terminal."""

_is_silent: ContextVar[bool] = ContextVar("is_silent", default=False)


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
    if not _is_silent.get() and sys.stderr is not None and sys.stderr.isatty():
        with _lines_above_bars(), tqdm(items, total=total, unit=f" {what}", dynamic_ncols=True) as bar:
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


@contextmanager
def shown(*, is_wanted: bool) -> Iterator[None]:
    """Show on stderr what impulse logs while a call of the library takes hours, unless the program shows it already.

    A program that has set up logging for that much decides itself. Where it wants to hear less, its handlers get what they
    would get without this.

    Args:
        is_wanted: False shows nothing, no bar either.
    """
    logger = logging.getLogger("impulse")
    if not is_wanted:
        token = _is_silent.set(True)
        try:
            yield
        finally:
            _is_silent.reset(token)
        return
    if logger.isEnabledFor(logging.INFO) and _has_handlers(logger):
        yield
        return
    level, propagate = logger.level, logger.propagate
    handler = _OnStderr(logger.getEffectiveLevel() if logger.propagate and _has_handlers(logging.getLogger()) else None)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _OnStderr(logging.StreamHandler[TextIO]):
    """Shows records, but for those that the handlers of the program itself are to get."""

    def __init__(self, passed_on_from: int | None) -> None:
        super().__init__(sys.stderr)
        self._passed_on_from = passed_on_from
        self.setFormatter(logging.Formatter("%(asctime)s impulse: %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        if self._passed_on_from is not None and record.levelno >= self._passed_on_from:
            logging.getLogger().handle(record)
        else:
            super().emit(record)


def _has_handlers(logger: logging.Logger) -> bool:
    """Tell whether anybody gets what a logger is told."""
    own = any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers)
    return own or (logger.propagate and logger.parent is not None and _has_handlers(logger.parent))


class _AboveBars:
    """A stream of the terminal, on which whole lines are written above the bars, from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        tqdm.write(text, file=self._stream, end="")

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def _lines_above_bars() -> Iterator[None]:
    """Let the handlers that write to the terminal write above the bars."""
    found = (*logging.getLogger().handlers, *logging.getLogger("impulse").handlers)
    handlers = dict.fromkeys(
        handler
        for handler in found
        if isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.stderr)
    )
    before = [(handler, handler.setStream(_AboveBars(handler.stream))) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in before:
            handler.setStream(stream)
