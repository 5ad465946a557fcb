"""Whatever a folder holds: what the pattern means is a replay or a reject that says why, and nothing is waited for."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place
from tests.jobs import job
from tests.paths import ROOT

from impulse.collection.stage import run
from impulse.config.fetch import FetchParams, SourceKind
from impulse.run.job import Counts

PARAMS = FetchParams(source=SourceKind.local, path="source")
NO_UTF8 = b"\xff\xfe name.replay"
BACKSLASHES = b"\\xff\\xfe name.replay"
"""The name that the one above has in other tools, as the name of another file."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names, links and pipes of POSIX")


def fetch(folder: Path, params: FetchParams = PARAMS) -> tuple[Counts, dict[str, str], dict[str, tuple[str, str]]]:
    """Return counts, replay id by path, and reason and detail by path."""
    counts = run(job(params, folder))
    assert counts is not None
    rows = pq.read_table(folder / "raw/manifest.parquet").to_pylist()
    rejects = pq.read_table(folder / "raw/rejects.parquet").to_pylist()
    assert counts.replays_in == len(rows) + len(rejects) == counts.replays_out + sum(counts.rejected.values())
    taken = {row["source_path"]: row["replay_id"] for row in rows}
    left_out = {row["source_path"]: (row["reason"], row["detail"]) for row in rejects}
    assert len(taken) + len(left_out) == counts.replays_in  # every name is another text
    return counts, taken, left_out


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_every_name_is_a_row(tmp_path: Path, source: Path, replays: list[bytes]) -> None:
    """Files of any name, and whatever else has a name that the pattern means; nothing is opened that could wait."""
    good = ["plain.replay", "UPPER.REPLAY", "Mixed.rePlay", "line\nbreak.replay", "ünï.replay", ".hidden.replay"]
    for number, name in enumerate(good):
        (source / name).write_bytes(replays[number])
    (source / os.fsdecode(NO_UTF8)).write_bytes(replays[6])
    (source / os.fsdecode(BACKSLASHES)).write_bytes(replays[7])
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.bin").write_bytes(replays[8])
    (source / "link.replay").symlink_to(outside / "a.bin")
    (source / "folder.replay").mkdir()
    (source / "folder.replay" / "inside.replay").write_bytes(replays[9])
    (source / "dangling.replay").symlink_to("nowhere")
    (source / "loop.replay").symlink_to("loop.replay")
    (source / "through.replay").symlink_to("plain.replay/x")
    (source / "circle").symlink_to(source)
    (source / "linked").symlink_to(outside)
    os.mkfifo(source / "pipe.replay")
    os.mkfifo(source / "notes.txt")
    (source / "to pipe.replay").symlink_to("pipe.replay")
    (source / "device.replay").symlink_to("/dev/zero")
    (source / "empty.replay").touch()
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(source)  # the path of a socket is short
        server.bind("socket.replay")
        os.chdir(here)
        counts, taken, left_out = fetch(tmp_path)

    escaped = {r"\xff\xfe name.replay", r"\\xff\\xfe name.replay"}
    assert set(taken) == {*good, *escaped, "link.replay", "folder.replay/inside.replay"}
    assert {name: reason for name, (reason, _) in left_out.items()} == {
        "folder.replay": "not_a_file",
        "pipe.replay": "not_a_file",
        "to pipe.replay": "not_a_file",
        "device.replay": "not_a_file",
        "socket.replay": "not_a_file",
        "dangling.replay": "broken_link",
        "loop.replay": "broken_link",
        "through.replay": "broken_link",
        "circle": "linked_folder",
        "linked": "linked_folder",
        "empty.replay": "not_a_replay",
    }
    assert left_out["pipe.replay"][1] == "a pipe, which is not opened"
    assert counts.failure == ""


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/*.replay", {"a.replay", "B.Replay", "sub/c.REPLAY", "linked"}),
        ("*.REPLAY", {"a.replay", "B.Replay"}),
        ("[a]*", {"a.replay"}),
        ("*/*.replay", {"sub/c.REPLAY", "linked/a.replay", "linked/B.Replay"}),
        ("**/SUB/**/*.replay", {"sub/c.REPLAY", "linked"}),
        ("./sub//*", {"sub/c.REPLAY"}),
        ("**/*", {"a.replay", "B.Replay", "sub/c.REPLAY", "notes.txt", "linked"}),
    ],
)
def test_pattern_decides_what_is_meant(
    tmp_path: Path, source: Path, replays: list[bytes], pattern: str, names: set[str]
) -> None:
    """In any case of letters; folders are only names on the way, and links to folders no way for ``**``."""
    for number, name in enumerate(("a.replay", "B.Replay", "sub/c.REPLAY", "notes.txt")):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(replays[number])
    (source / "linked").symlink_to(source)
    _, taken, left_out = fetch(tmp_path, replace(PARAMS, pattern=pattern))
    assert {*taken, *left_out} == names


def test_what_may_not_be_read_is_a_row(
    tmp_path: Path, source: Path, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and folders without permission, a disk with an error, and a file that goes between listing and reading."""
    (source / "good.replay").write_bytes(replays[0])
    for name in ("secret.replay", "disk.replay", "vanishing.replay", "locked/a.replay"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(replays[1])
    scandir, opened = os.scandir, os.open

    def guarded_scandir(path):  # the suite may run as root, who may read everything
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    def guarded_open(path, *arguments, **settings):
        name = Path(path).name if isinstance(path, str | Path) else ""
        if name == "secret.replay":
            raise PermissionError(13, "Permission denied", str(path))
        if name == "disk.replay":
            raise OSError(5, "Input/output error", str(path))
        if name == "vanishing.replay":
            Path(path).unlink()
        return opened(path, *arguments, **settings)

    monkeypatch.setattr(os, "scandir", guarded_scandir)
    monkeypatch.setattr(os, "open", guarded_open)
    _, taken, left_out = fetch(tmp_path)
    assert set(taken) == {"good.replay"}
    assert left_out == {
        "secret.replay": ("unreadable", "PermissionError: Permission denied"),
        "disk.replay": ("unreadable", "OSError: Input/output error"),
        "vanishing.replay": ("vanished", "it was listed, and gone when it was to be read"),
        "locked": ("unreadable", "PermissionError: Permission denied"),
    }


def test_pipe_that_takes_a_name_after_the_listing_is_not_waited_for(
    tmp_path: Path, source: Path, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening one would wait for its writer for ever."""
    (source / "a.replay").write_bytes(replays[0])
    opened = os.open

    def swapping(path, *arguments, **settings):
        if str(path).endswith("a.replay") and not stat.S_ISFIFO(Path(path).stat().st_mode):
            Path(path).unlink()
            os.mkfifo(path)
        return opened(path, *arguments, **settings)

    monkeypatch.setattr(os, "open", swapping)
    _, taken, left_out = fetch(tmp_path)
    assert (taken, left_out["a.replay"][0]) == ({}, "unreadable")


def test_full_disk_is_no_fault_of_a_file(
    tmp_path: Path, source: Path, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be noted down ends the run; no file is called unreadable for it."""
    (source / "a.replay").write_bytes(replays[0])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("impulse.collection.known.KnownFacts.keep", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(tmp_path)


def test_size_is_checked_before_anything_is_read(tmp_path: Path, source: Path, replays: list[bytes]) -> None:
    """A sparse file of 5 GB costs no memory, wherever it lies; the reject has both sizes."""
    (source / "good.replay").write_bytes(replays[0])
    with (source / "huge.replay").open("wb") as file:
        file.truncate(5 * 10**9)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30)); "
        "from pathlib import Path; from tests.collection.test_odd_files import fetch; "
        "print(fetch(Path(sys.argv[1]))[2])"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'stages'}{os.pathsep}{ROOT}", "OPENBLAS_NUM_THREADS": "1"}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "'too_large', '5000000000 bytes, at most 67108864 are read (fetch.max_replay_mb)'" in done.stdout
        kept = min((tmp_path / "raw/replays").rglob("*.replay"))  # a kept file that was replaced by a huge one
        with kept.open("wb") as file:
            file.truncate(5 * 10**9)
    fetch(tmp_path)
    assert kept.read_bytes() == replays[0]


def test_limit_of_size_is_that_of_the_settings(tmp_path: Path, source: Path, replays: list[bytes]) -> None:
    """A file of just so many bytes is read; what was taken before and is too large now is a reject again."""
    file = source / "a.replay"
    params = replace(PARAMS, max_replay_mb=1)
    for size, taken in ((2**20, True), (2**20 + 1, False)):
        file.write_bytes(replays[0] + bytes(size - len(replays[0])))
        assert bool(fetch(tmp_path, params)[1]) is taken
    assert fetch(tmp_path)[1]
    assert fetch(tmp_path, params)[2]["a.replay"][0] == "too_large"


@pytest.mark.parametrize("chunked", [False, True])
def test_download_that_is_too_large_is_had_with_a_larger_limit(
    place: Place, replays: list[bytes], monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    """Its announced length ends it before the body, else the bytes that came; a larger limit tries again unasked."""
    content = replays[0] + bytes(2**21)
    place.server.hide_file_length = chunked
    place.server.add_replay("replay-0", content, "top")
    limits: dict[str, Any] = {"max_replay_mb": 1}
    whole = FetchParams

    monkeypatch.setattr("impulse.collection.facade.FetchParams", lambda **given: whole(**given, **limits))
    for _ in range(2):
        assert place.get(max_lost_share=1).failed == 1
    (row,) = pq.read_table(place.folder / "replays/rejects.parquet").to_pylist()
    assert row["reason"] == "too_large"
    assert "at most 1048576 are read (fetch.max_replay_mb)" in row["detail"]
    assert place.server.count("/replays/replay-0/file") == 1
    limits["max_replay_mb"] = 64
    assert place.get().files[0].read_bytes() == content
    limits["max_replay_mb"] = 1
    assert place.get(max_lost_share=1).failed == 1
    assert place.server.count("/replays/replay-0/file") == 2
