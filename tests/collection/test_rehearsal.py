"""The source ``ballchasing_demo``: a download from its lists to its manifest, without a key and without a network."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.checkout import Checkout
from tests.collection.conftest import START, FakeClock
from tests.jobs import job

from impulse.cli import main
from impulse.collection import rehearsal
from impulse.collection.stage import run
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo.server import DemoServer, add_season
from impulse.demo.server.catalog import Catalog
from impulse.errors import ConfigError
from impulse.run.job import Counts


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[DemoServer]:
    """The servers that rehearsals start, in time that nobody waits for; no key, and a proxy that leads nowhere."""
    started: list[DemoServer] = []

    class Noted(DemoServer):
        def __enter__(self) -> Self:
            started.append(self)
            return super().__enter__()

    monkeypatch.setattr(rehearsal, "DemoServer", Noted)
    monkeypatch.setattr(rehearsal, "Clock", lambda: FakeClock(START + 60 * len(started)))
    monkeypatch.delenv("BALLCHASING_API_KEY", raising=False)
    monkeypatch.setenv("BALLCHASING_BASE_URL", "https://nobody.invalid/api")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return started


def fetched(folder: Path, **settings) -> Counts:
    given = {"matches": 3, "match_seconds": 10.0, "threads": 1, **settings}
    counts = run(job(FetchParams(source=SourceKind.ballchasing_demo, **given), folder))
    assert counts is not None
    return counts


def lists(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "raw").glob("*.parquet")}


def test_a_season_is_downloaded_once(tmp_path: Path, servers: list[DemoServer]) -> None:
    """Every recording that can be had is kept; a second run asks for nothing, and a run elsewhere gives the same bytes."""
    counts = fetched(tmp_path)
    server = servers[0]
    kept = pq.read_table(tmp_path / "raw" / "manifest.parquet").to_pylist()
    made = add_season(Catalog(page_size=1), matches=3, match_seconds=10.0)
    uploads = sorted(server.entries.values(), key=lambda entry: entry["created"], reverse=True)
    good = [entry for entry in uploads if entry["id"] not in (*made.damaged, *made.deleted)]
    first = {entry["rocket_league_id"]: entry["id"] for entry in good}
    assert {row["replay_id"]: row["sha256"] for row in kept} == {
        replay_id: hashlib.sha256(server.files[replay_id]).hexdigest() for replay_id in first.values()
    }
    assert counts.replays_out == made.recordings == 4
    assert dict(counts.rejected) == {"body_crc_mismatch": 1, "duplicate_recording": 1, "gone": 1}
    assert {row["source"] for row in kept} == {"ballchasing_demo"}
    assert all(len(row["group_path"]) == 4 for row in kept)
    assert server.answered["file", 404] == 2  # one that is gone is asked for twice
    assert server.violations == []

    before = lists(tmp_path)
    again = fetched(tmp_path)
    assert again.timing == {"written_now": 0, "healed_now": 0}
    assert servers[1].answered == Counter()
    assert lists(tmp_path) == before

    fetched(tmp_path / "elsewhere")
    assert lists(tmp_path / "elsewhere") == before
    assert (tmp_path / ".state" / "ledger-demo.sqlite").is_file()
    assert not (tmp_path / ".state" / "ledger.sqlite").exists()


def test_other_settings_are_another_season(tmp_path: Path, servers: list[DemoServer]) -> None:
    """It is listed and downloaded although it has the same root, and the dataset is that of a folder of its own."""
    fetched(tmp_path, matches=1)
    for settings in ({"matches": 2}, {"match_seconds": 11.0}, {"seed": 2}):
        fetched(tmp_path, **settings)
        fetched(tmp_path / "own", **settings)
        assert lists(tmp_path) == lists(tmp_path / "own")


def test_a_part_of_the_season_can_be_asked_for(tmp_path: Path, servers: list[DemoServer]) -> None:
    """By the id of one of its groups, or by a query."""
    fetched(tmp_path)
    group = next(group for group, name in servers[0].groups.items() if " vs " in name)
    assert fetched(tmp_path, groups=[group]).replays_in == 6
    assert fetched(tmp_path, query={"playlist": "ranked-duels"}).replays_in == 2
    assert fetched(tmp_path, groups=[group], query={"playlist": "ranked-duels"}).replays_in == 6


def test_a_season_that_no_memory_holds_is_refused() -> None:
    """The limit is that of this source alone."""
    FetchParams(source=SourceKind.demo, matches=2001)
    with pytest.raises(ConfigError, match=r"fetch.matches: 2001 is out of range, must be between 1 and 2000"):
        FetchParams(source=SourceKind.ballchasing_demo, matches=2001)


def test_status_shows_the_rehearsal(tmp_path: Path, servers: list[DemoServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checkout whose settings choose it."""
    fetched(tmp_path, matches=1)
    for name in ("stages/fetch.py", "dvc.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "params.yaml").write_text("fetch: {source: ballchasing_demo}\n")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["status"])
    assert done.exit_code == 0, done.output
    assert "recordings: 2 here; of 3 uploads" in done.output


@pytest.mark.heavy
@pytest.mark.pipeline
def test_a_rehearsal_is_a_whole_build(clone: Callable[[str, Path], Checkout], tmp_path: Path) -> None:
    """With ``source: ballchasing_demo`` a build needs no key and no network; a second one does nothing, a forced one the same."""
    checkout = clone("rehearsal", tmp_path)
    checkout.replace("conf/config.yaml", "source: local", "source: ballchasing_demo")
    checkout.replace("conf/source/ballchasing_demo.yaml", "match_seconds: 75.0", "match_seconds: 20.0")
    nowhere = "http://127.0.0.1:9"
    keyless = partial(
        checkout.run, HTTP_PROXY=nowhere, HTTPS_PROXY=nowhere, PYTHONPATH="stages", BALLCHASING_API_KEY=""
    )
    impulse = partial(keyless, "python", "-m", "impulse")
    assert "13 replays listed, 0 here already, 11 to download" in impulse("plan").stdout
    impulse("repro")
    matches = pq.read_table(checkout.path / "data" / "export" / "replays.parquet")
    assert matches.num_rows == 7
    assert set(matches["source"].to_pylist()) == {"ballchasing_demo"}
    assert "recordings: 10 here, 1 lost; of 13 uploads" in impulse("status").stdout

    before = checkout.content("data/raw")
    assert "Running stage" not in impulse("repro").stdout
    assert "0 to download" in keyless("dvc", "repro", "--force", "--single-item", "fetch").stdout
    assert checkout.content("data/raw") == before
