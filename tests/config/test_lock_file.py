from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.dvcfile import Lockfile
from dvc.repo import Repo
from dvc.utils.serialize import YAMLFileCorruptedError
from dvc.utils.strictyaml import YAMLValidationError

from impulse.config.lock_file import mend

GOOD = """schema: '2.0'
stages:
  fetch:
    cmd: python stages/fetch.py
    deps:
    - path: stages/fetch.py
      hash: md5
      md5: 0d3d1b2a6ff7f4b6b2a5f3d19f6b1f51
      size: 612
    - path: stages/impulse/errors.py
      hash: md5
      md5: 9a7f3b2f0c5d4e6a8b1c2d3e4f5a6b7c
      size: 5120
"""


NOTES = '{"read": {"/data/raw": [{"pid": 1, "cmd": "dvc repro"}]}, "write": {}}'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def commit(checkout: Path, text: str) -> None:
    (checkout / "dvc.lock").write_text(text)
    subprocess.run(["git", "add", "dvc.lock"], cwd=checkout, check=True)
    identity = ["-c", "user.name=impulse", "-c", "user.email=impulse@example.org"]
    subprocess.run(["git", *identity, "commit", "-qm", "lock"], cwd=checkout, check=True)


def test_a_lock_that_was_cut_short_is_mended(checkout: Path) -> None:
    """Wherever a crash cut the file, DVC can read what stands there afterwards, or finds none."""
    dvc = Repo.init(str(checkout))
    lock = checkout / "dvc.lock"
    refused = 0
    for cut in range(len(GOOD)):
        lock.write_text(GOOD[:cut])
        refused += not can_read(dvc)
        mend(checkout)
        assert not lock.exists() or can_read(dvc), GOOD[:cut]
    assert refused > len(GOOD) // 4


def can_read(dvc: Repo) -> bool:
    """Whether DVC itself takes the lock of the checkout."""
    try:
        Lockfile(dvc, str(Path(dvc.root_dir) / "dvc.lock")).load()
    except (YAMLFileCorruptedError, YAMLValidationError):
        return False
    return True


def test_the_committed_lock_comes_back(checkout: Path) -> None:
    """A clone with a committed dataset falls back to it and recomputes nothing."""
    commit(checkout, GOOD)
    (checkout / "dvc.lock").write_text("")
    assert "committed one is back" in mend(checkout)[0]
    assert (checkout / "dvc.lock").read_text() == GOOD


def test_a_good_lock_is_left_alone(checkout: Path) -> None:
    """Nothing is touched that DVC can read."""
    (checkout / "dvc.lock").write_text(GOOD)
    (checkout / ".dvc" / "tmp").mkdir(parents=True)
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", "dvc", "repro"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as running:
        notes = NOTES.replace('"pid": 1,', f'"pid": {running.pid},')
        (checkout / ".dvc" / "tmp" / "rwlock").write_text(notes)
        assert mend(checkout) == []
        assert json.loads((checkout / ".dvc" / "tmp" / "rwlock").read_text()) == json.loads(notes)
    assert (checkout / "dvc.lock").read_text() == GOOD


def test_killed_processes_are_forgotten(checkout: Path) -> None:
    """DVC itself would wait for a number that another program has now, or that nobody has collected."""
    notes = checkout / ".dvc" / "tmp" / "rwlock"
    notes.parent.mkdir(parents=True)
    other = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        subprocess.Popen([sys.executable, "-c", "pass", "dvc", "repro"], stdout=subprocess.PIPE) as uncollected,
        subprocess.Popen(other, stdin=subprocess.PIPE) as running,
    ):
        assert uncollected.stdout is not None
        uncollected.stdout.read()  # it has ended, and is there until this process asks
        os.waitid(os.P_PID, uncollected.pid, os.WEXITED | os.WNOWAIT)
        killed = {"pid": uncollected.pid, "cmd": "dvc repro"}
        another = {"pid": running.pid, "cmd": "dvc repro"}
        notes.write_text(json.dumps({"read": {"/a": [killed, another]}, "write": {"/b": another, "/c": killed}}))
        (said,) = mend(checkout)
    assert "no longer DVC's" in said
    assert json.loads(notes.read_text()) == {"read": {}, "write": {}}


@pytest.mark.parametrize("cut", [0, 5, 30])
def test_notes_of_access_that_were_cut_short_are_removed(checkout: Path, cut: int) -> None:
    """DVC starts without them, and refuses to start with half of them."""
    notes = checkout / ".dvc" / "tmp" / "rwlock"
    notes.parent.mkdir(parents=True)
    notes.write_text(NOTES[:cut])
    assert len(mend(checkout)) == 1
    assert not notes.exists()
