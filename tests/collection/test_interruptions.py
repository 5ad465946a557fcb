from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.collection.killed_run import FACTOR
from tests.paths import ROOT

from impulse.demo.server import KEY, DemoServer

KILLS = 10


def start(server: DemoServer, folder: Path) -> subprocess.Popen[str]:
    """Start a run and return when it begins to work."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "stages")}
    command = [sys.executable, str(ROOT / "tests/collection/killed_run.py"), server.url, KEY, str(folder)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "replays").iterdir()}


@pytest.mark.heavy
def test_killed_at_any_moment_a_run_goes_on_and_ends_the_same(tmp_path: Path, replays: list[bytes]) -> None:
    """Killed ten times, a download of 100 replays repeats nothing it has and ends like an undisturbed one."""
    rng = random.Random(11)
    with DemoServer(clock=lambda: time.time() * FACTOR) as server:
        server.page_size = 10
        server.add_group("top")
        for level in range(8):
            server.add_group(f"child-{level}", "top")
        for number in range(100):
            server.add_replay(f"replay-{number:03d}", replays[number], f"child-{number % 8}")
        server.delay = 0.03
        undisturbed = start(server, tmp_path / "undisturbed")
        assert undisturbed.communicate(timeout=60)[0] == "100\n"
        needed = Counter(call for call in server.calls if not call.endswith("/file"))
        server.calls.clear()
        server.files_sent.clear()
        kills = 0
        for _ in range(KILLS):
            process = start(server, tmp_path / "killed")
            time.sleep(rng.uniform(0.0, 0.12))
            kills += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.communicate()
        last = start(server, tmp_path / "killed")
        assert last.communicate(timeout=60)[0] == "100\n"

        repeated = len(server.calls) - needed.total() - 100
        lists = Counter(call for call in server.calls if not call.endswith("/file"))
        assert kills >= KILLS * 2 // 3
        assert outputs(tmp_path / "killed") == outputs(tmp_path / "undisturbed")
        assert set(lists) == set(needed)
        # A kill can only cost the calls that were under way: one list, or one file for each of four threads.
        assert repeated <= 4 * kills, repeated


@pytest.mark.slow
def test_interrupted_run_ends_at_once_and_goes_on(tmp_path: Path, replays: list[bytes]) -> None:
    """Ctrl-C ends a run in about a second, and the next one downloads only what is missing."""
    with DemoServer(clock=lambda: time.time() * FACTOR) as server:
        server.add_group("top")
        server.delay = 0.1  # slow, so that the run cannot end before it is interrupted
        for number in range(100):
            server.add_replay(f"replay-{number:03d}", replays[number], "top")
        process = start(server, tmp_path)
        while sum(server.files_sent.values()) < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        process.communicate(timeout=10)
        assert time.monotonic() - asked < 5
        assert process.returncode != 0
        server.delay = 0.0
        assert start(server, tmp_path).communicate(timeout=60)[0] == "100\n"
        assert sum(server.files_sent.values()) <= 104
