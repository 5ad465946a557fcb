"""The store of finished parts: gives back what was written or nothing, and does not grow without end."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from impulse.export import store as module
from impulse.export.store import ExportStore


@pytest.fixture
def store(tmp_path: Path) -> ExportStore:
    return ExportStore(tmp_path / "store")


def write(store: ExportStore, key: str, content: bytes = b"frames") -> None:
    def put(folder: Path) -> dict[str, int]:
        (folder / "part").write_bytes(content)
        return {"rows": 3}

    store.write(key, put)


def used_at(store: ExportStore, key: str, seconds: float) -> None:
    os.utime(store.folder / key[:2] / key / "record.json", (seconds, seconds))


def test_an_entry_comes_back_with_hash_and_facts(store: ExportStore, tmp_path: Path) -> None:
    """What was written is found, linked and not copied, and read-only."""
    write(store, "ab12")
    entry = store.find("ab12")
    assert entry is not None
    store.place(entry, "part", tmp_path / "dataset" / "part-0")

    assert entry.facts == {"rows": 3}
    assert entry.files["part"].sha256 == hashlib.sha256(b"frames").hexdigest()
    assert (tmp_path / "dataset" / "part-0").read_bytes() == b"frames"
    assert (tmp_path / "dataset" / "part-0").stat().st_nlink == 2
    assert (tmp_path / "dataset" / "part-0").stat().st_mode & 0o222 == 0
    assert store.find("ab13") is None


def test_files_are_copied_where_links_are_refused(
    store: ExportStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file system takes a copy."""
    write(store, "ab12")
    entry = store.find("ab12")
    assert entry is not None

    def refuse(source: object, target: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    store.place(entry, "part", tmp_path / "part-0")
    assert (tmp_path / "part-0").read_bytes() == b"frames"
    assert (tmp_path / "part-0").stat().st_nlink == 1


@pytest.mark.parametrize("edit", [b"Frames", b"frame", b""], ids=["same size", "shorter", "empty"])
def test_an_edited_file_is_not_given_back(store: ExportStore, tmp_path: Path, edit: bytes) -> None:
    """Who edits a file of a dataset in place edits the entry; it is noticed and dropped."""
    write(store, "ab12")
    entry = store.find("ab12")
    assert entry is not None
    store.place(entry, "part", tmp_path / "part-0")
    (tmp_path / "part-0").chmod(0o644)
    (tmp_path / "part-0").write_bytes(edit)

    assert store.find("ab12") is None
    write(store, "ab12")
    assert store.find("ab12") is not None


def test_a_file_that_was_only_touched_is_given_back(store: ExportStore) -> None:
    """Another time is looked into, not taken for damage."""
    write(store, "ab12")
    os.utime(store.folder / "ab" / "ab12" / "part", (1, 1))
    assert store.find("ab12") is not None


@pytest.mark.parametrize("record", [b"", b"{", b"{}", b'{"files": {"part": {}}, "facts": {}}', None])
def test_an_entry_without_a_whole_record_is_none(store: ExportStore, record: bytes | None) -> None:
    """A power cut may empty a record; the entry is then written anew."""
    write(store, "ab12")
    path = store.folder / "ab" / "ab12" / "record.json"
    path.unlink() if record is None else path.write_bytes(record)
    assert store.find("ab12") is None
    write(store, "ab12")
    assert store.find("ab12") is not None


def test_a_writer_that_fails_leaves_nothing(store: ExportStore) -> None:
    """No entry and no partial folder."""

    def fail(folder: Path) -> dict[str, int]:
        (folder / "part").write_bytes(b"half")
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        store.write("ab12", fail)
    assert list(store.folder.rglob("*")) == [store.folder / "ab"]


def test_writing_what_is_there_already_is_no_error(store: ExportStore) -> None:
    """Two runs may write the same part at once."""

    def late(folder: Path) -> dict[str, int]:
        write(store, "ab12")  # the other run is faster
        (folder / "part").write_bytes(b"frames")
        return {}

    store.write("ab12", late)
    assert store.find("ab12") is not None
    assert not list(store.folder.rglob("*.partial"))


def test_the_longest_unused_entries_leave_first(store: ExportStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the last run used stays, and of the rest what was used last, up to the limit in bytes."""
    for number, key in enumerate(("aa1", "bb2", "cc3", "dd4", "ee5")):
        write(store, key, bytes(1000))
        used_at(store, key, 1000.0 + number)
    used_at(store, "aa1", 5000.0)
    size = sum(path.stat().st_size for path in (store.folder / "aa" / "aa1").iterdir())
    monkeypatch.setattr(module, "LEAST_BYTES", 0)
    monkeypatch.setattr(module, "SPARE_DATASETS", 2)

    assert store.drop_unused({"bb2"}) == 2
    assert {path.name for path in store.folder.glob("*/*")} == {"bb2", "aa1", "ee5"}
    monkeypatch.setattr(module, "LEAST_BYTES", 10 * size)
    assert store.drop_unused({"bb2"}) == 0


def test_finding_an_entry_counts_as_using_it(store: ExportStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the last use is kept with the entry."""
    monkeypatch.setattr(module, "LEAST_BYTES", 1500)
    for key in ("aa1", "bb2"):
        write(store, key, bytes(1000))
        used_at(store, key, 1000.0)
    store.find("bb2")
    assert store.drop_unused(set()) == 1
    assert store.find("bb2") is not None


def test_what_a_killed_run_left_is_removed_after_a_day(store: ExportStore) -> None:
    """Not earlier: another run may be writing it."""
    partial = store.folder / "ab" / ".ab12.99999.1.partial"
    partial.mkdir(parents=True)
    written = partial.stat().st_mtime
    store.drop_unused(set(), now=written + 3600)
    assert partial.exists()
    store.drop_unused(set(), now=written + 25 * 3600)
    assert not partial.exists()
