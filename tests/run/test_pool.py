from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.paths import ROOT, STAGES
from tests.run.worker_killers import work

from impulse.config.engine import EngineParams
from impulse.errors import ConfigError, StageError
from impulse.run.limits import MemoryLimit
from impulse.run.pool import run_isolated
from impulse.run.worker import Worker

ENGINE = EngineParams(workers=2, timeout_seconds=3.0, memory_limit_mb=4096)


@pytest.mark.slow
def test_a_killer_costs_exactly_its_own_replay() -> None:
    """Each way to end loses one task, or refuses it where nothing else can be the cause; all others are done."""
    killers = ["hang", "busy", "abort", "killed", "exit", "memory", "lost", "panic", "refuse"]
    tasks = [name for killer in killers for name in (f"fine-before-{killer}", killer, f"fine-after-{killer}")]
    ended = list(run_isolated(work, tasks, ENGINE))
    outcomes = {outcome.task: outcome for outcome in ended}

    assert sorted(outcome.task for outcome in ended) == sorted(tasks)
    refused = {task: outcome.error.reason for task, outcome in outcomes.items() if outcome.error}
    assert refused == {"panic": "parser_panic", "refuse": "body_crc_mismatch"}
    assert {task for task, outcome in outcomes.items() if outcome.loss} == {*killers} - {*refused}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "reason", "loss"),
    [
        ("busy", "parser_time", ""),
        ("abort", "parser_died", ""),
        ("memory", "parser_memory", ""),
        ("hang", None, "not done after 4 s"),
        ("killed", None, "its worker was ended by SIGKILL"),
        ("exit", None, "its worker ended with exit code 3"),
        ("lost", None, "its file is missing"),
    ],
)
def test_alone_a_replay_is_at_fault_for_our_own_limits_and_no_others(task: str, reason: str | None, loss: str) -> None:
    """CPU time, memory and an abort are its own; a kill, an exit and a hang without CPU time may be the machine's."""
    engine = replace(ENGINE, timeout_seconds=1.0)
    (outcome,) = run_isolated(work, [task], engine, alone=True)
    assert (outcome.error and outcome.error.reason, outcome.loss) == (reason, loss)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "detail"),
    [
        ("step-memory-frames-stats", "more than engine.memory_limit_mb allows (4096 MB), while making stats"),
        (
            "step-abort-frames-events",
            "its worker was ended by SIGABRT (as native code ends that asks for more memory than engine.memory_limit_mb allows, "
            "4096 MB), while making events",
        ),
    ],
)
def test_what_a_worker_was_making_when_it_ended_is_said(task: str, detail: str) -> None:
    """The product, and the setting that it may have passed."""
    (outcome,) = run_isolated(work, [task], ENGINE, alone=True)
    assert outcome.error is not None
    assert (outcome.error.detail, outcome.step) == (detail, task.rpartition("-")[2])


@pytest.mark.slow
def test_what_other_workers_make_is_told_with_each_result() -> None:
    """Until their tasks end; a worker that goes on to another task has not begun anything."""
    engine = replace(ENGINE, workers=3, timeout_seconds=8.0)
    first, *others = run_isolated(work, ["fine", "step-hang-frames-stats", "step-hang-frames"], engine)
    steps = [first.running, *(outcome.running for outcome in others)]
    assert all(running.keys() <= {"stats", "frames"} and sum(running.values()) <= 2 for running in steps)
    assert {outcome.step for outcome in others} == {"stats", "frames"}
    assert steps[1] in ({"stats": 1}, {"frames": 1}, {})
    assert steps[2] == {}


def test_a_step_outside_of_a_worker_is_nothing() -> None:
    """Whoever calls the work himself sees no difference."""
    assert work("step-fine-frames") is None


@pytest.mark.slow
def test_a_machine_without_memory_is_no_fault_of_a_replay() -> None:
    """Where the settings give no limit, none of them was passed."""
    unlimited = replace(ENGINE, memory_limit_mb=0)
    (outcome,) = run_isolated(work, ["memory"], unlimited, alone=True)
    assert (outcome.error, outcome.loss) == (None, "this machine has no more memory")


def test_the_lower_limit_of_a_shell_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nobody's fault but the machine's then, and one that is too small ends the run before anything starts."""
    soft = 2048 * 1024 * 1024
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, resource.RLIM_INFINITY))
    assert MemoryLimit.of(4096) == MemoryLimit(2048, is_of_settings=False)
    assert MemoryLimit.of(0) == MemoryLimit(2048, is_of_settings=False)
    assert MemoryLimit.of(1024) == MemoryLimit(1024, is_of_settings=True)
    soft = 500 * 1024 * 1024
    with pytest.raises(StageError, match="limited to 500 MB"):
        list(run_isolated(work, ["fine"], ENGINE))


@pytest.mark.slow
def test_a_defect_of_the_program_ends_the_run() -> None:
    """An error that is not about a replay is not counted as one."""
    with pytest.raises(ZeroDivisionError):
        list(run_isolated(work, ["fine-1", "defect"], ENGINE))
    with pytest.raises(ConfigError, match=r"^parse\.fps: is out of range$"):
        list(run_isolated(work, ["setting"], ENGINE))


def test_no_task_needs_no_worker() -> None:
    """An empty run ends at once."""
    assert list(run_isolated(work, [], ENGINE)) == []


def test_one_task_starts_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay more costs one process, however many there may be, and none is left."""
    started: list[str] = []

    class Counted(Worker[str, object]):
        def give(self, task: str, *, timeout: float) -> None:
            started.extend(child.name for child in multiprocessing.active_children())
            super().give(task, timeout=timeout)

    monkeypatch.setattr("impulse.run.pool.Worker", Counted)
    (outcome,) = run_isolated(work, ["fine"], ENGINE)
    assert outcome.error is None
    assert len(started) == 1
    assert not multiprocessing.active_children()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["start", "work"])
def test_workers_that_are_killed_at_any_moment_never_stop_a_run(moment: str) -> None:
    """Each task has a result or is lost; the run ends."""
    killed = 0

    def kill() -> None:
        # Not by multiprocessing.active_children(): it takes the exit code away from the thread that waits for it.
        nonlocal killed
        while killed < 6 and not ended.wait(0.001):
            for child in psutil.Process().children():
                if child.pid not in bystanders and (moment == "work" or child.pid not in seen):
                    seen.add(child.pid)
                    with suppress(psutil.NoSuchProcess):
                        child.kill()
                        killed += 1

    multiprocessing.resource_tracker.ensure_running()  # it outlives the run
    bystanders = {child.pid for child in psutil.Process().children()}
    seen: set[int] = set()
    ended = threading.Event()
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    tasks = [f"fine-{number}" for number in range(200)]
    outcomes = list(run_isolated(work, tasks, ENGINE))
    ended.set()
    killer.join()
    assert sorted(outcome.task for outcome in outcomes) == sorted(tasks)
    assert {outcome.loss for outcome in outcomes} <= {"", "its worker was ended by SIGKILL"}
    assert killed >= 1


def test_what_cannot_be_sent_is_said() -> None:
    """A result or error that pickle refuses is a defect of the program, and nobody waits for it."""
    with pytest.raises(RuntimeError, match="cannot be sent to the stage"):
        list(run_isolated(work, ["unsendable"], ENGINE))
    with pytest.raises(RuntimeError, match="Unsendable: no, three arguments"):
        list(run_isolated(work, ["unsendable-error"], ENGINE))


@pytest.mark.slow
@pytest.mark.parametrize("task", ["fine", "fine-" + "x" * 3_000_000])
def test_a_worker_that_does_not_start_is_no_fault_of_its_replay(monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    """It was stopped before it could read, also in the middle of a long task; also where CPU time has no limit."""
    monkeypatch.setattr("impulse.run.worker.START_SECONDS", 0.5)
    monkeypatch.setattr("impulse.run.pool.can_limit_cpu", lambda: False)

    class Stopped(Worker[str, object]):
        def give(self, task: str, *, timeout: float) -> None:
            for child in multiprocessing.active_children():
                os.kill(child.pid or 0, signal.SIGSTOP)
            super().give(task, timeout=timeout)

    monkeypatch.setattr("impulse.run.pool.Worker", Stopped)
    (outcome,) = run_isolated(work, [task], ENGINE, alone=True)
    assert (outcome.error, outcome.loss) == (None, "its worker did not start in time")


@pytest.mark.slow
def test_a_worker_that_stops_in_the_middle_of_its_answer_is_waited_for_as_long_as_any() -> None:
    """Nothing reads on from it, and no other worker waits for it."""
    outcomes = {outcome.task: outcome for outcome in run_isolated(work, ["stutter", "fine-1", "fine-2"], ENGINE)}
    assert {task: outcome.loss for task, outcome in outcomes.items() if outcome.loss} == {
        "stutter": "not done after 3 s"
    }


def test_a_machine_without_room_for_a_worker_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """File descriptors, processes or memory are at their end."""

    def no_room(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("multiprocessing.context.SpawnProcess._Popen", no_room)
    with pytest.raises(
        StageError, match=r"starts no further worker process \(Too many open files\); set engine.workers"
    ):
        list(run_isolated(work, ["fine"], ENGINE))


@pytest.mark.slow
def test_ctrl_c_reaches_the_stage_and_no_worker_that_starts(tmp_path: Path) -> None:
    """Else each that is starting would print a traceback."""
    (tmp_path / "program.py").write_text(
        "import sys; from impulse.run.program import one_line_errors; from impulse.run.pool import run_isolated\n"
        "from impulse.config.engine import EngineParams; from tests.run.worker_killers import work\n"
        "import signal\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell in the background ignores it
        "    with one_line_errors('parse'):\n"
        "        print('begin', flush=True)\n"
        "        list(run_isolated(work, map(str, ['hang'] * 4), EngineParams(workers=4)))\n"
    )
    for seconds in (0.05, 0.3):
        with subprocess.Popen(
            [sys.executable, tmp_path / "program.py"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(STAGES), str(ROOT)))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=30)
        assert said == "parse: interrupted; run the same command again to go on\n"
