"""What a run makes: how far that is, for whoever waits for it, and what it took."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from impulse.config.engine import EngineParams
from impulse.errors import ReplayError
from impulse.parsing.costs import FRAMES, Needed, Spent, cost_name
from impulse.parsing.work import ParseTask, Results
from impulse.replay.reasons import Reason
from impulse.run.pool import MAY_BE_MEMORY, TaskResult
from impulse.tables.on_request import REFUSED

log = logging.getLogger(__name__)

Ended = Sequence[tuple[Results, ReplayError | None]]
"""Of each task, what there is of its replay, or why this run cannot use it."""


class Making:
    """Products of a run: how many are to be made and done with, and what workers are at."""

    def __init__(self, tasks: Iterable[ParseTask]) -> None:
        """Count what is to be made.

        Args:
            tasks: those that are not done.
        """
        self._total = Counter(name for task in tasks for name in task.to_make)
        self._done: Counter[str] = Counter()
        self._running: Mapping[str, int] = {}

    @property
    def announced(self) -> str:
        """What is to be made, as the end of a line; empty where there is nothing."""
        parts = (f"{name} of {count}" for name, count in self._total.items())
        return f"; to make: {', '.join(parts)}" if self._total else ""

    def add(self, outcome: TaskResult[ParseTask, Results]) -> None:
        """Take note of a replay that is done with."""
        self._done.update(outcome.task.to_make)
        self._running = outcome.running

    def note(self) -> str:
        """Return how many of each product are done with, and what workers make now, where that is known."""
        counts = [f"{name} {min(self._done[name], total)} of {total}" for name, total in self._total.items()]
        now = [f"{count} at {name}" for name, count in sorted(self._running.items())]
        return ", ".join(counts) + (f"; now {', '.join(now)}" if now else "")


def report_lacking(what: str, replays: Sequence[tuple[str, ReplayError]], engine: EngineParams) -> None:
    """Say in one line which replays lack a product, and which setting may save them where that is one of memory.

    Args:
        what: the product.
        replays: path in the source of each, and why.
        engine: limits of this run.
    """
    if not replays:
        return
    # One that a setting may save comes first, as it is the one to act on.
    path, why = next((each for each in replays if is_of_memory(each[1])), replays[0])
    others = f" and {len(replays) - 1} more" if len(replays) > 1 else ""
    if others and what != FRAMES:  # a replay without frames is a reject, and named there
        others += f" (column {REFUSED.name} of the table replays names them)"
    hint = (
        f"; a higher engine.memory_limit_mb ({engine.memory_limit_mb} now) may help, then `dvc repro --force --single-item parse`"
        if is_of_memory(why) and engine.memory_limit_mb
        else ""
    )
    log.warning("no %s of %s%s: %s%s", what, path, others, why, hint)


def is_of_memory(error: ReplayError) -> bool:
    """Tell whether a worker ended because it may not have more memory; native code aborts then."""
    return error.reason == Reason.PARSER_MEMORY or (
        error.reason == Reason.PARSER_DIED and MAY_BE_MEMORY in error.detail
    )


def needed_of(task: ParseTask) -> Needed:
    """Return what is to be made of a replay, by its costs."""
    return Needed([cost_name(name, task.params) for name in task.to_make], task.manifest["bytes"])


def spent_on(tasks: Sequence[ParseTask], ended: Ended) -> Iterator[Spent]:
    """Yield what each product took that was made now and is one, not a refusal."""
    for task, (results, _) in zip(tasks, ended, strict=True):
        entries = {"frames": results.frames, **results.on_request}
        for name, seconds in results.made.items():
            entry = entries.get(name)
            if entry is not None and entry.files:
                kept = sum(file.bytes for file in entry.files.values())
                yield Spent(
                    task.manifest["source"], cost_name(name, task.params), task.manifest["bytes"], seconds, kept
                )


def cpu_seconds(spent: Iterable[Spent]) -> dict[str, float]:
    """Return the CPU time of each product, s."""
    sums: defaultdict[str, float] = defaultdict(float)
    for each in spent:
        sums[each.product] += each.seconds
    return {name: round(seconds, 2) for name, seconds in sums.items()}
