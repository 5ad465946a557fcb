"""Checkpoints in a folder as DVC remote: what is saved comes back, whatever happens in between."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.errors import ConfigError, StageError
from impulse.sharing.long_run.checkpoint import (
    Checkpoint,
    RawFile,
    ledger_snapshot,
)
from impulse.sharing.long_run.place import Place
from impulse.sharing.long_run.remote import (
    FOLDER,
    Remote,
    checkpoint_name,
)
from impulse.sharing.long_run.restoring import (
    newest,
    restore,
    take_results,
)
from impulse.sharing.long_run.saving import KEEP, Saver

NAMES = st.text("abc", min_size=1, max_size=3)
FILES = st.builds(
    RawFile,
    path=st.lists(NAMES, min_size=1, max_size=3).map("/".join),
    bytes=st.integers(0, 2**40),
    mtime_ns=st.integers(0, 2**62),
    md5=st.binary(min_size=16, max_size=16).map(bytes.hex),
)
CHECKPOINTS = st.builds(
    Checkpoint,
    made_at=st.just("2026-01-02T03:04:05+00:00"),
    revision=st.text("0123456789abcdef", min_size=1, max_size=40),
    files=st.lists(FILES, max_size=5).map(tuple),
    ledger=st.none() | st.binary(max_size=200),
    is_complete=st.booleans(),
    results=st.dictionaries(NAMES, st.binary(max_size=50), max_size=3),
    built_revision=st.none() | st.just("0123abcd"),
)


def checkout(folder: Path) -> Place:
    """A folder that DVC takes for a checkout, with the remote beside it."""
    (folder / ".dvc").mkdir(parents=True)
    config = "[core]\n  no_scm = true\n  remote = r\n['remote \"r\"']\n  url = ../../remote\n"
    (folder / ".dvc" / "config").write_text(config)
    (folder / ".state").mkdir()
    return Place(folder)


def write(place: Place, path: str, content: bytes) -> None:
    target = place.raw / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_name(f".{target.name}.partial").write_bytes(content)
    target.with_name(f".{target.name}.partial").replace(target)


def add_rows(place: Place, *values: int) -> None:
    with closing(sqlite3.connect(place.ledger)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE IF NOT EXISTS rows (value INTEGER)")
        database.executemany("INSERT INTO rows VALUES (?)", [(value,) for value in values])
        database.commit()


def rows(place: Place) -> list[int]:
    with closing(sqlite3.connect(place.ledger)) as database:
        return [row[0] for row in database.execute("SELECT value FROM rows ORDER BY value")]


def raw_content(place: Place) -> dict[str, bytes]:
    return {
        path.relative_to(place.raw).as_posix(): path.read_bytes()
        for path in place.raw.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A checkout with two raw files and a ledger."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    place = checkout(tmp_path / "first")
    write(place, "replays/aa/aa.replay", b"a" * 100)
    write(place, "manifest.parquet", b"manifest 1")
    add_rows(place, 1, 2)
    return place


@given(CHECKPOINTS)
def test_archive_comes_back_whole(checkpoint: Checkpoint) -> None:
    """What was written is read, and the same content gives the same bytes."""
    content = checkpoint.to_bytes()
    assert Checkpoint.from_bytes(content, name="c") == checkpoint
    assert checkpoint.to_bytes() == content


@given(CHECKPOINTS, st.data())
def test_damaged_archive_is_never_taken_for_another(checkpoint: Checkpoint, data: st.DataObject) -> None:
    """A cut or a flipped bit anywhere is an error of one kind."""
    content = bytearray(checkpoint.to_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    damaged = bytes(content[:position])
    if data.draw(st.booleans()):
        content[position] ^= 1 << data.draw(st.integers(0, 7))
        damaged = bytes(content)
    with pytest.raises(StageError, match="is damaged"):
        Checkpoint.from_bytes(damaged, name="c")


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", ""])
def test_paths_outside_are_refused(path: str) -> None:
    """Neither raw files nor results may leave their folder."""
    file = RawFile(path, 1, 1, "0" * 32)
    for checkpoint in (Checkpoint("", "", (file,), None), Checkpoint("", "", (), None, results={path: b"x"})):
        with pytest.raises(StageError, match="outside"):
            Checkpoint.from_bytes(checkpoint.to_bytes(), name="c")


def test_snapshot_is_whole_while_others_write(place: Place) -> None:
    """A snapshot in the middle of transactions has all rows of each transaction or none."""
    stop = threading.Event()

    def keep_writing() -> None:
        with closing(sqlite3.connect(place.ledger, timeout=30)) as database:
            value = 10
            while not stop.is_set():
                database.executemany("INSERT INTO rows VALUES (?)", [(value,)] * 7)
                database.commit()
                value += 1

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        found = [ledger_snapshot(place.ledger) for _ in range(20)]
    finally:
        stop.set()
        writer.join()
    for number, content in enumerate(found):
        assert content is not None
        path = place.state / f"copy-{number}"
        path.write_bytes(content)
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            counts = database.execute("SELECT count(*) FROM rows WHERE value >= 10 GROUP BY value").fetchall()
        assert all(count == (7,) for count in counts)
    assert not list(place.state.glob(".snapshot-*"))


def test_saved_state_comes_back_elsewhere(place: Place, tmp_path: Path) -> None:
    """Raw files and ledger are the same in another checkout, and its own checkpoints go on counting."""
    assert Saver(place, Remote(place.root)).save() == checkpoint_name(1, place.maker())
    other = checkout(tmp_path / "second")
    assert restore(other, Remote(other.root)) == checkpoint_name(1, place.maker())
    assert raw_content(other) == raw_content(place)
    assert rows(other) == [1, 2]
    assert restore(other, Remote(other.root)) is None, "it has a ledger of its own now"
    add_rows(other, 3)
    assert Saver(other, Remote(other.root)).save() == checkpoint_name(2, other.maker())


def test_unchanged_state_is_not_saved_again(place: Place) -> None:
    """Only a change of ledger or files makes a checkpoint; old ones go."""
    saver = Saver(place, Remote(place.root))
    assert saver.save() is not None
    assert saver.save() is None
    for number in range(KEEP + 2):
        add_rows(place, number)
        assert saver.save() is not None
    assert len(Remote(place.root).checkpoints()) == KEEP


def test_nothing_is_no_checkpoint(tmp_path: Path, place: Place) -> None:
    """A checkout without ledger and files saves nothing, and without checkpoint restores nothing."""
    empty = checkout(tmp_path / "empty")
    assert Saver(empty, Remote(empty.root)).save() is None
    assert restore(empty, Remote(empty.root)) is None
    assert newest(Remote(empty.root)) is None


def test_every_stored_file_is_what_its_name_says(place: Place, tmp_path: Path) -> None:
    """Files that are replaced while they are stored never put wrong bytes under a hash."""
    stop = threading.Event()

    def keep_replacing() -> None:
        number = 0
        while not stop.is_set():
            write(place, "manifest.parquet", b"manifest %d" % (number % 10))
            number += 1

    saver = Saver(place, Remote(place.root))
    writer = threading.Thread(target=keep_replacing)
    writer.start()
    try:
        for number in range(20):
            add_rows(place, number)
            saver.save()
    finally:
        stop.set()
        writer.join()
    stored = [path for path in (tmp_path / "remote" / "files" / "md5").rglob("*") if path.is_file()]
    assert len(stored) > 2
    for path in stored:
        assert hashlib.md5(path.read_bytes()).hexdigest() == path.parent.name + path.name


def test_files_are_read_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the last checkpoint has is neither read nor stored again, also by another process or machine."""
    Saver(place, Remote(place.root)).save()
    stored: list[bytes] = []
    store_file = Remote.store_file

    def counting(self: Remote, content: bytes) -> str:
        stored.append(content)
        return store_file(self, content)

    monkeypatch.setattr(Remote, "store_file", counting)
    saver = Saver(place, Remote(place.root))
    write(place, "replays/bb/bb.replay", b"b" * 50)
    assert saver.save() is not None
    other = checkout(place.root.parent / "second")
    restore(other, Remote(other.root))
    add_rows(other, 9)
    assert Saver(other, Remote(other.root)).save() is not None
    assert stored == [b"b" * 50]


def test_lost_object_is_stored_again(place: Place, tmp_path: Path) -> None:
    """What somebody removed from the remote comes back with the next process, and costs a restore only that file."""
    Saver(place, Remote(place.root)).save()
    lost = hashlib.md5(b"a" * 100).hexdigest()
    path = tmp_path / "remote" / "files" / "md5" / lost[:2] / lost[2:]
    path.unlink()
    other = checkout(tmp_path / "second")
    restore(other, Remote(other.root))
    assert raw_content(other) == {"manifest.parquet": b"manifest 1"}
    add_rows(place, 5)
    Saver(place, Remote(place.root)).save()
    assert path.read_bytes() == b"a" * 100


def test_object_with_wrong_bytes_is_not_restored(place: Place, tmp_path: Path) -> None:
    """Bytes are checked against their hash."""
    Saver(place, Remote(place.root)).save()
    digest = hashlib.md5(b"a" * 100).hexdigest()
    path = tmp_path / "remote" / "files" / "md5" / digest[:2] / digest[2:]
    path.chmod(0o644)
    path.write_bytes(b"b" * 100)
    other = checkout(tmp_path / "second")
    restore(other, Remote(other.root))
    assert set(raw_content(other)) == {"manifest.parquet"}


def test_interrupted_restore_starts_again(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is there last, so a restore that was cut off is seen and ends like another."""
    write(place, "replays/bb/bb.replay", b"b" * 50)
    Saver(place, Remote(place.root)).save()
    other = checkout(tmp_path / "second")
    read_file = Remote.read_file
    with monkeypatch.context() as patch:
        broken = hashlib.md5(b"b" * 50).hexdigest()

        def cut_off(self: Remote, md5: str) -> bytes | None:
            if md5 == broken:
                raise StageError("the store cannot be used now")
            return read_file(self, md5)

        patch.setattr(Remote, "read_file", cut_off)
        with pytest.raises(StageError):
            restore(other, Remote(other.root))
    assert not other.ledger.exists()
    assert restore(other, Remote(other.root)) is not None
    assert raw_content(other) == raw_content(place)
    assert rows(other) == [1, 2]


def test_damaged_newest_checkpoint_gives_way_to_the_one_before(place: Place, tmp_path: Path) -> None:
    """One bad object does not lose the rest; when all are bad nothing is begun from zero in silence."""
    saver = Saver(place, Remote(place.root))
    saver.save()
    add_rows(place, 3)
    name = saver.save()
    folder = tmp_path / "remote" / FOLDER
    (folder / str(name)).write_bytes(b"PK damaged")
    other = checkout(tmp_path / "second")
    assert restore(other, Remote(other.root)) == checkpoint_name(1, place.maker())
    assert rows(other) == [1, 2]
    for path in folder.iterdir():
        path.write_bytes(b"PK damaged")
    with pytest.raises(StageError, match="no checkpoint can be read"):
        restore(checkout(tmp_path / "third"), Remote(other.root))


def test_second_machine_on_one_remote_is_told(place: Place, tmp_path: Path) -> None:
    """Two machines would overwrite each other's ledger; the one that comes later stops."""
    saver = Saver(place, Remote(place.root))
    saver.save()
    other = checkout(tmp_path / "second")
    add_rows(other, 7)
    with pytest.raises(ConfigError, match="another checkout made"):
        Saver(other, Remote(other.root)).save()
    other.ledger.unlink()
    restore(other, Remote(other.root))
    add_rows(other, 8)
    Saver(other, Remote(other.root)).save()
    add_rows(place, 9)
    with pytest.raises(ConfigError, match="another checkout made"):
        saver.save()


def test_last_words_of_the_machine_before_are_taken(place: Place, tmp_path: Path) -> None:
    """A machine that is replaced may save once more after its successor restored: nothing is lost, and it stops."""
    saver = Saver(place, Remote(place.root))
    saver.save()
    successor = checkout(tmp_path / "second")
    restore(successor, Remote(successor.root))
    write(place, "replays/cc/cc.replay", b"c" * 30)
    write(place, "manifest.parquet", b"manifest of the old one")
    saver.save()
    write(successor, "replays/dd/dd.replay", b"d" * 30)
    Saver(successor, Remote(successor.root)).save()
    found = newest(Remote(place.root))
    assert found is not None
    assert found[0] == checkpoint_name(3, successor.maker())
    assert {file.path for file in found[1].files} == {
        "manifest.parquet",
        *(f"replays/{name}/{name}.replay" for name in ("aa", "cc", "dd")),
    }
    assert raw_content(successor)["manifest.parquet"] == b"manifest 1"
    write(place, "replays/ee/ee.replay", b"e" * 30)
    with pytest.raises(ConfigError, match="another checkout made"):
        saver.save()


def test_results_come_only_from_a_finished_run(place: Place, tmp_path: Path) -> None:
    """dvc.lock is in no checkpoint before the end, and then reaches a checkout with metrics and params."""
    (place.root / "dvc.lock").write_text("schema: '2.0'\n")
    (place.root / "params.yaml").write_text("a: 1\n")
    (place.root / "metrics" / "timing").mkdir(parents=True)
    (place.root / "metrics" / "timing" / "fetch.json").write_text("{}\n")
    saver = Saver(place, Remote(place.root))
    saver.save()
    user = checkout(tmp_path / "user")
    with pytest.raises(StageError, match="not finished"):
        take_results(user, Remote(user.root))
    saver.save(is_complete=True)
    assert take_results(user, Remote(user.root)) == ["dvc.lock", "metrics/timing/fetch.json", "params.yaml"]
    assert (user.root / "dvc.lock").read_text() == "schema: '2.0'\n"

    add_rows(place, 4)
    (place.root / "dvc.lock").write_text("half of the next build")
    again = Saver(place, Remote(place.root))
    again.save()
    found = newest(Remote(place.root))
    assert found is not None
    assert not found[1].is_complete
    take_results(user, Remote(user.root))
    assert (user.root / "dvc.lock").read_text() == "schema: '2.0'\n", "results of the last finished build stay"


@pytest.mark.parametrize("setting", ["", "  remote = nowhere\n"], ids=["none", "unknown"])
def test_checkout_without_remote_is_one_line(tmp_path: Path, setting: str) -> None:
    """No remote, or one that is not described, is a setting to change."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(f"[core]\n  no_scm = true\n{setting}")
    with pytest.raises(ConfigError) as caught:
        Remote(tmp_path)
    assert "\n" not in str(caught.value)


def test_access_is_checked_by_writing(place: Place, tmp_path: Path) -> None:
    """A remote that cannot be written is found before the days of work, not after."""
    remote = Remote(place.root)
    remote.check_access()
    assert list((tmp_path / "remote" / FOLDER).iterdir()) == []
    (tmp_path / "remote" / FOLDER).rmdir()
    (tmp_path / "remote" / FOLDER).write_text("in the way")
    with pytest.raises(StageError, match="cannot be used now"):
        remote.check_access()


def test_names_with_a_dot_stay_here(place: Place) -> None:
    """Files that are being written, and locks, are no raw files."""
    (place.raw / ".x.partial").write_bytes(b"half")
    os.mkfifo(place.raw / "pipe")
    Saver(place, Remote(place.root)).save()
    found = newest(Remote(place.root))
    assert found is not None
    assert {file.path for file in found[1].files} == {"manifest.parquet", "replays/aa/aa.replay"}
