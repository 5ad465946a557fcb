"""Releases: what is refused, what is done, and going on after an end in the middle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.s3.server import S3Server
from tests.sharing.conftest import Sharing, start_sharing, without_computing

import impulse

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]


@pytest.fixture(scope="module")
def prepared(
    clone: Callable[[str, Path], Checkout],
    small_source: Path,
    s3_server: S3Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Sharing:
    """A dataset that is built, and neither committed nor pushed."""
    sharing = start_sharing(clone, small_source, s3_server, tmp_path_factory.mktemp("release"), build=False)
    sharing.first.run("dvc", "repro")
    return sharing


@pytest.fixture
def built(prepared: Sharing, tmp_path: Path) -> Sharing:
    """A copy of it with a git server of its own."""
    shutil.copytree(prepared.first.path, tmp_path / "impulse", symlinks=True)
    shutil.copytree(prepared.origin, tmp_path / "origin.git")
    env = {**prepared.first.env, "DVC_SITE_CACHE_DIR": str(tmp_path / "dvc-state"), "PYTHONPATH": "stages"}
    first = Checkout(tmp_path / "impulse", env)
    first.run("git", "remote", "set-url", "origin", str(tmp_path / "origin.git"))
    return Sharing(first, tmp_path / "origin.git", prepared.url, prepared.server, tmp_path)


def release(checkout: Checkout, *arguments: str) -> str:
    return checkout.run("python", "-m", "impulse", "release", *arguments).stdout


def refused(checkout: Checkout, *arguments: str) -> str:
    """What a release says that is refused: one line, and nothing has changed."""
    before = checkout.run("git", "log", "--all", "--oneline").stdout, checkout.run("git", "tag").stdout
    status = checkout.run("git", "status", "--porcelain").stdout
    done = checkout.run("python", "-m", "impulse", "release", *arguments, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("release: error: ")
    assert before == (checkout.run("git", "log", "--all", "--oneline").stdout, checkout.run("git", "tag").stdout)
    assert checkout.run("git", "status", "--porcelain").stdout == status
    return line


def test_a_release_is_used_elsewhere(built: Sharing) -> None:
    """Commit, changelog entry, upload, tag, push: another machine takes the tag and computes nothing."""
    first = built.first
    release(first, "v1.0", "--push")
    assert first.run("git", "status", "--porcelain").stdout == ""
    assert "## Dataset v1.0 (" in (first.path / "CHANGELOG.md").read_text()
    here = without_computing(built.machine("v1.0"))
    here.run("dvc", "pull", "data/export")
    assert here.content("data/export") == first.content("data/export")
    assert here.stages_run("dvc", "repro", "--pull", "--allow-missing") == []


def test_a_release_twice_is_one_release(built: Sharing) -> None:
    """The same command again changes nothing; without --push git's origin is left alone."""
    first = built.first
    said = release(first, "v1.0")
    assert "git push --atomic origin HEAD v1.0" in said
    assert first.run("git", "ls-remote", "--tags", "origin").stdout == ""
    commits = first.run("git", "rev-list", "--count", "HEAD").stdout
    release(first, "v1.0")
    assert first.run("git", "rev-list", "--count", "HEAD").stdout == commits
    assert (first.path / "CHANGELOG.md").read_text().count("## Dataset v1.0 (") == 1


def test_a_release_that_ended_in_the_middle_is_gone_on_with(built: Sharing) -> None:
    """The store goes away between the checks and the upload: no tag, and the same command does the rest."""
    first = built.first
    shim = first.path.parent / "shim"
    shim.mkdir()
    (shim / "dvc").write_text(f'#!/bin/sh\n[ "$1" = push ] && exit 1\nexec {shutil.which("dvc")} "$@"\n')
    (shim / "dvc").chmod(0o755)
    broken = Checkout(first.path, {**first.env, "PATH": f"{shim}:{first.env['PATH']}"})
    done = broken.run("python", "-m", "impulse", "release", "v1.0", check=False)
    assert done.returncode != 0
    assert "`dvc push --run-cache` failed" in done.stderr
    assert first.run("git", "tag").stdout == ""
    release(first, "v1.0", "--push")
    assert first.run("git", "log", "--oneline").stdout.count("data: release v1.0") == 1
    assert "v1.0" in first.run("git", "ls-remote", "--tags", "origin").stdout


@pytest.mark.parametrize("kind", ["subfolder", "worktree"])
def test_a_release_of_a_part_of_a_repository(built: Sharing, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit holds the checkout's files alone; elsewhere the revision is read, and pulled."""
    first, large = built.first, built.folder / "large"
    here = replace(first, path=large / "sets" / "one") if kind == "subfolder" else replace(first, path=large)
    if kind == "subfolder":
        shutil.copytree(first.path, here.path, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        replace(here, path=large).run("git", "init", "-q", "-b", "main")
        here.run("git", "add", "-A", ".", ":!dvc.lock")
        here.run("git", "commit", "-qm", "ours")
        here.run("git", "remote", "add", "origin", str(built.origin))
        built.origin.rename(built.folder / "unused")
        here.run("git", "init", "-q", "--bare", "-b", "main", str(built.origin))
        (large / "elsewhere").write_text("x")
        here.run("git", "add", str(large / "elsewhere"))
    else:
        first.run("git", "worktree", "add", "-q", "-b", "work", str(large))
        here.run("dvc", "repro")
    release(here, "v1.0", "--push")
    committed = here.run("git", "show", "--name-only", "--format=", "v1.0^{commit}").stdout.split()
    prefix = here.run("git", "rev-parse", "--show-prefix").stdout.strip()
    assert {f"{prefix}CHANGELOG.md", f"{prefix}dvc.lock"} <= set(committed)
    assert "elsewhere" not in committed
    assert here.run("git", "status", "--porcelain").stdout == ("A  elsewhere\n" if prefix else "")
    expected = impulse.load(here.path / "data" / "export", table="replays")
    shutil.rmtree(here.path / "data" / "export")
    for name, value in here.environment().items():
        monkeypatch.setenv(name, value)
    assert impulse.load(here.path, rev="v1.0", table="replays").equals(expected)
    shutil.rmtree(here.path / ".dvc" / "cache")
    assert impulse.load(here.path, rev="v1.0", table="replays").equals(expected)
    path = f"{prefix}data/export"
    assert impulse.load(built.origin.as_uri(), rev="v1.0", path=path, table="replays").equals(expected)


def test_what_is_in_the_way_is_one_line(built: Sharing) -> None:
    """Each reason is named with its remedy before anything is changed."""
    first = built.first
    assert "'one' is not a version" in refused(first, "one")

    first.replace("README.md", "impulse", "Impulse")
    assert "README.md is not committed" in refused(first, "v1.0")
    first.run("git", "checkout", "README.md")

    first.replace("conf/config.yaml", "fps: 10.0", "fps: 4.0")
    first.run("git", "commit", "-qam", "edit")
    assert "config is not up to date; run `make repro`" in refused(first, "v1.0")
    first.run("git", "reset", "-q", "--hard", "HEAD~1")

    wrong = Checkout(first.path, {**first.env, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "refuses access" in refused(wrong, "v1.0")

    first.run("git", "tag", "v0.9", "HEAD~1")
    assert "the tag v0.9 exists and names another commit" in refused(first, "v0.9")

    (first.path / "data" / "export" / "replays.parquet").write_bytes(b"")
    assert "export is not up to date" in refused(first, "v1.0")
    first.run("dvc", "checkout", "--force", "data/export")

    (first.path / "dvc.lock").unlink()
    assert "there is no dataset yet; run `make repro`" in refused(first, "v1.0")
