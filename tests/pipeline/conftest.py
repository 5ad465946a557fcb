"""A clone in which the dataset was built once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.checkout import Checkout


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


@pytest.fixture
def fresh(built: Checkout) -> Checkout:
    """The built clone as it was committed."""
    built.run("git", "checkout", "-q", "--force", "HEAD")
    built.run("dvc", "checkout", "--force", "--quiet")
    return built
