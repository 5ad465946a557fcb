"""A week of downloads at 200 files an hour, in which everything goes wrong that does in a week, in simulated time.

python tests/collection/week.py [--replays 30400] [--hours 168]

The service is away twice for six hours (once for everything, once pages of HTML come in the place of files), the key is changed
and the new one is there half an hour later, the machine is rebooted four times (``kill -9``), and its disk is lost once: what
survives is what a long run keeps elsewhere, the replays in their bucket (here: their folder) and a snapshot of the ledger of twenty
minutes ago. The server and its clock live in this process, each run in one of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import mmap
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

if __name__ == "__main__":
    CHECKOUT = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(CHECKOUT / "stages"), str(CHECKOUT)]

import pyarrow.parquet as pq
from tests.collection.conftest import START, FakeClock
from tests.collection.rehearsing import NEW_KEY
from tests.demo.variants import clone
from tests.paths import ROOT, STAGES

from impulse.collection import CollectionConfig, download_group
from impulse.collection.client import RetryPolicy
from impulse.collection.pacing import HOUR, Call, Pacer
from impulse.demo import write_replay
from impulse.demo.server import KEY, DemoServer
from impulse.errors import EXIT_CONFIG, ImpulseError

WEEK_HOURS = 168.0
REPLAYS = 30_400
"""As many as a week has room for."""
PER_HOUR = 200
IN_A_GROUP = 200
OUTAGE_HOURS = 6.0
KEY_HOURS = 0.5
REBOOT_SECONDS = 120.0
SNAPSHOT_SECONDS = 1200.0
RESTART_SECONDS = 600.0
"""After a run that failed."""
LOOK_SECONDS = 0.002
MOST_RUNS = 40


class Shared:
    """The simulated time and the number of calls that have arrived, for all processes."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 16)

    @property
    def now(self) -> float:
        """Time in seconds since 1970."""
        return float(struct.unpack_from("d", self._memory, 0)[0])

    @now.setter
    def now(self, value: float) -> None:
        struct.pack_into("d", self._memory, 0, value)

    @property
    def arrived(self) -> int:
        """Calls that have come to the server."""
        return int(struct.unpack_from("q", self._memory, 8)[0])

    @arrived.setter
    def arrived(self, value: int) -> None:
        struct.pack_into("q", self._memory, 8, value)


class SharedClock(FakeClock):
    """Simulated time that goes on where the process before was killed."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        super().__init__(shared.now)

    @property
    def time(self) -> float:
        """Time in seconds since 1970."""
        return self._shared.now

    @time.setter
    def time(self, value: float) -> None:
        self._shared.now = value


class Clones(Mapping[str, bytes]):
    """Replays that are made when they are asked for."""

    def __init__(self, original: bytes, ids: list[str]) -> None:
        self._original = original
        self._numbers = {replay_id: number for number, replay_id in enumerate(ids)}

    def __getitem__(self, replay_id: str) -> bytes:
        return clone(self._original, self._numbers[replay_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class WeekServer(DemoServer):
    """Tells all processes how many calls have arrived."""

    shared: Shared

    def answer(self, *arguments: Any, **named: Any) -> Any:
        """Count a call for all processes; the clock stands still until it has come."""
        answer = super().answer(*arguments, **named)
        with self.lock:
            self.shared.arrived = self.arrived
        return answer


@dataclass(frozen=True)
class Plan:
    """When what happens, in hours from the beginning."""

    outage_of_all: float
    outage_of_files: float
    key_change: float
    lost_disk: float
    reboots: tuple[float, ...]

    @classmethod
    def over(cls, hours: float) -> Plan:
        """Spread everything over so many hours."""
        shares = (0.1, 0.33, 0.52, 0.85)
        return cls(0.2 * hours, 0.6 * hours, 0.42 * hours, 0.75 * hours, tuple(share * hours for share in shares))


@dataclass
class Week:
    """What happened."""

    runs: int = 0
    reboots: int = 0
    adopted_after_loss: int = 0
    without_key: float = 0.0
    """Seconds between a refused key and the start with the new one."""
    ends: list[str] = field(default_factory=list)


def child(folder: Path, url: str, key: str) -> int:
    """Download in this process, and return its exit code."""
    shared = Shared(folder / "shared")
    clock = SharedClock(shared)
    last = shared.arrived
    try_take = Pacer._try_take

    def counting(pacer: Pacer, kind: Call) -> float:
        nonlocal last
        with clock.guard:
            wait = try_take(pacer, kind)
            last += wait == 0
            return wait

    clock.is_quiet = lambda: shared.arrived >= last
    config = CollectionConfig(ballchasing_api_key=key, base_url=url, database_path=folder / "ledger" / "ledger.sqlite")
    retries = RetryPolicy(tries=3, idle_seconds=5, total_seconds=10)
    try:
        with patch.object(Pacer, "_try_take", counting):
            result = download_group("top", output_dir=folder / "replays", config=config, clock=clock, retries=retries)
    except ImpulseError as error:
        sys.stdout.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{result.successful} successful\n")
    return 0


@contextmanager
def opened_server(folder: Path, replays: int, plan: Plan) -> Iterator[WeekServer]:
    """Open the server with its weather."""
    (folder / "shared").write_bytes(bytes(16))
    shared = Shared(folder / "shared")
    shared.now = START
    write_replay(folder / "original.replay", seed=5, team_size=1, duration_seconds=1.0)
    with WeekServer(tier="regular", clock=lambda: shared.now, record=False) as server:
        server.shared = shared
        server.add_group("top")
        for number in range(0, replays, IN_A_GROUP):
            server.add_group(f"group-{number // IN_A_GROUP:04d}", "top")
        ids = [f"replay-{number:06d}" for number in range(replays)]
        for number, replay_id in enumerate(ids):
            server.add_replay(replay_id, b"", f"group-{number // IN_A_GROUP:04d}")
        server.files = Clones((folder / "original.replay").read_bytes(), ids)  # type: ignore[assignment]

        def weather(now: float) -> str | None:
            hours = (now - START) / HOUR
            if hours >= plan.key_change:
                server.keys = {NEW_KEY}
            with server.lock:
                server.always.clear()
                if plan.outage_of_files <= hours < plan.outage_of_files + OUTAGE_HOURS:
                    server.always["/replays/*/file"] = "html"
            return "503" if plan.outage_of_all <= hours < plan.outage_of_all + OUTAGE_HOURS else None

        server.outage = weather
        yield server


def rehearse(folder: Path, *, replays: int, hours: float, say: Callable[[str], object]) -> tuple[Week, WeekServer]:
    """Live through the week, and return what happened and the server."""
    plan = Plan.over(hours)
    week, key = Week(), KEY
    kills = sorted([*((at, "reboot") for at in plan.reboots), (plan.lost_disk, "lost disk")])
    with opened_server(folder, replays, plan) as server:
        shared = server.shared
        while week.runs < MOST_RUNS:
            week.runs += 1
            due = START + kills[0][0] * HOUR if kills else None
            code, line = _run(folder, server, key, until=due, snapshot_at=_snapshot_time(kills))
            at = (shared.now - START) / HOUR
            if code is None:
                what = kills.pop(0)[1]
                say(f"hour {at:6.1f}: {what}, {_kept(folder)} replays here")
                week.reboots += what == "reboot"
                if what == "lost disk":
                    week.adopted_after_loss = _lose_disk(folder)
                shared.now += REBOOT_SECONDS
                continue
            say(f"hour {at:6.1f}: a run ended with {code}: {line[:120]}")
            week.ends.append(f"{code}: {line}")
            if code == 0:
                break
            if code == EXIT_CONFIG and key == KEY:
                key = NEW_KEY
                shared.now += KEY_HOURS * HOUR
                week.without_key += KEY_HOURS * HOUR
            else:
                shared.now += RESTART_SECONDS
    return week, server


def _snapshot_time(kills: list[tuple[float, str]]) -> float | None:
    """Return when the last snapshot before the loss of the disk is taken, in s, while that is the next thing to happen."""
    return START + kills[0][0] * HOUR - SNAPSHOT_SECONDS if kills and kills[0][1] == "lost disk" else None


def _run(
    folder: Path, server: WeekServer, key: str, *, until: float | None, snapshot_at: float | None
) -> tuple[int | None, str]:
    """Run until it ends, or kill it at a time; return its exit code (None when it was killed) and last line."""
    command = [sys.executable, __file__, "--child", str(folder), "--url", server.url]
    # As in life, the key is in the environment.
    environment = {**os.environ, "PYTHONPATH": f"{STAGES}{os.pathsep}{ROOT}", "BALLCHASING_API_KEY": key}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        while process.poll() is None:
            if snapshot_at is not None and server.shared.now >= snapshot_at:
                _snapshot(folder)
                snapshot_at = None
            if until is not None and server.shared.now >= until:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return None, ""
            time.sleep(LOOK_SECONDS)
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
    return process.returncode, lines[-1] if lines else ""


def _snapshot(folder: Path) -> None:
    """Copy the ledger as a long run does, while it is written."""
    with (
        closing(sqlite3.connect(folder / "ledger" / "ledger.sqlite")) as source,
        closing(sqlite3.connect(folder / "snapshot.sqlite")) as target,
    ):
        source.backup(target)


def _lose_disk(folder: Path) -> int:
    """Lose all but the bucket and the snapshot; return how many replays the snapshot does not know."""
    shutil.rmtree(folder / "ledger")
    (folder / "ledger").mkdir()
    shutil.copy(folder / "snapshot.sqlite", folder / "ledger" / "ledger.sqlite")
    with closing(sqlite3.connect(folder / "snapshot.sqlite")) as database:
        known = database.execute("SELECT count(*) FROM replays WHERE outcome = 'downloaded'").fetchone()[0]
    return _kept(folder) - int(known)


def _kept(folder: Path) -> int:
    return sum(path.suffix == ".replay" for path in (folder / "replays").iterdir())


def judged(folder: Path, server: WeekServer, week: Week, *, replays: int, plan: Plan) -> tuple[str, list[str]]:
    """Return the figures of the week, and what is wrong with it."""
    hours = (server.shared.now - START) / HOUR
    outages = 2 * OUTAGE_HOURS + week.without_key / HOUR
    possible = PER_HOUR * (hours - outages)
    sent, distinct = server.files_sent.total(), len(server.files_sent)
    rows = {row["replay_id"]: row for row in pq.read_table(folder / "replays" / "manifest.parquet").to_pylist()}
    wrong = sum(
        (folder / "replays" / f"{replay_id}.replay").read_bytes() != data
        or rows.get(replay_id, {}).get("sha256") != hashlib.sha256(data).hexdigest()
        for replay_id, data in server.files.items()
    )
    figures = (
        f"{hours:.1f} simulated hours, {outages:.1f} of them without service or key: {distinct} files, possible at "
        f"{PER_HOUR}/h outside of them {possible:.0f}, share {distinct / possible:.1%}; {len(server.violations)} calls above the "
        f"limits, {sent - distinct} downloads repeated, {week.adopted_after_loss} files that the snapshot did not know were "
        f"found; {week.runs} runs, {week.reboots} reboots; {len(rows)} of {replays} in the manifest, {wrong} missing or wrong"
    )
    problems = {
        "not complete": len(rows) != replays or wrong > 0,
        "too slow": distinct < 0.95 * possible,
        "calls above the limits": bool(server.violations),
        "fewer reboots than planned": week.reboots != len(plan.reboots),
    }
    return figures, [name for name, is_so in problems.items() if is_so]


def live_through(folder: Path, *, replays: int, hours: float, say: Callable[[str], object]) -> list[str]:
    """Live through the week in a folder, say what happens, and return what is wrong in the end.

    Args:
        folder: an empty one.
        replays: how many there are.
        hours: time over which the disturbances are spread, in h.
        say: takes lines about what happens.
    """
    started = time.monotonic()
    (folder / "replays").mkdir()
    week, server = rehearse(folder, replays=replays, hours=hours, say=say)
    figures, problems = judged(folder, server, week, replays=replays, plan=Plan.over(hours))
    say(f"{figures}; {time.monotonic() - started:.0f} s of real time")
    return problems


def main() -> None:
    """Live through the week and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replays", type=int, default=REPLAYS)
    parser.add_argument("--hours", type=float, default=WEEK_HOURS, help="over which the disturbances are spread")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        sys.exit(child(asked.child, asked.url, os.environ["BALLCHASING_API_KEY"]))

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        problems = live_through(Path(folder), replays=asked.replays, hours=asked.hours, say=say)
    sys.exit(f"problems: {', '.join(problems)}" if problems else 0)


if __name__ == "__main__":
    main()
