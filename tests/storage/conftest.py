"""A checkout whose stages run as programs, against a real S3 server."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from tests.checkout import Checkout
from tests.paths import ROOT

DEMO = ("fetch.matches=4", "fetch.match_seconds=12", "engine.workers=2")


@pytest.fixture(scope="session")
def new_checkout(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Checkout]:
    """Make a checkout; arguments are settings of every call."""

    def make(*settings: str) -> Checkout:
        path = tmp_path_factory.mktemp("checkout")
        for name in ("stages", "conf"):
            shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "params.yaml", path)
        return Checkout(path, settings=(*DEMO, *settings))

    return make


@pytest.fixture(scope="session")
def local(new_checkout: Callable[..., Checkout]) -> Checkout:
    """The demo source, kept in data/raw and parsed."""
    checkout = new_checkout()
    checkout.stage("fetch")
    checkout.stage("parse")
    return checkout
