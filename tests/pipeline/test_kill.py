"""SIGKILL at any moment, and two runs at once: the next run ends in the same bytes as one that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.checkout import Checkout

from impulse.config.lock_file import mend

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

KILLS = 12


def processes_of(checkout: Checkout) -> dict[int, str]:
    """Return pid and command of every running process of the clone, by its working directory."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == checkout.path:
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
    return found


def wait_until_quiet(checkout: Checkout) -> None:
    """Wait until no process of the clone is left; orphans end by themselves."""
    deadline = time.monotonic() + 120
    while processes_of(checkout):
        assert time.monotonic() < deadline, processes_of(checkout)
        time.sleep(0.02)


@pytest.mark.heavy
def test_killed_runs_end_in_the_same_bytes(clone: Callable[[str, Path], Checkout], small_source: Path) -> None:
    """Dvc or a stage is killed at random moments, restarted each time, and at last runs through."""
    undisturbed = clone("undisturbed", small_source)
    undisturbed.run("dvc", "repro")
    expected = {
        folder: undisturbed.content(folder) for folder in ("data/raw", "data/parsed", "data/deduped", "data/export")
    }
    disturbed = clone("disturbed", small_source)
    draws = random.Random(8)
    killed = 0
    for attempt in range(KILLS):
        mend(disturbed.path)  # as `make repro` does first
        run = subprocess.Popen(
            ["dvc", "repro"],
            cwd=disturbed.path,
            env=disturbed.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            run.wait(timeout=draws.uniform(0.5, 7.0))
        except subprocess.TimeoutExpired:
            stages = [
                pid
                for pid, command in processes_of(disturbed).items()
                if "stages/" in command and "multiprocessing" not in command
            ]
            victim = draws.choice([run.pid, *stages])
            os.kill(victim, signal.SIGKILL)
            killed += 1
        run.wait()
        if attempt % 3 == 2:
            wait_until_quiet(disturbed)  # else the next run meets the orphan of this one
    mend(disturbed.path)
    disturbed.run("dvc", "repro")
    wait_until_quiet(disturbed)

    assert killed > 0
    for folder, content in expected.items():
        assert set(disturbed.content(folder)) == set(content), folder
        assert disturbed.content(folder) == content, folder
    assert disturbed.stages_run("dvc", "repro") == []
    leftovers = [
        path.name for path in (disturbed.path / "data").iterdir() if path.name.endswith((".partial", ".replaced"))
    ]
    assert leftovers == []


def test_workers_do_not_outlive_a_killed_stage(clone: Callable[[str, Path], Checkout], small_source: Path) -> None:
    """Worker processes of a killed stage end by themselves."""
    checkout = clone("orphans", small_source)
    checkout.run("python", "stages/fetch.py")
    run = subprocess.Popen(
        ["python", "stages/parse.py"],
        cwd=checkout.path,
        env=checkout.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(processes_of(checkout)) < 3 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    run.kill()
    run.wait()
    wait_until_quiet(checkout)


def test_killed_workers_cost_nothing_or_the_run_says_so(
    clone: Callable[[str, Path], Checkout], small_source: Path, fresh: Checkout
) -> None:
    """All workers are killed three times in one run: it ends in the same bytes as one undisturbed, or not well."""
    checkout = clone("workers", small_source)
    checkout.run("python", "stages/fetch.py")
    run = checkout.start("parse")
    draws, kills, deadline = random.Random(3), 0, time.monotonic() + 120
    while kills < 3 and run.poll() is None and time.monotonic() < deadline:
        workers = [pid for pid, command in processes_of(checkout).items() if "spawn_main" in command]
        if len(workers) > 1 or (kills and workers):
            time.sleep(draws.uniform(0.0, 0.6))
            for pid in workers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            kills += 1
    assert kills
    if run.wait(120):
        checkout.run("python", "stages/parse.py")
    assert checkout.content("data/parsed") == fresh.content("data/parsed")


def test_two_runs_at_once_wait_for_each_other(
    clone: Callable[[str, Path], Checkout], small_source: Path, fresh: Checkout
) -> None:
    """Of several runs of one stage only one writes; all end well, with the same result."""
    checkout = clone("twice", small_source)
    checkout.run("python", "stages/fetch.py")
    runs = [
        subprocess.Popen(
            ["python", "stages/parse.py"],
            cwd=checkout.path,
            env=checkout.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    outputs = [run.communicate(timeout=300) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], outputs
    assert sum("waiting for it to end" in out for out, _ in outputs) == 2
    assert checkout.content("data/parsed") == fresh.content("data/parsed")
