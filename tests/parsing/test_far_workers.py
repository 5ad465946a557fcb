"""The parse stage on Dask workers that share nothing with it: processes in sandboxes, with networks of their own where possible."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from tests.demo.variants import clones
from tests.jobs import job
from tests.parsing.stored import stored
from tests.run.sandboxes import Sandboxes, can_isolate

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.engine import EngineKind, EngineParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import corpus, write_replay
from impulse.errors import StageError
from impulse.parsing.stage import run
from impulse.run.job import Counts

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.slow,
    pytest.mark.skipif(not can_isolate(), reason="no mounts of their own for processes"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]

PARAMS = replace(ParsingConfig.get_preset("standard").params(), events=True, controls=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with raw replays: 40 good ones, and the corpus's other kinds."""
    folder = tmp_path_factory.mktemp("far")
    original = write_replay(folder / "original", seed=1, team_size=2, duration_seconds=15.0).data
    files = [Candidate(f"{number}.replay", data) for number, data in enumerate(clones(original, count=40))]
    files += [Candidate(item.name, item.data) for item in corpus(matches=4, seed=8, duration_seconds=12.0)]
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(folder / "raw"))
    return folder


def _run(folder: Path, name: str, engine: EngineParams) -> Counts:
    return run(replace(job(PARAMS, folder, engine=engine), output=folder / name, state=folder / name / ".state"))


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def local(folder: Path) -> Path:
    """What local workers make of them."""
    _run(folder, "local", EngineParams(workers=2))
    return folder / "local"


def _on(cluster: Sandboxes) -> EngineParams:
    return EngineParams(kind=EngineKind.dask, address=cluster.address)


def _is_same(one: Path, other: Path) -> None:
    assert _content(one / "parsed") == _content(other / "parsed")
    assert stored(one / ".state/parsed") == stored(other / ".state/parsed")


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_store_is_that_of_local_work(folder: Path, local: Path, workers: int) -> None:
    """Every file and fact, whatever the number of workers, none of which sees a folder of the stage."""
    with Sandboxes(folder, workers=workers) as cluster:
        counts = _run(folder, f"far-{workers}", _on(cluster))
        with Client(cluster.address, set_as_default=False) as client:
            seen = client.run(os.path.exists, str(folder / "raw"))
            left = client.run(lambda place: [path.name for path in Path(place).rglob("impulse-*")], str(folder))
    assert counts.timing["parsed_now"] == counts.replays_in > 40
    assert list(seen.values()) == [False] * workers
    assert list(left.values()) == [[]] * workers
    _is_same(folder / f"far-{workers}", local)


def test_workers_that_are_killed_and_come_late_cost_tries(
    folder: Path, local: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """There is none at the start, then one that is killed in the middle of its work, then others."""
    caplog.set_level(logging.INFO, "impulse")
    with Sandboxes(folder) as cluster:
        engine = _on(cluster)

        def change() -> None:
            time.sleep(7)
            cluster.workers.append(cluster.start_worker())
            _wait_for(folder / "killed/.state/parsed", entries=8)
            cluster.workers[0].kill()
            cluster.workers += [cluster.start_worker(), cluster.start_worker()]

        changes = threading.Thread(target=change)
        changes.start()
        _run(folder, "killed", engine)
        changes.join()
    assert cluster.workers[0].wait() == -9
    assert "the Dask cluster has no worker; waiting for one" in caplog.text
    assert "the Dask cluster has workers now" in caplog.text
    _is_same(folder / "killed", local)


def test_a_scheduler_that_is_killed_ends_the_stage_with_one_line(folder: Path, local: Path) -> None:
    """What came back before is kept, and the next run makes the rest."""
    store = folder / "lost/.state/parsed"
    with Sandboxes(folder, workers=2) as cluster:
        engine = _on(cluster)

        def kill() -> None:
            _wait_for(store, entries=12)
            cluster.scheduler.kill()

        killing = threading.Thread(target=kill)
        killing.start()
        with pytest.raises(StageError, match=r"^the Dask cluster was lost, run again to go on \(") as caught:
            _run(folder, "lost", engine)
        killing.join()
    assert "\n" not in str(caught.value)
    made = len(stored(store))
    assert made >= 12
    assert not (folder / "lost/parsed").exists()

    with Sandboxes(folder, workers=2) as cluster:
        counts = _run(folder, "lost", _on(cluster))
    assert 0 < counts.timing["parsed_now"] < counts.replays_in
    _is_same(folder / "lost", local)


def test_no_more_than_the_bound_is_on_its_way(folder: Path, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted at Dask's own client, from the moment that bytes are handed over until Dask has their result for us."""
    sizes: dict[Any, int] = {}
    most = 0
    submit: Any = Client.submit

    def counting(client: Client, function: object, content: bytes, **settings: object) -> Any:
        nonlocal most
        future = submit(client, function, content, **settings)
        sizes[future.key] = len(content)
        most = max(most, sum(sizes.values()))
        result = future.result
        future.result = lambda: [result(), sizes.pop(future.key)][0]
        return future

    monkeypatch.setattr(Client, "submit", counting)
    with Sandboxes(folder, workers=2) as cluster:
        _run(folder, "bound", replace(_on(cluster), in_flight_mb=1))
    assert not sizes
    assert 500_000 < most <= 1_000_000
    _is_same(folder / "bound", local)


def _wait_for(store: Path, *, entries: int) -> None:
    """Wait until a store has so many entries."""
    deadline = time.monotonic() + 120
    while len(list(_entries(store))) < entries:
        assert time.monotonic() < deadline, "the store does not grow"
        time.sleep(0.02)


def _entries(store: Path) -> Iterator[Path]:
    return (path for path in store.glob("*/*") if not path.name.startswith("."))
