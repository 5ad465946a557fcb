"""A checkout whose stages run as programs, against a real S3 server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.paths import ROOT
from tests.s3.fixtures import bucket as bucket
from tests.s3.fixtures import s3_server as s3_server

DEMO = ("fetch.matches=4", "fetch.match_seconds=12", "engine.workers=2")


@dataclass(frozen=True)
class Checkout:
    """A copy of what stages need."""

    path: Path
    settings: list[str] = field(default_factory=list)
    """Overrides of every call."""

    def command(self, stage: str, *overrides: str) -> list[str]:
        return [sys.executable, f"stages/{stage}.py", *self.settings, *overrides]

    def run(self, stage: str, *overrides: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(stage, *overrides),
            cwd=self.path,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def done(self, stage: str, *overrides: str) -> str:
        """Run a stage that must succeed and return what it printed."""
        run = self.run(stage, *overrides)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def start(self, stage: str, *overrides: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(stage, *overrides),
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "HYDRA_"))}
        return {**kept, **more}

    def content(self, folder: str) -> dict[str, bytes]:
        base = self.path / folder
        return {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def new_checkout(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Checkout]:
    """Make a checkout; arguments are settings of every call."""

    def make(*settings: str) -> Checkout:
        path = tmp_path_factory.mktemp("checkout")
        for name in ("stages", "conf"):
            shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "params.yaml", path)
        return Checkout(path, [*DEMO, *settings])

    return make


@pytest.fixture(scope="session")
def local(new_checkout: Callable[..., Checkout]) -> Checkout:
    """The demo source, kept in data/raw and parsed."""
    checkout = new_checkout()
    checkout.done("fetch")
    checkout.done("parse")
    return checkout
