"""The fetch stage and the status command as programs, and the library call as it is promised."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.collection.conftest import START, Place
from tests.jobs import job
from tests.paths import ROOT

from impulse.cli import main
from impulse.collection import status
from impulse.collection.known import CODE, KNOWN_FILES, KnownFacts
from impulse.collection.ledger import Ledger
from impulse.collection.source import FileFacts
from impulse.collection.stage import run as run_stage
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo.server import KEY, DemoServer
from impulse.errors import EXIT_CONFIG, StageError
from impulse.files.digest import code_digest
from impulse.files.storage import LocalFolder
from impulse.run.job import Counts

SNIPPET = """
from impulse.collection import download_group
result = download_group(group_id='top', storage_type='local', output_dir='./replays')
print(f"Downloaded {result.successful} replays")
"""


@pytest.fixture
def server(replays: list[bytes]) -> Iterator[DemoServer]:
    with DemoServer() as fake:
        fake.add_group("top")
        for number in range(3):
            fake.add_replay(f"replay-{number}", replays[number] + bytes(number), "top")
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
def test_stage_downloads_into_data_raw(checkout: Path, server: DemoServer) -> None:
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
    checkout: Path, server: DemoServer, key: str | None, group: str, message: str
) -> None:
    """One line and an exit code, and no output that looks finished."""
    done = run(checkout, f"fetch.groups=[{group}]", f"fetch.base_url={server.url}", key=key)
    assert done.returncode == EXIT_CONFIG
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (checkout / "data" / "raw" / "manifest.parquet").exists()


def test_library_snippet_runs_as_promised(
    tmp_path: Path, server: DemoServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    place.get()
    place.server.add_replay("replay-5", replays[5], "top")
    place.server.add_replay("replay-6", replays[6], "top")
    place.server.add_replay("replay-7", replays[5], "top", rocket_league_id=f"{6:032X}")
    place.get(max_replays=1, refresh=True)
    with Ledger(place.folder / "ledger.sqlite") as ledger, ledger.transaction():
        lines = status.status_lines(place.folder / "ledger.sqlite", now=place.clock.now())

    text = "\n".join(lines)
    assert "recordings: 5 here, 1 to go, 1 lost; of 8 uploads" in text
    used = sum(call.endswith("/file") for call in place.server.calls)
    assert f"last hour: {used} downloads (tier regular), {200 - used} of 200 downloads left this hour" in text
    assert "to go: 1 recordings" in text
    assert "gone after 1 tries: replay-0" in text
    assert place.clock.now() > START


def test_status_without_a_ledger_is_one_line(tmp_path: Path) -> None:
    """No ledger, and a file that is none, are told apart from a job without progress."""
    (tmp_path / "text").write_text("not a database, but long enough to be looked at" * 20)
    with pytest.raises(
        StageError, match=r"there is no ledger at .*none; no download from Ballchasing.com has run here"
    ):
        status.status_lines(tmp_path / "none", now=START)
    with pytest.raises(StageError, match="text cannot be read: file is not a database"):
        status.status_lines(tmp_path / "text", now=START)


def test_status_is_that_of_the_checkout(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder of a checkout, like every other command."""
    for name in ("stages/fetch.py", "dvc.yaml", "docs/x"):
        (place.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (place.folder / name).touch()
    place.get(accept_incomplete=["top"], config=place.config(database_path=place.folder / ".state" / "ledger.sqlite"))
    monkeypatch.chdir(place.folder / "docs")
    done = CliRunner().invoke(main, ["status"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("listed: 1 groups")


def test_ledger_that_another_program_holds_is_not_to_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may pass is told from what will not, and a path that is no file is one line."""
    monkeypatch.setattr("impulse.collection.ledger.BUSY_SECONDS", 0.01)
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        for use in (lambda: Ledger(path), lambda: ledger.set_facts({"a": "b"})):
            with pytest.raises(StageError, match=r"cannot be used now \(database is locked\)") as caught:
                use()
            assert "move it away" not in str(caught.value)
    with pytest.raises(StageError, match=r"cannot be used now \(unable to open database file\)"):
        Ledger(tmp_path)


def stage(folder: Path, server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> Counts:
    """The fetch stage in this process."""
    monkeypatch.setenv("BALLCHASING_API_KEY", KEY)
    params = FetchParams(source=SourceKind.ballchasing, groups=["top"], base_url=server.url)
    counts = run_stage(job(params, folder))
    assert counts is not None
    return counts


def test_files_that_are_there_are_not_read_again(
    tmp_path: Path, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a bucket each would be a call. Without the kept facts headers are read once, and the manifest is the same."""
    read: list[str] = []
    whole = LocalFolder.read

    def counting(self: LocalFolder, name: str, limit: int | None = None) -> bytes:
        if name.endswith(".replay"):
            read.append(name)
        return whole(self, name, limit)

    stage(tmp_path, server, monkeypatch)
    manifest = (tmp_path / "raw" / "manifest.parquet").read_bytes()
    monkeypatch.setattr(LocalFolder, "read", counting)
    stage(tmp_path, server, monkeypatch)
    assert read == []
    (tmp_path / ".state" / KNOWN_FILES).unlink()
    for _ in range(2):
        assert stage(tmp_path, server, monkeypatch).timing == {"written_now": 0, "healed_now": 0}
        assert len(read) == 3
    assert (tmp_path / "raw" / "manifest.parquet").read_bytes() == manifest
    assert pq.read_table(tmp_path / "raw" / "manifest.parquet")["trailing_bytes"].to_pylist() == [0, 1, 2]


@pytest.mark.parametrize("module", ["replay/facts.py", "replay/container.py", "collection/source.py"])
def test_facts_of_other_code_are_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """What earlier code found in a file lacks what this code looks for, so each module that finds facts is in their key."""
    package = tmp_path / "package"
    for name in CODE:
        source = ROOT / "stages/impulse" / name
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, package / name)
    monkeypatch.setattr("impulse.collection.known.code_digest", lambda *paths: code_digest(*paths, package=package))
    facts = FileFacts.of(b"no replay")
    KnownFacts(tmp_path / "facts").keep(facts, facts.sha256)
    assert KnownFacts(tmp_path / "facts").get(facts.sha256) == facts
    with (package / module).open("a") as file:
        file.write("\nNEW = 1\n")
    assert KnownFacts(tmp_path / "facts").get(facts.sha256) is None


def test_facts_of_the_same_bytes_are_kept_once(
    tmp_path: Path, server: DemoServer, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that download copies at the same time do not write one record together."""
    kept: list[str] = []
    keep = KnownFacts.keep

    def counting(self: KnownFacts, facts: FileFacts, *identity: str | int) -> None:
        kept.append(facts.sha256)
        keep(self, facts, *identity)

    monkeypatch.setattr(KnownFacts, "keep", counting)
    for number in range(3, 9):
        server.add_replay(f"replay-{number}", replays[0], "top")
    assert stage(tmp_path, server, monkeypatch).replays_out == 3
    assert len(kept) == len(set(kept)) == 3


def test_progress_of_a_download_is_shown_once(
    tmp_path: Path, server: DemoServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One display counts the downloads; the files that they become have none of their own."""
    caplog.set_level("INFO", "impulse.run.progress")
    monkeypatch.setattr("impulse.run.progress.LINE_EVERY_SECONDS", 0.0)
    stage(tmp_path, server, monkeypatch)
    lines = [entry.getMessage() for entry in caplog.records if entry.name == "impulse.run.progress"]
    assert [line.split(",")[0] for line in lines] == ["1 of 3 replays", "2 of 3 replays"]


def test_file_that_is_no_ledger_is_left_alone(place: Place) -> None:
    """A job does not overwrite a file of another kind under the ledger's name."""
    path = place.folder / "notes.txt"
    path.write_text("keep me " * 200)
    with pytest.raises(StageError, match="cannot be used"):
        place.get(config=place.config(database_path=path))
    assert path.read_text() == "keep me " * 200
