"""Kept replays that somebody or something changed: each is noticed by its bytes and replaced from the source."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place
from tests.jobs import job

from impulse.collection.adoption import LISTS
from impulse.collection.stage import run
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo.server import KEY, DemoServer
from impulse.run.job import Counts

COUNT = 4
STORE = ".state/raw"
SUFFIXES = (".replay", ".parquet")
_opened: list[str] = []
_is_counting = False


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _is_counting and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        _opened.append(os.fsdecode(arguments[0]))


sys.addaudithook(_hook)


@contextmanager
def opened_replays() -> Iterator[list[str]]:
    """Collect the replay files that this process opens, whatever code does it."""
    global _is_counting
    _opened.clear()
    found: list[str] = []
    _is_counting = True
    try:
        yield found
    finally:
        _is_counting = False
        found += [name for name in _opened if name.endswith(".replay")]


def flipped(first: Path, _: Path) -> None:
    first.chmod(0o644)
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)


def with_the_same_time(first: Path, second: Path) -> None:
    """Another file with the same size and time, as a copy that keeps times leaves it."""
    status = first.stat()
    copy = first.with_suffix(".copy")
    copy.write_bytes(first.read_bytes())
    flipped(copy, second)
    copy.replace(first)
    os.utime(first, ns=(status.st_atime_ns, status.st_mtime_ns))


def cut(first: Path, _: Path) -> None:
    first.chmod(0o644)
    first.write_bytes(first.read_bytes()[:1000])


def swapped(first: Path, second: Path) -> None:
    between = first.with_suffix(".between")
    first.rename(between)
    second.rename(first)
    between.rename(second)


def turned_into_a_dangling_link(first: Path, _: Path) -> None:
    first.unlink()
    first.symlink_to("nowhere")


DAMAGES: dict[Callable[[Path, Path], None], int] = {flipped: 1, with_the_same_time: 1, cut: 1, swapped: 2}
"""How many files each concerns."""


@pytest.fixture(params=["local", "demo", "ballchasing"])
def fetch(
    request: pytest.FixtureRequest, tmp_path: Path, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Counts]]:
    """The fetch stage of one source, into the folder of the test."""
    monkeypatch.setenv("BALLCHASING_API_KEY", KEY)
    source = tmp_path / "source"
    with DemoServer() as server:
        server.add_group("top")
        source.mkdir()
        for number, content in enumerate(replays[:COUNT]):
            (source / f"{number}.replay").write_bytes(content)
            server.add_replay(f"replay-{number}", content, "top")
        params = {
            "local": FetchParams(source=SourceKind.local, path=str(source)),
            "demo": FetchParams(source=SourceKind.demo, matches=COUNT, match_seconds=10),
            "ballchasing": FetchParams(source=SourceKind.ballchasing, groups=["top"], base_url=server.url),
        }[request.param]

        def fetched() -> Counts:
            counts = run(job(params, tmp_path))
            assert counts is not None
            return counts

        yield fetched


def kept(folder: Path, place: str = "raw") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / place).rglob("*") if path.name.endswith(SUFFIXES)}


def test_what_was_changed_is_noticed_and_replaced(
    tmp_path: Path, fetch: Callable[[], Counts], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the change, and whoever has the same size or time; the run says how many files it replaced."""
    fetch()
    whole = kept(tmp_path)
    first, second = sorted((tmp_path / STORE / "replays").rglob("*.replay"))[:2]
    for damage, count in DAMAGES.items():
        damage(first, second)
        assert kept(tmp_path, STORE) != whole
        caplog.clear()
        counts = fetch()
        assert kept(tmp_path) == kept(tmp_path, STORE) == whole, damage.__name__
        assert (counts.timing["healed_now"], counts.failure) == (count, "")
        assert [message.split(",")[0] for message in caplog.messages if "kept files" in message] == [
            f"{count} kept files were not what they should be"
        ]
    turned_into_a_dangling_link(first, second)
    fetch()
    assert kept(tmp_path) == whole


def test_what_was_changed_in_the_view_is_what_it_was(tmp_path: Path, fetch: Callable[[], Counts]) -> None:
    """Files of data/raw that were edited, replaced, exchanged, removed or added: it is as the store and the manifest say again."""
    fetch()
    whole = kept(tmp_path)
    first, second = sorted((tmp_path / "raw" / "replays").rglob("*.replay"))[:2]
    for damage in (*DAMAGES, turned_into_a_dangling_link):
        damage(first, second)
        (first.parent / "mine.txt").touch()
        fetch()
        assert kept(tmp_path) == kept(tmp_path, STORE) == whole, damage.__name__
        assert not (first.parent / "mine.txt").exists()


def test_what_is_as_it_was_is_not_read(tmp_path: Path, fetch: Callable[[], Counts]) -> None:
    """Of files that came unchanged, kept ones and those of the source; one with another inode is read once."""
    fetch()
    whole = kept(tmp_path)
    with opened_replays() as opened:
        assert fetch().timing == {"written_now": 0, "healed_now": 0}
    assert opened == []
    first = min((tmp_path / STORE / "replays").rglob("*.replay"))
    copy = first.with_suffix(".copy")
    copy.write_bytes(first.read_bytes())
    copy.replace(first)
    for expected in ([str(first)], []):
        with opened_replays() as opened:
            assert fetch().timing["healed_now"] == 0
        assert opened == expected
    assert kept(tmp_path) == whole


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"a": 3}', b"\xff{", b'{"a": [1, 2]}'])
def test_memory_that_is_damaged_costs_a_reading(tmp_path: Path, replays: list[bytes], content: bytes) -> None:
    """What was seen is no more than a saving of time."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.replay").write_bytes(replays[0])
    params = FetchParams(source=SourceKind.local, path="source")
    run(job(params, tmp_path))
    seen = list((tmp_path / ".state" / "seen").iterdir())
    assert len(seen) == 2
    for file in seen:
        file.write_bytes(content)
    counts = run(job(params, tmp_path))
    assert counts is not None
    assert (counts.replays_out, counts.timing["healed_now"]) == (1, 0)


def test_what_cannot_be_replaced_fails_the_stage(tmp_path: Path, fetch: Callable[[], Counts]) -> None:
    """A folder in the place of a file is not removed; everything else is kept and listed, in every run until it is mended."""
    whole = fetch().replays_out
    first = min((tmp_path / STORE / "replays").rglob("*.replay"))
    content = first.read_bytes()
    first.unlink()
    first.mkdir()
    (first / "mine").touch()
    for _ in range(2):
        counts = fetch()
        assert first.name in counts.failure
        assert (counts.replays_out, counts.rejected["kept_file_damaged"]) == (whole - 1, 1)
        assert pq.read_metadata(tmp_path / "raw" / "manifest.parquet").num_rows == whole - 1
    (first / "mine").unlink()
    first.rmdir()
    assert (fetch().failure, fetch().replays_out) == ("", whole)
    assert first.read_bytes() == content


def test_damage_that_the_server_cannot_mend_is_never_green(
    tmp_path: Path, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the file is good, or somebody removes it and goes on without the replay."""
    monkeypatch.setenv("BALLCHASING_API_KEY", KEY)
    with DemoServer() as server:
        server.add_group("top")
        for number in range(3):
            server.add_replay(f"replay-{number}", replays[number], "top")
        params = FetchParams(source=SourceKind.ballchasing, groups=["top"], base_url=server.url, outage_patience=0)
        run(job(params, tmp_path))
        file = tmp_path / STORE / "replays/re/replay-1.replay"
        flipped(file, file)
        server.always["/replays/replay-1/file"] = "404"
        for _ in range(2):
            counts = run(job(params, tmp_path))
            assert counts is not None
            assert counts.failure.startswith(
                "a kept replay could not be replaced, all others are kept: the file of replay-1"
            )
            assert (counts.replays_out, counts.rejected) == (2, {"kept_file_damaged": 1})
            assert len(kept(tmp_path)) == 2 + len(LISTS)
        file.unlink()
        for _ in range(2):
            counts = run(job(params, tmp_path))
            assert counts is not None
            assert (counts.failure, counts.rejected) == ("", {"gone": 1})


def test_another_upload_takes_the_place_of_a_damaged_file(place: Place, replays: list[bytes]) -> None:
    """Where the server has lost the one and still has the other, nothing is missing."""
    same = {"rocket_league_id": "AB" * 16}
    place.server.add_replay("upload-a", replays[0], "top", **same)
    place.server.add_replay("upload-b", replays[0], "top", **same)
    (file,) = place.get().files
    flipped(file, file)
    del place.server.files["upload-a"]
    for _ in range(2):
        result = place.get()
        assert [path.name for path in result.files] == ["upload-b.replay"]
        assert result.files[0].read_bytes() == replays[0]
        assert (result.successful, result.gone, result.failed) == (1, 1, 0)


def test_direct_downloads_are_judged_by_their_bytes(place: Place, replays: list[bytes]) -> None:
    """The call of the library too replaces what was changed, and reads nothing that was not."""
    for number in range(3):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    files = place.get().files
    for damage in DAMAGES:
        damage(*files[:2])
        place.get()
        assert [file.read_bytes() for file in files] == replays[:3]
    with opened_replays() as opened:
        place.get()
    assert opened == []
