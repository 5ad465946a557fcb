"""What every test may use: the folder of real replays, a synthetic replay, and a word about what had to be skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from tests.exported import exported, prepared_data
from tests.paths import REPLAYS

from impulse.demo import Recording, write_replay

settings.register_profile("default", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def real_replays() -> Path:
    """Folder of real replays with its manifest; tests that need it are skipped without it."""
    if not (REPLAYS / "MANIFEST.json").is_file():
        pytest.skip("no real replays")
    return REPLAYS


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recording]:
    """A synthetic 2v2 replay of 40 s with goals and demolitions, and the truth about it."""
    path = tmp_path_factory.mktemp("synthetic") / "match.replay"
    return path, write_replay(path, seed=7, team_size=2, duration_seconds=40.0, goals=2, demolitions=3)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with everything up to dedupe, of a small synthetic corpus."""
    return prepared_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def dataset(data: Path) -> Path:
    """The dataset exported from it, with arrays; not to be changed."""
    return exported(data, data)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so when real replays were missing, so that a green run is not taken for more than it is."""
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if "no real replays" in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests did not run because {REPLAYS} holds no real replays; set IMPULSE_REPLAYS to their folder.",
            yellow=True,
        )
