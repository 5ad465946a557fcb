"""What a run says of what it makes."""

from __future__ import annotations

import logging
from typing import cast

import pytest

from impulse.config.engine import EngineParams
from impulse.errors import ReplayError, UnsupportedReplay
from impulse.parsing.costs import Spent
from impulse.parsing.making import Making, cpu_seconds, report_lacking
from impulse.parsing.work import ParseTask
from impulse.replay.reasons import Reason
from impulse.run.pool import MAY_BE_MEMORY, TaskResult


class Task:
    """Stands for a replay that lacks some products."""

    def __init__(self, *to_make: str) -> None:
        self.to_make = to_make


def outcome(task: Task, **running: int) -> TaskResult:
    return TaskResult(cast(ParseTask, task), None, running=running)


def test_progress_counts_each_product_and_says_what_runs() -> None:
    """A replay that was parsed before has no frames to make; one that is tried twice counts once."""
    new, parsed = Task("frames", "events"), Task("events")
    making = Making(cast(list[ParseTask], [new, parsed, parsed]))
    assert making.announced == "; to make: frames of 1, events of 3"
    assert making.note() == "frames 0 of 1, events 0 of 3"

    making.add(outcome(new, stats=1, events=2))
    assert making.note() == "frames 1 of 1, events 1 of 3; now 2 at events, 1 at stats"
    for task in (parsed, parsed, parsed):
        making.add(outcome(task))
    assert making.note() == "frames 1 of 1, events 3 of 3"
    assert (Making([]).announced, Making([]).note()) == ("", "")


@pytest.mark.parametrize(
    ("errors", "line"),
    [
        ([], None),
        (
            [UnsupportedReplay(Reason.DECODE_FAILED, "no"), UnsupportedReplay(Reason.DECODE_FAILED, "neither")],
            "no stats of 0.replay and 1 more (column refused of the table replays names them): decode_failed: no",
        ),
        (
            [UnsupportedReplay(Reason.DECODE_FAILED, "no"), UnsupportedReplay(Reason.PARSER_MEMORY, "8 bytes")],
            "no stats of 1.replay and 1 more (column refused of the table replays names them): parser_memory: 8 bytes; a higher "
            "engine.memory_limit_mb (4096 now) may help, then `dvc repro --force --single-item parse`",
        ),
        (
            [UnsupportedReplay(Reason.PARSER_DIED, f"SIGABRT ({MAY_BE_MEMORY})")],
            f"no stats of 0.replay: parser_died: SIGABRT ({MAY_BE_MEMORY}); a higher engine.memory_limit_mb (4096 now) may help, "
            "then `dvc repro --force --single-item parse`",
        ),
        ([UnsupportedReplay(Reason.PARSER_DIED, "SIGSEGV")], "no stats of 0.replay: parser_died: SIGSEGV"),
    ],
    ids=["none", "refused", "memory", "aborted", "died"],
)
def test_a_product_that_replays_lack_is_one_line(
    errors: list[ReplayError], line: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """It names the product, and the setting where one may help."""
    with caplog.at_level(logging.WARNING):
        report_lacking("stats", [(f"{number}.replay", error) for number, error in enumerate(errors)], EngineParams())
    assert caplog.messages == ([] if line is None else [line])


def test_processor_time_is_summed_by_product() -> None:
    """Of every source."""
    spent = [
        Spent("local", "frames", 1, 0.5, 1),
        Spent("demo", "frames", 1, 0.25, 1),
        Spent("local", "events", 1, 3.0, 1),
    ]
    assert cpu_seconds(spent) == {"frames": 0.75, "events": 3.0}
