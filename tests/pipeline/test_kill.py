"""Kills at any moment, full disks, two runs at once: the next run ends in the same bytes as one that nobody disturbed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.pipeline.disturbances import processes_of, wait_until_quiet

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]


@pytest.mark.heavy
def test_kills_full_disks_and_damage_leave_the_bytes_of_an_undisturbed_build(
    small_source: Path, tmp_path: Path
) -> None:
    """A short run of `make chaos`; the moments of the kills are those of the machine."""
    chaos = (sys.executable, str(Path(__file__).with_name("chaos.py")), "--rounds", "1", "--seed", "2")
    places = ("--source", str(small_source), "--folder", str(tmp_path))
    done = subprocess.run((*chaos, *places), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = {what: int(count) for count, what in re.findall(r"(\d+) ([a-z ]+)", done.stdout)}
    assert counted.pop("bad") == 0
    assert all(counted.values()), done.stdout


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


@pytest.mark.heavy
def test_killed_workers_cost_nothing_or_the_run_says_so(
    clone: Callable[[str, Path], Checkout], small_source: Path, fresh: Checkout
) -> None:
    """All workers are killed three times in one run: it ends in the same bytes as one undisturbed, or not well."""
    checkout = clone("workers", small_source)
    checkout.run("python", "stages/fetch.py")
    run = checkout.start("parse")
    kills, deadline = 0, time.monotonic() + 120
    while kills < 3 and run.poll() is None and time.monotonic() < deadline:
        workers = [pid for pid, command in processes_of(checkout).items() if "spawn_main" in command]
        done = len(list((checkout.path / ".state" / "parsed").glob("*/*/record")))
        if workers and done >= 2 * kills:
            for pid in workers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            kills += 1
    assert kills
    if run.wait(120):
        checkout.run("python", "stages/parse.py")
    assert checkout.content("data/parsed") == fresh.content("data/parsed")


@pytest.mark.heavy
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
