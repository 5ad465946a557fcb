"""The fetch stage and the status command as programs, and the library call as it is promised."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import START, Place
from tests.collection.fake_ballchasing import KEY, FakeBallchasing
from tests.paths import ROOT

from impulse.collection import status
from impulse.collection.ledger import Ledger
from impulse.errors import EXIT_CONFIG, StageError

SNIPPET = """
from impulse.collection import download_group
result = download_group(group_id='top', storage_type='local', output_dir='./replays')
print(f"Downloaded {result.successful} replays")
"""


@pytest.fixture
def server(replays: list[bytes]) -> Iterator[FakeBallchasing]:
    with FakeBallchasing() as fake:
        fake.add_group("top")
        for number in range(3):
            fake.add_replay(f"replay-{number}", replays[number], "top")
        yield fake


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("stages", "conf"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


def run(checkout: Path, *arguments: str, key: str | None = KEY) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("BALLCHASING_API_KEY", "DVC_ROOT")}
    if key is not None:
        environment["BALLCHASING_API_KEY"] = key
    command = [sys.executable, "stages/fetch.py", "source=ballchasing", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_stage_downloads_into_data_raw(checkout: Path, server: FakeBallchasing) -> None:
    """The stage says what there is to do, then files, manifest, metrics and ledger stand where they belong."""
    arguments = ["fetch.groups=[top]", f"fetch.base_url={server.url}"]
    dry = run(checkout, *arguments, "fetch.dry_run=true")
    assert dry.returncode == 0, dry.stderr
    assert "3 replays listed, 0 here already, 3 to download; 3 calls" in dry.stdout
    assert not (checkout / "data" / "raw" / "manifest.parquet").exists()
    assert not (checkout / "metrics" / "fetch.json").exists()

    done = run(checkout, *arguments)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    rows = pq.read_table(checkout / "data" / "raw" / "manifest.parquet").to_pylist()
    assert [row["path"] for row in rows] == [f"replays/re/replay-{number}.replay" for number in range(3)]
    assert all((checkout / "data" / "raw" / row["path"]).stat().st_size == row["bytes"] for row in rows)
    assert (checkout / "metrics" / "fetch.json").is_file()
    assert (checkout / ".state" / "ledger.sqlite").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "group", "message"),
    [
        (None, "top", "no API key: set the environment variable BALLCHASING_API_KEY"),
        ("wrong", "top", "the server refuses the API key"),
        (KEY, "nowhere", "there is no group 'nowhere'"),
    ],
    ids=["no-key", "wrong-key", "unknown-group"],
)
def test_stage_that_cannot_begin_says_why(
    checkout: Path, server: FakeBallchasing, key: str | None, group: str, message: str
) -> None:
    """One line and an exit code, and no output that looks finished."""
    done = run(checkout, f"fetch.groups=[{group}]", f"fetch.base_url={server.url}", key=key)
    assert done.returncode == EXIT_CONFIG
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (checkout / "data" / "raw" / "manifest.parquet").exists()


def test_library_snippet_runs_as_promised(
    tmp_path: Path, server: FakeBallchasing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three lines download a group; key and server come from .env in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("BALLCHASING_API_KEY", "BALLCHASING_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(f"BALLCHASING_API_KEY={KEY}\nBALLCHASING_BASE_URL={server.url}\n")
    exec(compile(SNIPPET, "snippet", "exec"), {})
    assert capsys.readouterr().out == "Downloaded 3 replays\n"
    assert len(list((tmp_path / "replays").glob("*.replay"))) == 3


def test_status_reads_while_a_job_holds_the_ledger(place: Place, replays: list[bytes]) -> None:
    """Counts, quota, time to go and the last errors are shown while another connection writes."""
    place.server.tier = "regular"
    for number in range(5):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.server.always["/replays/replay-0/file"] = "404"
    place.get(max_replays=3)
    with Ledger(place.folder / "ledger.sqlite") as ledger, ledger.transaction():
        lines = status.status_lines(place.folder / "ledger.sqlite", now=place.clock.now())

    text = "\n".join(lines)
    assert "replays: 2 downloaded, 1 gone, 2 pending" in text
    assert "last hour: 3 downloads (tier regular), 197 of 200 downloads left this hour" in text
    assert "to go: 2 replays" in text
    assert "gone after 1 tries: replay-0" in text
    assert place.clock.now() > START


def test_status_without_a_ledger_is_one_line(tmp_path: Path) -> None:
    """No ledger, and a file that is none, are told apart from a job without progress."""
    (tmp_path / "text").write_text("not a database, but long enough to be looked at" * 20)
    with pytest.raises(StageError, match=r"there is no ledger at .*none; nothing was fetched yet"):
        status.read_status(tmp_path / "none")
    with pytest.raises(StageError, match="text cannot be read: file is not a database"):
        status.read_status(tmp_path / "text")


def test_file_that_is_no_ledger_is_left_alone(place: Place) -> None:
    """A job does not overwrite a file of another kind under the ledger's name."""
    path = place.folder / "notes.txt"
    path.write_text("keep me " * 200)
    with pytest.raises(StageError, match="cannot be used"):
        place.get(config=place.config(database_path=path))
    assert path.read_text() == "keep me " * 200
