"""A copy of the checkout in which dvc can run, as a user who cloned it has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.paths import ROOT

from impulse.demo import corpus


@pytest.fixture(scope="session")
def small_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of synthetic replays, small enough to run the pipeline over many times."""
    folder = tmp_path_factory.mktemp("source")
    for item in corpus(matches=9, seed=21, duration_seconds=15.0):
        (folder / item.name).write_bytes(item.data)
    return folder


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], Checkout]:
    """Make a committed copy of the working tree, with the environment of someone who called make."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    files = [name for name in listed.split("\0") if name and (ROOT / name).is_file() and not name.startswith("tests/")]

    def make(name: str, source: Path) -> Checkout:
        path = tmp_path_factory.mktemp(name) / "impulse"
        for file in files:
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, path / file)
        state = path.parent / "dvc-state"
        env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "IMPULSE_REPLAYS": str(source),
            "DVC_SITE_CACHE_DIR": str(state),
            "PYTHONUNBUFFERED": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "impulse",
            "GIT_AUTHOR_EMAIL": "impulse@example.org",
            "GIT_COMMITTER_NAME": "impulse",
            "GIT_COMMITTER_EMAIL": "impulse@example.org",
        }
        checkout = Checkout(path, env)
        checkout.run("git", "init", "-q", "-b", "main")
        checkout.run("git", "add", "-A")
        checkout.run("git", "commit", "-qm", "clone")
        checkout.replace("conf/config.yaml", "source: demo", "source: local")
        checkout.run("python", "stages/config.py")
        checkout.run("git", "commit", "-qam", "local source")
        return checkout

    return make


@pytest.fixture(scope="session")
def built(clone: Callable[[str, Path], Checkout], small_source: Path) -> Checkout:
    """A clone in which the dataset was built and committed once."""
    checkout = clone("built", small_source)
    assert checkout.stages_run("dvc", "repro") == ["config", "fetch", "parse", "validate", "dedupe", "export"]
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "dataset")
    return checkout


@pytest.fixture
def fresh(built: Checkout) -> Checkout:
    """The built clone as it was committed."""
    built.run("git", "checkout", "-q", "--force", "HEAD")
    built.run("dvc", "checkout", "--force", "--quiet")
    return built
