"""A clone in which the dataset was built once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.checkout import Checkout

State = dict[Path, tuple[int, int, int]]


@pytest.fixture(scope="session")
def built(clone: Callable[[str, Path], Checkout], small_source: Path) -> Checkout:
    """A clone in which the dataset was built and committed once."""
    checkout = clone("built", small_source)
    assert checkout.stages_run("python", "-m", "impulse", "repro", PYTHONPATH="stages") == [
        "config",
        "fetch",
        "parse",
        "validate",
        "dedupe",
        "export",
    ]
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "dataset")
    return checkout


@pytest.fixture(scope="session")
def states() -> dict[Path, State]:
    """What the data of clones was like when DVC had checked it out."""
    return {}


@pytest.fixture
def fresh(built: Checkout, states: dict[Path, State]) -> Checkout:
    """The built clone as it was committed; DVC, which takes seconds, is asked only where a test touched the data."""
    built.run("git", "checkout", "-q", "--force", "HEAD")
    if _state(built.path) != states.get(built.path):
        built.run("dvc", "checkout", "--force", "--quiet")
        states[built.path] = _state(built.path)
    return built


def _state(clone: Path) -> State:
    """Return size, time and inode of every file of the data, as DVC itself knows files."""
    found = ((path, path.stat()) for path in (clone / "data").rglob("*") if path.is_file())
    return {path: (stat.st_size, stat.st_mtime_ns, stat.st_ino) for path, stat in found}
