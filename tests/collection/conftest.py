from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from impulse.collection import CollectionConfig, DownloadResult, download_group
from impulse.collection.client import RetryPolicy
from impulse.collection.pacing import Call, Clock, Pacer
from impulse.demo.server import KEY, DemoServer

QUICK = RetryPolicy(connect_seconds=2, idle_seconds=0.4, total_seconds=1.0, tries=3)
START = 1_700_000_000.0


class FakeClock(Clock):
    """Time that passes only when somebody waits; a wait first lets every call that was let through arrive."""

    def __init__(self, now: float = START) -> None:
        super().__init__()
        self.time = now
        self.waits: list[float] = []
        self.is_quiet: Callable[[], bool] = lambda: True
        self.give_up: Callable[[], None] = lambda: None
        """Called when a call did not arrive in time, as when its connection was closed: nobody waits for it again."""
        self.guard = threading.Lock()
        """Held while time passes, so that no call is let through at the old time."""

    def now(self) -> float:
        return self.time

    def restarted(self) -> FakeClock:
        """The clock of the next process."""
        self._stopped.clear()
        return self

    def sleep(self, seconds: float) -> None:
        self.check()
        with self.guard:
            patience = time.monotonic() + 2
            while not self.is_quiet() and time.monotonic() < patience:
                time.sleep(0.0002)
            if not self.is_quiet():
                self.give_up()
            self.waits.append(seconds)
            self.time += seconds


@dataclass
class Place:
    """A fake server, and a folder and ledger to download into."""

    server: DemoServer
    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)

    def config(self, **settings: Any) -> CollectionConfig:
        return CollectionConfig(
            **{
                "ballchasing_api_key": KEY,
                "base_url": self.server.url,
                "database_path": self.folder / "ledger.sqlite",
                **settings,
            }
        )

    def get(self, group: str = "top", folder: str = "replays", **settings: Any) -> DownloadResult:
        settings = {"config": self.config(), "clock": self.clock.restarted(), "retries": QUICK, **settings}
        return download_group(group, **{"output_dir": self.folder / folder, **settings})

    def written(self, folder: str = "replays") -> dict[str, bytes]:
        root = self.folder / folder
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@contextmanager
def opened_place(folder: Path, **settings: Any) -> Iterator[Place]:
    """Open a server with an empty group named top, in simulated time that stands still while a call is under way.

    Args:
        folder: where downloads and ledger go.
        settings: of the server.
    """
    clock = FakeClock()
    granted = itertools.count(1)
    last = lost = 0
    try_take = Pacer._try_take

    def counting(pacer: Pacer, kind: Call) -> float:
        nonlocal last
        with clock.guard:
            wait = try_take(pacer, kind)
            if wait == 0:
                last = next(granted)
            return wait

    with patch.object(Pacer, "_try_take", counting), DemoServer(clock=clock.now, **settings) as server:

        def give_up() -> None:
            nonlocal lost
            lost = last - server.arrived

        clock.is_quiet, clock.give_up = lambda: server.arrived + lost >= last, give_up
        server.add_group("top")
        yield Place(server, folder, clock)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with opened_place(tmp_path) as opened:
        yield opened
