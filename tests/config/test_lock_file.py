from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from impulse.config.lock_file import mend

GOOD = "schema: '2.0'\nstages:\n  fetch:\n    cmd: python stages/fetch.py\n"


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


@pytest.mark.parametrize("cut", [0, 3, 9, 20])
def test_a_lock_that_was_cut_short_is_mended(checkout: Path, cut: int) -> None:
    """Wherever a crash cut the file, DVC can read what stands there afterwards, or finds none."""
    (checkout / "dvc.lock").write_text(GOOD[:cut])
    mend(checkout)
    text = (checkout / "dvc.lock").read_text() if (checkout / "dvc.lock").exists() else None
    assert text is None or text.startswith("schema: '2.0'")


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
    (checkout / ".dvc" / "tmp" / "rwlock").write_text(NOTES)
    assert mend(checkout) == []
    assert (checkout / ".dvc" / "tmp" / "rwlock").read_text() == NOTES
    assert (checkout / "dvc.lock").read_text() == GOOD


@pytest.mark.parametrize("cut", [0, 5, 30])
def test_notes_of_access_that_were_cut_short_are_removed(checkout: Path, cut: int) -> None:
    """DVC starts without them, and refuses to start with half of them."""
    notes = checkout / ".dvc" / "tmp" / "rwlock"
    notes.parent.mkdir(parents=True)
    notes.write_text(NOTES[:cut])
    assert len(mend(checkout)) == 1
    assert not notes.exists()
