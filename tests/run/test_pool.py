from __future__ import annotations

import multiprocessing

import pytest
from tests.run.worker_killers import work

from impulse.config.engine import EngineParams
from impulse.run.pool import run_isolated

ENGINE = EngineParams(workers=2, timeout_seconds=3.0, memory_limit_mb=4096)


@pytest.mark.slow
def test_a_killer_costs_exactly_its_own_replay() -> None:
    """Hang, abort, kill, exit, memory and panic each end one task with a reason of its own; all others are done."""
    reasons = {"hang": "worker_timeout", "abort": "worker_died", "killed": "worker_died", "exit": "worker_died",
             "memory": "out_of_memory", "panic": "parser_panic", "refuse": "body_crc_mismatch"}  # fmt: skip
    tasks = [name for killer in reasons for name in (f"fine-before-{killer}", killer, f"fine-after-{killer}")]
    outcomes = {outcome.task: outcome.error for outcome in run_isolated(work, tasks, ENGINE)}

    assert set(outcomes) == set(tasks)
    for task, error in outcomes.items():
        assert (error.reason if error else None) == reasons.get(task), task


@pytest.mark.slow
def test_a_defect_of_the_program_ends_the_run() -> None:
    """An error that is not about a replay is not counted as one."""
    with pytest.raises(ZeroDivisionError):
        list(run_isolated(work, ["fine-1", "defect"], ENGINE))


def test_no_task_needs_no_worker() -> None:
    """An empty run ends at once."""
    assert list(run_isolated(work, [], ENGINE)) == []


def test_one_task_starts_one_worker() -> None:
    """A replay more costs one process, however many there may be."""
    for outcome in run_isolated(work, ["fine"], ENGINE):
        assert outcome.error is None
        assert len(multiprocessing.active_children()) == 1
