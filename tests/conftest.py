"""What every test may use: replays, a dataset, a clone to work in, a real S3 server; and a word about skipped tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from tests.checkout import Checkout, committed_copy
from tests.demo.variants import clones
from tests.exported import exported, prepared_data
from tests.paths import HAZARDS, REPLAYS
from tests.s3.fixtures import bucket as bucket
from tests.s3.fixtures import s3_server as s3_server

from impulse.demo import Recording, corpus, write_replay

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
def hazards() -> Path:
    """Folder of real replays with known faults; tests that need it are skipped without it."""
    if not (HAZARDS / "MANIFEST.json").is_file():
        pytest.skip("no real replays with known faults")
    return HAZARDS


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recording]:
    """A synthetic 2v2 replay of 40 s with goals and demolitions, and the truth about it."""
    path = tmp_path_factory.mktemp("synthetic") / "match.replay"
    return path, write_replay(path, seed=17, team_size=2, duration_seconds=40.0, goals=2, demolitions=3)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with everything up to dedupe, of a small synthetic corpus."""
    return prepared_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def dataset(data: Path) -> Path:
    """The dataset exported from it, with arrays; not to be changed."""
    return exported(data, data)


@pytest.fixture(scope="session")
def replays(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Bytes of 120 recordings of different matches."""
    path = tmp_path_factory.mktemp("original") / "a.replay"
    write_replay(path, seed=5, team_size=1, duration_seconds=10.0)
    return list(clones(path.read_bytes(), count=120))


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

    def make(name: str, source: Path) -> Checkout:
        return committed_copy(tmp_path_factory.mktemp(name) / "impulse", source)

    return make


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
