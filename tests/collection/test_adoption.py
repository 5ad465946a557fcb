"""A store of replays that lost something takes it from data/raw or from DVC's cache; only what is nowhere is downloaded."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from tests.jobs import job

from impulse.collection.stage import plan, run
from impulse.config.engine import EngineParams
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo.server import KEY, DemoServer
from impulse.run.job import Counts, Job

COUNT = 4


class Place:
    """A checkout with a group of Ballchasing, whose downloads are counted."""

    def __init__(self, root: Path, server: DemoServer) -> None:
        self.root, self.server = root, server
        self.store, self.raw, self.cache = root / ".state" / "raw", root / "data" / "raw", root / "cache"

    def fetch(self, *, refresh: bool = False) -> Counts:
        params = FetchParams(source=SourceKind.ballchasing, groups=["top"], base_url=self.server.url, refresh=refresh)
        data = self.root / "data"
        counts = run(Job(params, EngineParams(), self.root, data, data, self.root / ".state"))
        assert counts is not None
        return counts

    @property
    def downloads(self) -> int:
        return sum(call.endswith("/file") for call in self.server.calls)

    def commit(self) -> None:
        """Do as DVC does: the cache gets the files of data/raw as links, dvc.lock the name of their list."""
        listed = []
        for path in sorted(self.raw.rglob("*.*")):
            md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            self.object(md5).parent.mkdir(parents=True, exist_ok=True)
            if not self.object(md5).exists():
                self.object(md5).hardlink_to(path)
            listed.append({"md5": md5, "relpath": path.relative_to(self.raw).as_posix()})
        content = json.dumps(listed).encode()
        oid = hashlib.md5(content, usedforsecurity=False).hexdigest() + ".dir"
        self.object(oid).parent.mkdir(parents=True, exist_ok=True)
        self.object(oid).write_bytes(content)
        lock = {"stages": {"fetch": {"outs": [{"path": "data/raw", "md5": oid}]}}}
        (self.root / "dvc.lock").write_text(yaml.safe_dump(lock))

    def object(self, oid: str) -> Path:
        return self.cache / oid[:2] / oid[2:]

    def object_of(self, replay: str) -> Path:
        """The object of the cache with the bytes of a replay."""
        return self.object(hashlib.md5(self.server.files[replay], usedforsecurity=False).hexdigest())

    def stored(self) -> list[Path]:
        return sorted(self.store.rglob("*.replay"))


@pytest.fixture
def place(tmp_path: Path, replays: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A checkout whose cache is where DVC would say."""
    monkeypatch.setenv("BALLCHASING_API_KEY", KEY)
    monkeypatch.setattr("impulse.collection.adoption._cache_of", lambda root: str(root / "cache"))
    with DemoServer() as server:
        server.limits = dict.fromkeys(("list", "core", "file"), (1e9, None))  # a call that is put off would count, too
        server.add_group("top")
        for number in range(COUNT):
            server.add_replay(f"replay-{number}", replays[number], "top")
        place = Place(tmp_path, server)
        place.fetch()
        place.commit()
        assert place.downloads == COUNT
        yield place


def test_data_raw_is_links_to_the_store(place: Place, replays: list[bytes]) -> None:
    """Each replay stands on the disk once, read-only, whatever its names."""
    for file in place.stored():
        shown = place.raw / file.relative_to(place.store)
        assert shown.stat().st_ino == file.stat().st_ino
        assert shown.stat().st_mode & 0o222 == 0
    before = {file: file.stat().st_ino for file in place.raw.rglob("*.*")}
    place.server.add_replay("replay-9", replays[COUNT], "top")
    place.fetch(refresh=True)
    now = {file: file.stat().st_ino for file in place.raw.rglob("*.*")}
    assert {file.name for file in now.keys() - before.keys()} == {"replay-9.replay"}
    assert {file.name for file, inode in before.items() if now[file] != inode} == {
        "manifest.parquet",
        "listed_players.parquet",
        "listings.parquet",
    }


def test_folder_of_before_is_taken_over(place: Place) -> None:
    """Replays and lists that stand in data/raw alone, as the stage kept them once; a dry run sees them there."""
    shutil.rmtree(place.root / ".state")
    (place.root / "dvc.lock").unlink()
    whole = (place.raw / "manifest.parquet").read_bytes()
    extra = place.raw / "replays" / "ot" / "other.replay"
    extra.parent.mkdir()
    extra.write_bytes(b"of an earlier selection")
    params = FetchParams(source=SourceKind.ballchasing, groups=["top"], base_url=place.server.url, dry_run=True)
    data = place.root / "data"
    assert ", 0 to download" in plan(Job(params, EngineParams(), place.root, data, data, place.root / "dry")).text
    assert place.fetch().replays_out == COUNT
    assert place.downloads == COUNT
    assert (place.raw / "manifest.parquet").read_bytes() == whole
    assert not extra.exists()
    assert (place.store / "replays" / "ot" / "other.replay").read_bytes() == b"of an earlier selection"


@pytest.mark.parametrize("lost", [".state", ".state/raw", ".state/raw/replays", ".state/seen"])
def test_what_the_store_lost_comes_from_the_cache(place: Place, lost: str) -> None:
    """After DVC has removed data/raw, as before each run; the files are links to those of the cache."""
    shutil.rmtree(place.root / lost)
    shutil.rmtree(place.raw)
    assert place.fetch().timing == {"written_now": 0, "healed_now": 0}
    assert place.downloads == COUNT
    assert [file.stat().st_nlink for file in place.stored()] == [3] * COUNT
    for number, file in enumerate(place.stored()):
        assert file.samefile(place.object_of(f"replay-{number}"))


def test_a_damaged_file_of_the_cache_is_not_taken(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """It is downloaded, as is one that the cache lacks; the manifest is the same."""
    whole = (place.raw / "manifest.parquet").read_bytes()
    shutil.rmtree(place.root / ".state")
    shutil.rmtree(place.raw)
    damaged, gone = place.object_of("replay-1"), place.object_of("replay-2")
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    gone.unlink()
    place.fetch()
    assert place.downloads == COUNT + 2
    assert f"{damaged} is damaged, so it is not taken from DVC's cache" in caplog.messages
    assert not damaged.exists()  # DVC would take it for the good one
    assert (place.raw / "manifest.parquet").read_bytes() == whole


def test_a_listing_is_read_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that lacks nothing asks neither DVC nor its cache; one from whose store a file was removed does."""
    place.fetch()
    monkeypatch.setattr("impulse.collection.adoption._cache_of", lambda _: pytest.fail("DVC was asked"))
    place.cache.rename(place.root / "aside")
    place.fetch()
    (place.root / "aside").rename(place.cache)
    file = place.stored()[0]
    file.unlink()
    shutil.rmtree(place.raw)
    place.fetch()
    assert file.is_file()
    assert place.downloads == COUNT


def test_an_edit_through_a_link_is_mended_in_the_cache_too(place: Place) -> None:
    """All names of a file are damaged at once. DVC would take the read-only object for a good one, so it goes."""
    file = place.stored()[0]
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(b"edited")
    file.chmod(0o444)
    damaged = place.object_of("replay-0")
    assert damaged.read_bytes() == b"edited"
    assert place.fetch().timing == {"written_now": 1, "healed_now": 1}
    assert file.read_bytes() == content
    assert (place.raw / file.relative_to(place.store)).samefile(file)
    assert not damaged.exists()
    assert place.object_of("replay-1").is_file()


def test_selection_decides_what_is_shown(tmp_path: Path, replays: list[bytes]) -> None:
    """A smaller one leaves no file of the larger one in data/raw, and a larger one again writes nothing."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(COUNT):
        (source / f"{number}.replay").write_bytes(replays[number])

    def fetched(pattern: str) -> Counts:
        counts = run(job(FetchParams(source=SourceKind.local, path=str(source), pattern=pattern), tmp_path))
        assert counts is not None
        listed = pq.read_table(tmp_path / "raw/manifest.parquet")["path"].to_pylist()
        shown = {path.relative_to(tmp_path / "raw").as_posix() for path in (tmp_path / "raw").rglob("*.replay")}
        assert shown == set(listed)
        assert len(listed) == counts.replays_out
        return counts

    assert fetched("*.replay").replays_out == COUNT
    assert fetched("[01].replay").replays_out == 2
    counts = fetched("*.replay")
    assert (counts.replays_out, counts.timing["written_now"]) == (COUNT, 0)
    assert len(list((tmp_path / ".state/raw").rglob("*.replay"))) == COUNT


def test_folder_of_another_disk_gets_copies(
    tmp_path: Path, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no links between store and data/raw, all works and takes the space twice."""

    def refused(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("impulse.files.disk.os.link", refused)
    (tmp_path / "source").mkdir()
    (tmp_path / "source/a.replay").write_bytes(replays[0])
    params = FetchParams(source=SourceKind.local, path=str(tmp_path / "source"))
    for _ in range(2):
        run(job(params, tmp_path))
        (shown,) = (tmp_path / "raw").rglob("*.replay")
        (file,) = (tmp_path / ".state/raw").rglob("*.replay")
        assert shown.read_bytes() == file.read_bytes() == replays[0]
        assert not shown.samefile(file)
