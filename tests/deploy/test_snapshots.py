"""Snapshots in a real S3 server: what is saved comes back, whatever happens in between."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.deploy.conftest import New
from tests.deploy.machine import unsealed
from tests.s3.fixtures import Bucket

from impulse.errors import ConfigError, StageError
from impulse.sharing.long_run import snapshots as snapshots_module
from impulse.sharing.long_run.snapshots import FOLDER, KEEP, Snapshots, copy_of, open_snapshots

pytestmark = pytest.mark.slow


def add_rows(root: Path, *values: int) -> None:
    with closing(sqlite3.connect(root / ".state" / "ledger.sqlite")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE IF NOT EXISTS rows (value INTEGER)")
        database.executemany("INSERT INTO rows VALUES (?)", [(value,) for value in values])
        database.commit()


def rows(ledger: Path) -> list[int]:
    with closing(sqlite3.connect(ledger)) as database:
        return [row[0] for row in database.execute("SELECT value FROM rows ORDER BY value")]


def test_what_a_killed_copy_left_goes(tmp_path: Path) -> None:
    """The next copy removes it, and leaves nothing of its own."""
    (tmp_path / ".state" / ".snapshot-of-a-killed-run").mkdir(parents=True)
    (tmp_path / ".state" / ".snapshot-of-a-killed-run" / "ledger.sqlite").write_bytes(b"half")
    add_rows(tmp_path, 1)
    copy = copy_of(tmp_path / ".state" / "ledger.sqlite")
    assert copy is not None
    assert not list((tmp_path / ".state").glob(".snapshot-*"))


@pytest.fixture
def first(new: New) -> tuple[Path, Snapshots]:
    """A checkout with a ledger."""
    root, snapshots = new("first")
    add_rows(root, 1, 2)
    return root, snapshots


def names(bucket: Bucket) -> list[str]:
    return [key.removeprefix(f"data/{FOLDER}/") for key in sorted(bucket.objects())]


def test_copy_is_whole_while_others_write(first: tuple[Path, Snapshots], tmp_path: Path) -> None:
    """A copy in the middle of transactions has all rows of each transaction or none."""
    ledger = first[0] / ".state" / "ledger.sqlite"
    stop = threading.Event()

    def keep_writing() -> None:
        with closing(sqlite3.connect(ledger, timeout=30)) as database:
            value = 10
            while not stop.is_set():
                database.executemany("INSERT INTO rows VALUES (?)", [(value,)] * 7)
                database.commit()
                value += 1

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        found = [copy_of(ledger) for _ in range(20)]
    finally:
        stop.set()
        writer.join()
    for content in found:
        (tmp_path / "copy").write_bytes(content or b"")
        with closing(sqlite3.connect(tmp_path / "copy")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            counts = database.execute("SELECT count(*) FROM rows WHERE value >= 10 GROUP BY value").fetchall()
        assert all(count == (7,) for count in counts)
    assert not list(ledger.parent.glob(".snapshot-*"))


def test_saved_ledger_comes_back_elsewhere(first: tuple[Path, Snapshots], new: New, bucket: Bucket) -> None:
    """It is the same in another checkout, whose own snapshots go on counting; the object is read without our code."""
    name = first[1].save()
    root, other = new("second")
    assert other.restore() == name
    assert rows(root / ".state" / "ledger.sqlite") == [1, 2]
    assert other.restore() is None, "it has a ledger of its own now"
    add_rows(root, 3)
    second = other.save()
    assert names(bucket) == [name, second]
    assert str(second).startswith("000002-")
    (root / "copy").write_bytes(unsealed(bucket.get(f"data/{FOLDER}/{second}")))
    assert rows(root / "copy") == [1, 2, 3]


def test_unchanged_ledger_is_not_saved_again(first: tuple[Path, Snapshots], bucket: Bucket) -> None:
    """Only a change makes a snapshot; old ones go."""
    root, snapshots = first
    assert snapshots.save() is not None
    assert snapshots.save() is None
    made = []
    for number in range(KEEP + 2):
        add_rows(root, number)
        made.append(snapshots.save())
    assert names(bucket) == made[-KEEP:]


def test_nothing_is_no_snapshot(new: New, bucket: Bucket) -> None:
    """A checkout without a ledger saves nothing, and without a snapshot restores nothing."""
    root, empty = new("empty")
    assert empty.save() is None
    (root / ".state" / "ledger.sqlite").touch()  # as it is before its tables are there
    assert empty.save() is None
    (root / ".state" / "ledger.sqlite").unlink()
    assert empty.restore() is None
    with pytest.raises(StageError, match="no long run has used it yet"):
        empty.status(now=0)
    assert names(bucket) == []


def test_interrupted_restore_starts_again(
    first: tuple[Path, Snapshots], new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is there whole or not at all."""
    name = first[1].save()
    root, other = new("second")
    with monkeypatch.context() as patch:

        def full(target: Path) -> None:
            raise OSError(28, "No space left on device", str(target))

        patch.setattr(snapshots_module, "output_file", full)
        with pytest.raises(OSError, match="No space left"):
            other.restore()
    assert not (root / ".state" / "ledger.sqlite").exists()
    assert other.restore() == name


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: content[:40] + b"x" + content[41:]])
def test_damaged_newest_snapshot_gives_way_to_the_one_before(
    first: tuple[Path, Snapshots], new: New, bucket: Bucket, damage: Callable[[bytes], bytes]
) -> None:
    """One bad object does not lose the rest; when all are bad nothing is begun from zero in silence."""
    root, snapshots = first
    good = snapshots.save()
    add_rows(root, 3)
    bad = f"data/{FOLDER}/{snapshots.save()}"
    bucket.put(bad, damage(bucket.get(bad)))
    second, other = new("second")
    assert other.restore() == good
    assert rows(second / ".state" / "ledger.sqlite") == [1, 2]
    bucket.put(f"data/{FOLDER}/{good}", b"")
    with pytest.raises(StageError, match="no snapshot can be read"):
        new("third")[1].restore()


def test_second_machine_on_one_remote_is_refused(first: tuple[Path, Snapshots], new: New) -> None:
    """Two machines would overwrite each other's ledger: one that goes on from a snapshot takes over, any other stops."""
    root, snapshots = first
    snapshots.save()
    stranger, other = new("second")
    add_rows(stranger, 7)
    with pytest.raises(ConfigError, match="another checkout made"):
        other.save()
    (stranger / ".state" / "ledger.sqlite").unlink()
    other.restore()
    add_rows(root, 8)
    assert snapshots.save() is not None, "the last words of the one that is replaced"
    add_rows(stranger, 9)
    assert other.save() is not None
    add_rows(root, 10)
    with pytest.raises(ConfigError, match="another checkout made"):
        snapshots.save()


def test_results_come_only_from_a_finished_run(first: tuple[Path, Snapshots], new: New) -> None:
    """dvc.lock is nowhere before the end, and then reaches a checkout with run times and params; it outlives the next run."""
    root, snapshots = first
    (root / "metrics" / "timing").mkdir(parents=True)
    for name, text in (
        ("dvc.lock", "schema: '2.0'\n"),
        ("params.yaml", "a: ü\n"),
        ("metrics/timing/fetch.json", "{}\n"),
    ):
        (root / name).write_text(text, encoding="utf-8")
    snapshots.save()
    user, other = new("user")
    with pytest.raises(StageError, match="the run is not finished"):
        other.take_results()
    snapshots.finish()
    assert other.take_results() == ["dvc.lock", "metrics/timing/fetch.json", "params.yaml"]
    assert (user / "params.yaml").read_text(encoding="utf-8") == "a: ü\n"

    add_rows(root, 4)
    (root / "dvc.lock").write_text("half of the next build")
    snapshots.save()
    other.take_results()
    assert (user / "dvc.lock").read_text() == "schema: '2.0'\n", "results of the last finished build stay"


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil"])
def test_paths_outside_are_refused(new: New, bucket: Bucket, path: str) -> None:
    """No result leaves the checkout."""
    _, snapshots = new("user")
    results = {"snapshot": "", "made_at": "", "revision": "", "files": {"good": "", path: "x"}}
    bucket.put(f"data/{FOLDER}/results", snapshots_module._sealed(json.dumps(results).encode()))
    with pytest.raises(StageError, match="outside the checkout"):
        snapshots.take_results()


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        ("", "no remote"),
        ("  remote = nowhere\n", "nowhere"),
        ("  remote = r\n['remote \"r\"']\n  url = ../elsewhere\n", "is no bucket; set one with `impulse remote s3://"),
        ("  remote = r\n['remote \"r\"']\n  url = s3://b/x\n  version_aware = true\n", "version-aware"),
    ],
    ids=["none", "unknown", "folder", "version-aware"],
)
def test_remote_that_cannot_keep_snapshots_is_one_line(tmp_path: Path, remote: str, message: str) -> None:
    """It is a setting to change."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(f"[core]\n  no_scm = true\n{remote}")
    with pytest.raises(ConfigError, match=message) as caught, open_snapshots(tmp_path):
        pass
    assert "\n" not in str(caught.value)


def test_access_is_checked_by_writing(
    first: tuple[Path, Snapshots], bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remote that cannot be written is found before the days of work, not after."""
    first[1].check_access()
    assert names(bucket) == []
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with open_snapshots(first[0]) as refused, pytest.raises(StageError, match="the store refuses access"):
        refused.check_access()
