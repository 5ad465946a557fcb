"""What a release looks at first, in a repository of its own that has no dataset."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from impulse.errors import StageError
from impulse.sharing.release import check


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit that says there is a dataset."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "impulse")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "impulse@example.org")
    git(tmp_path, "init", "-q")
    (tmp_path / "dvc.lock").write_text("stages: {export: {}}\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


@pytest.mark.parametrize("name", ["metrics.md", "dvc.lock.bak", "params.yaml~", "metrics-old/a.json", "CHANGELOG.md2"])
def test_file_that_is_called_much_like_a_result_is_none(root: Path, name: str) -> None:
    """It would be left out of the commit that the tag names."""
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("x")
    with pytest.raises(StageError, match=rf"^{name} is not committed \(1 files in all\)"):
        check(root, "v1")


@pytest.mark.parametrize("name", ["metrics/timing/a.json", "params.yaml", "CHANGELOG.md"])
def test_results_need_not_be_committed(root: Path, name: str) -> None:
    """The release does that itself; what is in the way here is that DVC knows nothing of this repository."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("x")
    with pytest.raises(StageError, match=r"^`dvc repro --dry` failed: .*; fix it and repeat the command"):
        check(root, "v1")


def test_environment_need_not_be_activated(root: Path, tmp_path_factory, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC is found beside this Python; without git one line says so."""
    only_git = tmp_path_factory.mktemp("bin")
    (only_git / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(only_git))
    with pytest.raises(StageError, match=r"^`dvc repro --dry` failed"):
        check(root, "v1")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(only_git.with_name("elsewhere") / "python"))
    with pytest.raises(StageError, match=r"^there is no program git; install it"):
        check(root, "v1")
