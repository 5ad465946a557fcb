"""What a release looks at first, in a repository of its own that has no dataset."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from impulse.errors import StageError
from impulse.sharing import git_repository
from impulse.sharing.release import check


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root: Path, name: str) -> None:
    (root / name).write_text(name)
    git(root, "add", "-A")
    git(root, "commit", "-qm", name)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository without a commit, of somebody who has a name."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "impulse")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "impulse@example.org")
    git(tmp_path, "init", "-q", "-b", "main", "repository")
    return tmp_path / "repository"


@pytest.fixture(params=[".", "sets/one"], ids=["repository", "subfolder"])
def root(repository: Path, request: pytest.FixtureRequest) -> Path:
    """A checkout with one commit that says there is a dataset, which may be a folder of something larger."""
    folder: Path = repository / request.param
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dvc.lock").write_text("stages: {export: {}}\n")
    commit(folder, "one")
    return folder


@pytest.mark.parametrize("name", ["metrics.md", "dvc.lock.bak", "params.yaml~", "metrics-old/a.json", "CHANGELOG.md2"])
def test_file_that_is_called_much_like_a_result_is_none(root: Path, name: str) -> None:
    """It would be left out of the commit that the tag names."""
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("x")
    with pytest.raises(StageError, match=rf"^{name} is not committed \(1 files in all\)"):
        check(root, "v1")


@pytest.mark.parametrize("root", ["."], indirect=True)
@pytest.mark.parametrize("name", ["metrics/timing/a.json", "params.yaml", "CHANGELOG.md"])
def test_results_need_not_be_committed(root: Path, name: str) -> None:
    """The release does that itself; what is in the way here is that DVC knows nothing of this repository."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("x")
    with pytest.raises(StageError, match=r"^`dvc repro --dry` failed: .*; fix it and repeat the command"):
        check(root, "v1")


@pytest.mark.parametrize("root", ["."], indirect=True)
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


def test_only_the_checkout_is_looked_at(root: Path, repository: Path) -> None:
    """Names are those in the checkout, whatever they hold; what else the repository has is none of its business."""
    (root / "dvc.lock").write_text("stages: {}\n")
    (root / "with space ü").write_text("x")
    git(root, "mv", "one", "two")
    if root != repository:
        (repository / "elsewhere").write_text("x")
    assert sorted(git_repository.changed(root)) == ["dvc.lock", "one", "two", "with space ü"]


def test_commits_that_would_be_lost_are_refused(root: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a branch, without a commit, without a name, without a repository."""
    git(root, "checkout", "-q", "--detach")
    with pytest.raises(StageError, match=r"^HEAD is on no branch, .*`git switch BRANCH`"):
        check(root, "v1")
    git(root, "checkout", "-q", "--orphan", "new")
    with pytest.raises(StageError, match=r"^there is no commit yet; `git add -A"):
        check(root, "v1")
    git(root, "checkout", "-qf", "main")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_COMMITTER_NAME", "")
        patch.setenv("GIT_COMMITTER_EMAIL", "")
        with pytest.raises(StageError, match=r"^`git var GIT_COMMITTER_IDENT` failed: .*ident"):
            check(root, "v1")
    shutil.rmtree(repository / ".git")
    with pytest.raises(StageError, match=r"^`git rev-parse --show-toplevel` failed: .*not a git repository"):
        check(root, "v1")


def test_nothing_is_added_to_a_tag(root: Path) -> None:
    """A dataset that was built after the tag was set is another one."""
    git(root, "tag", "v1")
    (root / "dvc.lock").write_text("stages: {export: {}, more: {}}\n")
    with pytest.raises(StageError, match=r"^dvc\.lock is not committed"):
        check(root, "v1")
    git(root, "commit", "-qam", "more")
    with pytest.raises(
        StageError, match=r"^the tag v1 exists and names another commit; choose another version, or `git tag -d"
    ):
        check(root, "v1")


@pytest.fixture
def other(root: Path, repository: Path) -> Path:
    """A clone of somebody else; both have the same origin."""
    folder = repository.with_name("origin")
    git(root, "clone", "-q", "--bare", str(repository), str(folder))
    git(root, "remote", "add", "origin", str(folder))
    git(root, "clone", "-q", str(folder), str(repository.with_name("other")))
    return repository.with_name("other")


def published(root: Path) -> bool:
    """Do what a release does with git, and look whether origin has what is here."""
    if git_repository.check_origin(root, "main", "v1"):
        git_repository.push(root, "main", "v1")
    there = git(root, "ls-remote", "origin")
    return f"{git(root, 'rev-parse', 'v1').strip()}\trefs/tags/v1\n" in there and "refs/heads/main" in there


def test_origin_takes_branch_and_tag_again_and_again(root: Path, other: Path) -> None:
    """A new branch, the same again, and after somebody else went on."""
    commit(root, "two")
    git(root, "tag", "-a", "v1", "-m", "v1")
    assert published(root)
    assert published(root)
    assert git(root, "ls-remote", "origin", "refs/heads/main").split()[0] == git(root, "rev-parse", "HEAD").strip()
    git(other, "pull", "-q")
    commit(other, "three")
    git(other, "push", "-q")
    assert published(root)
    assert git(root, "ls-remote", "origin", "refs/heads/main").split()[0] == git(other, "rev-parse", "HEAD").strip()


def remedy(root: Path, said: str) -> None:
    """Origin is refused with a line, and the command that the line names is called."""
    with pytest.raises(StageError, match=said) as caught:
        git_repository.check_origin(root, "main", "v1")
    line = str(caught.value)
    assert "\n" not in line
    for command in line.split("`")[1].split(" && "):
        git(root, *command.split()[1:])


def test_what_origin_would_refuse_is_said_with_its_remedy(root: Path, other: Path) -> None:
    """After the remedy the same goes through."""
    commit(other, "theirs")
    git(other, "push", "-q")
    commit(root, "ours")
    git(root, "tag", "-a", "v1", "-m", "v1")
    remedy(root, r"^origin has commits of main that are not here; `git tag -d v1 && git pull --rebase origin main`")
    assert git_repository.is_tagged(root, "v1") is False
    git(root, "tag", "-a", "v1", "-m", "v1")
    assert published(root)

    git(root, "tag", "-d", "v1")
    remedy(root, r"^origin has the tag v1 for this commit; `git fetch")
    assert published(root)
    git(root, "tag", "-d", "v1")
    commit(root, "more")
    with pytest.raises(StageError, match=r"^origin has the tag v1 for another commit; choose another version"):
        git_repository.check_origin(root, "main", "v1")


def test_a_push_that_is_refused_leaves_all_for_the_next(root: Path, other: Path) -> None:
    """By a hook, by a server that is not there; branch and tag arrive together or not at all; no address shows a key."""
    commit(root, "two")
    git(root, "tag", "-a", "v1", "-m", "v1")
    hook = other.with_name("origin") / "hooks" / "update"
    hook.write_text('#!/bin/sh\necho "no tags today" >&2\n[ "$1" != refs/tags/v1 ]\n')
    hook.chmod(0o755)
    before = git(root, "ls-remote", "origin")
    with pytest.raises(
        StageError, match=r"^`git push --atomic` failed: .*no tags today.*; fix it and repeat the command$"
    ):
        published(root)
    assert git(root, "ls-remote", "origin") == before
    hook.unlink()
    place = git(root, "remote", "get-url", "origin").strip()
    git(root, "remote", "set-url", "origin", "http://me:s3cret@127.0.0.1:9/x.git")
    with pytest.raises(StageError, match=r"^`git ls-remote http://127\.0\.0\.1:9/x\.git` failed: ") as caught:
        published(root)
    assert "s3cret" not in str(caught.value)
    git(root, "remote", "remove", "origin")
    remedy_of_none = r"^there is no origin to push to; `git remote add origin URL`"
    with pytest.raises(StageError, match=remedy_of_none):
        published(root)
    git(root, "remote", "add", "origin", place)
    assert published(root)
