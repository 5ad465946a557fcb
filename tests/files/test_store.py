"""The store of results: gives back what was written or nothing, and does not grow without end."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from impulse.errors import StageError
from impulse.files import records
from impulse.files import store as module
from impulse.files.records import Entry
from impulse.files.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def put(store: Store, key: str, **files: bytes) -> Entry:
    facts = {"rows": 3, "who": "Jürgen"}

    def write(folder: Path) -> dict[str, object]:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return facts

    return store.put(key, write) if files else store.keep(key, facts)


def record_of(store: Store, key: str) -> Path:
    (path,) = [path for path in store.folder.rglob("*record") if key in path.as_posix()]
    return path


@pytest.mark.parametrize(
    "files", [{"part": b"frames"}, {"one": b"1", "two": b""}, {}], ids=["one", "two", "facts only"]
)
def test_an_entry_comes_back_with_hashes_and_facts(store: Store, files: dict[str, bytes]) -> None:
    """What was written is found, as it was returned to its writer; another key is not."""
    written = put(store, "ab12", **files)
    assert store.get("ab12") == written
    assert written.facts == {"rows": 3, "who": "Jürgen"}
    assert {name: file.sha256 for name, file in written.files.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert {name: file.bytes for name, file in written.files.items()} == {name: len(files[name]) for name in files}
    assert store.get("ab13") is None


def test_files_are_linked_and_read_only(store: Store, tmp_path: Path) -> None:
    """A file takes its place under another name without a copy."""
    store.link(put(store, "ab12", part=b"frames"), "part", tmp_path / "dataset" / "part-0")
    assert (tmp_path / "dataset" / "part-0").read_bytes() == b"frames"
    assert (tmp_path / "dataset" / "part-0").stat().st_nlink == 2
    assert (tmp_path / "dataset" / "part-0").stat().st_mode & 0o222 == 0


def test_files_are_copied_where_links_are_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file system takes a copy."""

    def refuse(source: object, target: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    store.link(put(store, "ab12", part=b"frames"), "part", tmp_path / "part-0")
    assert (tmp_path / "part-0").read_bytes() == b"frames"
    assert (tmp_path / "part-0").stat().st_nlink == 1


def test_an_entry_that_vanishes_while_in_use_is_one_line(store: Store, tmp_path: Path) -> None:
    """Who deletes the store under a run learns what to do."""
    entry = put(store, "ab12", part=b"frames")
    (entry.folder / "part").unlink()
    with pytest.raises(StageError, match="run the same command again"):
        store.link(entry, "part", tmp_path / "part-0")


@pytest.mark.parametrize("edit", [b"Frames", b"frame", b"", None], ids=["same size", "shorter", "empty", "removed"])
def test_an_edited_file_is_not_given_back(store: Store, tmp_path: Path, edit: bytes | None) -> None:
    """Who edits a file of a dataset in place edits the entry; it is noticed and dropped."""
    part = put(store, "ab12", part=b"frames").folder / "part"
    if edit is None:
        part.unlink()
    else:
        os.link(part, tmp_path / "part-0")
        (tmp_path / "part-0").chmod(0o644)
        (tmp_path / "part-0").write_bytes(edit)

    assert store.get("ab12") is None
    assert not part.parent.exists()
    put(store, "ab12", part=b"frames")
    assert store.get("ab12") is not None


@pytest.mark.parametrize("kind", ["entry", "record"])
def test_a_file_for_a_folder_and_the_reverse_count_as_damaged(store: Store, kind: str) -> None:
    """Whatever somebody copied into the store: it is made again, and nothing raises."""
    entry = put(store, "ab12", part=b"frames")
    if kind == "entry":
        shutil.rmtree(entry.folder)
        entry.folder.write_bytes(b"")
    else:
        record = record_of(store, entry.key)
        record.unlink()
        record.mkdir()

    assert store.get("ab12") is None
    put(store, "ab12", part=b"frames")
    assert store.get("ab12") is not None


def test_an_entry_on_a_read_only_disk_is_given_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of its last use cannot be noted there, and need not be."""
    put(store, "ab12", part=b"frames")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "utime", refuse)
    assert store.get("ab12") is not None


def test_a_file_that_was_only_touched_is_given_back_and_read_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another time is looked into, not taken for damage; the next run need not look again."""
    part = put(store, "ab12", part=b"frames").folder / "part"
    os.utime(part, (1, 1))
    assert store.get("ab12") is not None
    monkeypatch.setattr(records, "sha256_of", lambda path: pytest.fail(f"{path} was read again"))
    assert store.get("ab12") is not None


@pytest.mark.parametrize("files", [{"part": b"frames"}, {}], ids=["files", "facts only"])
@pytest.mark.parametrize("edit", ["emptied", "cut", "edited", "removed"])
def test_an_entry_without_its_own_record_is_none(store: Store, files: dict[str, bytes], edit: str) -> None:
    """A power cut may empty a record, and a hand may edit one; the entry is then written again."""
    put(store, "ab12", **files)
    path = record_of(store, "ab12")
    content = path.read_bytes()
    if edit == "removed":
        path.unlink()
    else:
        path.write_bytes({"emptied": b"", "cut": content[:-1], "edited": content.replace(b": 3", b": 4")}[edit])
    assert store.get("ab12") is None
    written = put(store, "ab12", **files)
    assert store.get("ab12") == written


def test_a_writer_that_fails_leaves_nothing(store: Store) -> None:
    """No entry and no partial folder."""

    def fail(folder: Path) -> dict[str, int]:
        (folder / "part").write_bytes(b"half")
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        store.put("ab12", fail)
    assert list(store.folder.rglob("*")) == [store.folder / "ab"]


def test_the_faster_writer_wins(store: Store) -> None:
    """Two runs may write the same entry at once; both go on with the first."""

    def late(folder: Path) -> dict[str, int]:
        put(store, "ab12", part=b"frames")  # the other run is faster
        (folder / "late").write_bytes(b"late")
        return {}

    assert store.put("ab12", late).facts["rows"] == 3
    assert not list(store.folder.rglob("*.partial"))


def test_a_writer_who_is_faster_by_a_hair_wins_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a last look and the rename another run may finish; its entry, which it may be linking, is not touched."""
    rename, others = Path.rename, []

    def rename_later(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        others.append(put(store, "ab12", part=b"frames"))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_later)
    assert store.put("ab12", lambda folder: {"rows": (folder / "part").write_bytes(b"late")}) == others[0]
    assert (others[0].folder / "part").read_bytes() == b"frames"
    assert not list(store.folder.rglob("*.partial"))


@pytest.mark.parametrize("files", [{"part": bytes(1000)}, {}], ids=["files", "facts only"])
def test_the_longest_unused_entries_leave_first(
    store: Store, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]
) -> None:
    """What the last run used stays, and of the rest what was used last, up to the limit in bytes."""
    for number, key in enumerate(("aa1", "bb2", "cc3", "dd4", "ee5")):
        put(store, key, **files)
        os.utime(record_of(store, key), (1000 + number, 1000 + number))
    store.get("aa1")
    size = record_of(store, "aa1").stat().st_size + sum(map(len, files.values()))
    monkeypatch.setattr(module, "SPARE_RUNS", 2)

    monkeypatch.setattr(module, "LEAST_BYTES", 10 * size)
    assert store.sweep({"bb2"}) == 0
    monkeypatch.setattr(module, "LEAST_BYTES", 0)
    assert store.sweep({"bb2"}) == 2
    assert [key for key in ("aa1", "bb2", "cc3", "dd4", "ee5") if store.get(key)] == ["aa1", "bb2", "ee5"]


def test_what_another_run_may_be_about_to_link_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the limit, an entry that was used within the last week, so that a run over few replays empties no large store."""
    monkeypatch.setattr(module, "LEAST_BYTES", 0)
    used = record_of(store, put(store, "ab12", part=bytes(1000)).key).stat().st_mtime
    assert store.sweep(set(), now=used + 6 * 24 * 3600) == 0
    assert store.sweep(set(), now=used + 8 * 24 * 3600) == 1


def test_an_entry_that_is_found_during_a_sweep_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run looks it up after the sweep has listed it as unused."""
    monkeypatch.setattr(module, "LEAST_BYTES", 0)
    os.utime(record_of(store, put(store, "ab12", part=bytes(1000)).key), (1000, 1000))
    size = module._size

    def size_and_use(path: Path) -> int:
        assert store.get("ab12") is not None
        return size(path)

    monkeypatch.setattr(module, "_size", size_and_use)
    assert store.sweep(set()) == 0


@pytest.mark.parametrize("gone", [".ab12.1.partial", "ab12", "ab12.record", "ab13"], ids=str)
def test_a_sweep_goes_on_when_another_run_writes(store: Store, monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    """What was listed may have been renamed or removed before it is looked at."""
    monkeypatch.setattr(module, "LEAST_BYTES", 0)
    os.utime(record_of(store, put(store, "cd12", part=bytes(1000)).key), (1000, 1000))
    listed = [store.folder / "ab" / gone, *store.folder.glob("*/*")]
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: iter(listed))
    assert store.sweep({"ab13"}) == 1


def test_what_a_killed_run_left_is_removed_after_a_day(store: Store) -> None:
    """Not earlier: another run may be writing it."""
    partial = store.folder / "ab" / ".ab12.99999.1.partial"
    partial.mkdir(parents=True)
    written = partial.stat().st_mtime
    store.sweep(set(), now=written + 3600)
    assert partial.exists()
    store.sweep(set(), now=written + 25 * 3600)
    assert not partial.exists()
