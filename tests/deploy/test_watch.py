"""What is looked after while a program works: with a clock, a disk and a ledger of the test, in a second."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.deploy.fake_metadata import FakeMetadata

from impulse.collection.ledger import Ledger
from impulse.errors import ConfigError, StageError
from impulse.sharing.long_run import disk as disk_module
from impulse.sharing.long_run.disk import COPIES, Disk, bytes_below
from impulse.sharing.long_run.notify import State
from impulse.sharing.long_run.progress import Progress
from impulse.sharing.long_run.settings import (
    DISK_VARIABLE,
    GB,
    MINUTES_VARIABLE,
    STALL_VARIABLE,
    Settings,
)
from impulse.sharing.long_run.spot import ENDPOINT_VARIABLE, SpotNotice
from impulse.sharing.long_run.watch import SpotInterruption, Watch

HOUR = 3600.0


class Usage(NamedTuple):
    """As shutil gives it."""

    total: int
    used: int
    free: int


class Remote:
    """Snapshots and heartbeats that are only written down."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.is_away = False

    def save(self) -> None:
        self._say("saved")

    def heartbeat(self) -> Remote:
        return self

    def write(self, state: State, *, step: str, every_seconds: float, reason: str, counts: dict[str, int]) -> None:
        self._say(state, step, reason)

    def _say(self, *words: object) -> None:
        if self.is_away:
            raise StageError("the store is away")
        self.said.append(words)


class Teller:
    """Takes what is told."""

    def __init__(self) -> None:
        self.told: list[tuple[State, str]] = []

    def plain(self, reason: str) -> str:
        return reason

    def tell(self, state: State, reason: str, counts: dict[str, int], *, tries: int = 3) -> bool:
        self.told.append((state, reason))
        return True


class Scene:
    """A watch, and what it sees."""

    def __init__(self, root: Path, metadata: FakeMetadata, **variables: str) -> None:
        self.root, self.metadata = root, metadata
        self.remote, self.teller, self.time = Remote(), Teller(), 0.0
        self.spot = SpotNotice({ENDPOINT_VARIABLE: metadata.url})
        settings = Settings.of({DISK_VARIABLE: "0.000001", **variables})
        remote: Any = self.remote
        teller: Any = self.teller
        self.watch = Watch(root, settings, remote, teller, self.spot, clock=lambda: self.time)

    def pass_time(self, seconds: float, every: float = 300.0) -> None:
        end = self.time + seconds
        while self.time < end:
            self.time += every
            self.watch.look()

    def add(self, number: int, outcome: str = "downloaded", size: int = 1000) -> None:
        with closing(sqlite3.connect(self.root / ".state" / "ledger.sqlite")) as database:
            database.executemany(
                "INSERT INTO replays (id, metadata, outcome, bytes, is_selected) VALUES (hex(randomblob(9)), '{}', ?, ?, 1)",
                [(outcome, size if outcome == "downloaded" else None)] * number,
            )
            database.commit()


@pytest.fixture
def metadata() -> Iterator[FakeMetadata]:
    with FakeMetadata() as server:
        yield server


@pytest.fixture
def scene(tmp_path: Path, metadata: FakeMetadata) -> Iterator[Scene]:
    with Ledger(tmp_path / ".state" / "ledger.sqlite"):
        pass
    made = Scene(tmp_path, metadata)
    made.watch.begin("fetch")
    yield made
    made.spot.close()


def test_heartbeats_come_oftener_than_snapshots(scene: Scene) -> None:
    """Twelve of the one and three of the other in an hour, however often it looks."""
    scene.pass_time(HOUR, every=20)
    assert scene.remote.said.count(("saved",)) == 3
    assert scene.remote.said.count((State.RUNNING, "fetch", "")) == 1 + 12


def test_store_that_is_away_ends_nothing(scene: Scene) -> None:
    """Words and snapshots come again with the store."""
    scene.remote.is_away = True
    scene.pass_time(HOUR)
    scene.remote.is_away = False
    scene.pass_time(HOUR)
    assert scene.remote.said.count(("saved",)) == 3


def test_stall_is_told_once_and_so_is_its_end(scene: Scene) -> None:
    """Replays and pages of lists are both progress; failed tries are none."""
    for _ in range(4):
        scene.add(1)
        scene.pass_time(2.5 * HOUR)
    scene.add(5, "failed")
    scene.pass_time(6 * HOUR)
    assert scene.teller.told == [
        (State.STALLED, "no new replay and no new list for 3 h; the run goes on and tries again")
    ]
    assert scene.remote.said[-1] == (State.STALLED, "fetch", "no new replay for 8 h")
    scene.add(1)
    scene.pass_time(HOUR)
    assert scene.teller.told[1:] == [(State.RESUMED, "new replays come again")]
    assert scene.remote.said[-1] == (State.RUNNING, "fetch", "")
    scene.watch.begin("build")
    scene.pass_time(9 * HOUR)
    assert len(scene.teller.told) == 2, "a build downloads nothing"


def test_stall_may_be_switched_off(tmp_path: Path, metadata: FakeMetadata) -> None:
    """For a source that gives a replay a day."""
    with Ledger(tmp_path / ".state" / "ledger.sqlite"):
        pass
    scene = Scene(tmp_path, metadata, **{STALL_VARIABLE: "0"})
    scene.watch.begin("fetch")
    scene.pass_time(50 * HOUR, every=HOUR)
    scene.spot.close()
    assert scene.teller.told == []


def test_source_without_a_ledger_never_stalls(tmp_path: Path, metadata: FakeMetadata) -> None:
    """Nothing is known of how far it is, so nobody is alarmed."""
    scene = Scene(tmp_path, metadata)
    scene.watch.begin("fetch")
    scene.pass_time(50 * HOUR, every=HOUR)
    scene.spot.close()
    assert scene.teller.told == []


def test_notice_of_the_spot_market_saves_first(scene: Scene) -> None:
    """Snapshot, heartbeat, word, in this order and at once; then the run ends."""
    scene.pass_time(60, every=5)
    before = len(scene.remote.said)
    scene.metadata.take_machine()
    with pytest.raises(SpotInterruption):
        scene.pass_time(5, every=5)
    assert scene.remote.said[before:] == [("saved",), (State.INTERRUPTED, "fetch", "")]
    assert scene.teller.told == [(State.INTERRUPTED, "the spot market takes the machine")]


def test_disk_below_the_floor_ends_the_run(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a line that says how much, where and what to do, before a stage finds no room."""
    free = [3 * GB]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * GB, 0, free[0]))
    disk = Disk(scene.root, 2.0 * GB)
    disk.refuse_full()
    free[0] = 2 * GB - 1
    with pytest.raises(
        ConfigError, match=r"2\.0 GB are free where .* stops below 2 GB \(IMPULSE_DISK_FLOOR_GB\); enlarge"
    ):
        disk.refuse_full()
    scene.watch.disk = disk
    with pytest.raises(ConfigError):
        scene.watch.look()
    with pytest.raises(ConfigError):
        scene.watch.begin("build")


def test_disk_that_will_be_too_small_is_told_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as the lists say how many replays there are, days before the build; what is built already counts."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * GB, 0, 1 * GB))
    scene.add(10, size=1_000_000)
    scene.add(5, "duplicate")
    scene.add(5, "gone")
    scene.pass_time(HOUR)
    assert scene.teller.told == []
    scene.add(990, "pending")
    scene.pass_time(HOUR)
    ((state, line),) = scene.teller.told
    assert state is State.SHORT_OF_DISK
    assert line.startswith(
        f"1.0 GB are free where the checkout is, about {1000 * 1e6 * COPIES / GB:.1f} GB are needed (1000 listed replays of 1.0 MB)"
    )
    scene.add(10, "pending")
    scene.pass_time(HOUR)
    assert len(scene.teller.told) == 1


def test_what_is_built_needs_no_more_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file counts once for all its names, in data/, DVC's cache and the store."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * GB, 0, 1 * GB))
    (tmp_path / "data" / "parsed").mkdir(parents=True)
    (tmp_path / ".state").mkdir()
    (tmp_path / "data" / "parsed" / "frames").write_bytes(b"x" * 5_000_000)
    before = bytes_below([tmp_path / "data"])
    assert 5_000_000 <= before < 5_100_000
    (tmp_path / ".state" / "frames").hardlink_to(tmp_path / "data" / "parsed" / "frames")
    assert bytes_below([tmp_path / "data", tmp_path / ".state"]) - before < 10_000
    progress = Progress(counts={"downloaded": 1, "pending": 999}, bytes=1_000_000)
    for built, needed in ((0, 2.0), (1.5 * GB, 0.5), (9 * GB, 0.0)):
        monkeypatch.setattr(disk_module, "bytes_below", lambda _, built=built: built)
        line, is_enough = Disk(tmp_path, 0.0).need(progress)
        assert f"about {needed} GB are needed" in line
        assert is_enough is (needed <= 1)


def test_ledger_that_is_none_says_nothing(tmp_path: Path) -> None:
    """A source without one, or one that is being made or is damaged, ends no run."""
    assert Progress.of(tmp_path / "ledger.sqlite") == Progress()
    (tmp_path / "ledger.sqlite").write_bytes(b"no database" * 100)
    assert Progress.of(tmp_path / "ledger.sqlite") == Progress()
    (tmp_path / "ledger.sqlite").write_bytes(b"")
    assert Progress.of(tmp_path / "ledger.sqlite") == Progress()


@pytest.mark.parametrize("name", [MINUTES_VARIABLE, STALL_VARIABLE, DISK_VARIABLE])
@pytest.mark.parametrize("text", ["often", "-1", "nan", "inf", "1e9"])
def test_settings_that_are_no_number_are_one_line(name: str, text: str) -> None:
    """They are settings to change; an empty one is its default."""
    with pytest.raises(ConfigError, match=name):
        Settings.of({name: text})
    assert Settings.of({name: ""}) == Settings.of({})
