"""How fast calls may follow each other: one pace for each kind of call, shared by all threads, processes and restarts.

Calls are written down in the ledger before they are made, so that a restart knows what the last hour has used. A ready
limiter with an SQLite bucket was not taken because it lets calls through in bursts, which the service answers with 429
even inside its documented limits; what is needed is an even spacing, and that is a few lines.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from impulse.collection.ledger import Ledger

HOUR = 3600.0
SECOND_SHARE = 0.9
"""Share of the calls a second that is used; the server's clock and ours see different gaps."""
HOUR_SHARE = 0.98
"""Share of the calls an hour that is used."""
MAX_PAUSE_SECONDS = HOUR
SLOWER = 0.8
"""Share of the pace that is left after a refusal inside the limits, for the hour that follows it; each further one takes as much."""
SLOWEST = 0.25


class Stopped(Exception):
    """The job was asked to end while a thread waited or read."""


class Clock:
    """Time and waiting; :meth:`stop` wakes every thread that waits."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: the job was asked to end.
        """
        self._stopped.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise Stopped when the job was asked to end."""
        if self._stopped.is_set():
            raise Stopped

    def stop(self) -> None:
        """Ask all threads to end."""
        self._stopped.set()


class Call(StrEnum):
    """Kinds of calls; each has limits of its own."""

    PING = "ping"
    LIST = "list"
    CORE = "core"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Limit:
    """What the server allows for one kind of call."""

    per_second: float
    per_hour: int | None = None
    is_even: bool = False
    """Spread the hour's calls over the hour; otherwise only the second's."""

    @property
    def spacing(self) -> float:
        """Seconds from one call to the next."""
        spacing = 1 / (self.per_second * SECOND_SHARE)
        if self.is_even and self.per_hour is not None:
            spacing = max(spacing, HOUR / (self.per_hour * HOUR_SHARE))
        return spacing


TIERS: Mapping[str, tuple[tuple[float, int | None], tuple[float, int | None], tuple[float, int | None]]] = {
    "regular": ((2, 500), (2, 1000), (1, 200)),
    "gold": ((2, 1000), (2, 2000), (2, 400)),
    "diamond": ((4, 2000), (4, 5000), (2, 1000)),
    "champion": ((8, None), (8, None), (2, 2000)),
    "gc": ((16, None), (16, None), (2, None)),
}
"""Calls a second and an hour by the ``type`` of a key: lists, single objects, files (documentation, read 2025-12)."""

SAME_AS_GC = ("legend", "org")
"""Further types that clients have seen."""


def limits_of(tier: str, *, files_per_hour: int | None = None) -> dict[Call, Limit]:
    """Return the limits of a tier; an unknown one has those of the lowest.

    Args:
        tier: ``type`` in the answer to a ping.
        files_per_hour: downloads an hour, in the place of the tier's.
    """
    lists, core, files = TIERS["gc" if tier in SAME_AS_GC else tier if tier in TIERS else "regular"]
    return {
        Call.PING: Limit(1),
        Call.LIST: Limit(*lists),
        Call.CORE: Limit(*core),
        Call.FILE: Limit(files[0], files_per_hour or files[1], is_even=True),
    }


class Pacer:
    """Lets calls through one by one, each at its time."""

    def __init__(self, ledger: Ledger, clock: Clock, limits: Mapping[Call, Limit]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._turns = {kind: threading.Lock() for kind in Call}

    def set_limits(self, limits: Mapping[Call, Limit]) -> None:
        """Change the pace, once the tier is known."""
        self._limits = limits

    def limit(self, kind: Call) -> Limit:
        """Return the limit of a kind of call."""
        return self._limits[kind]

    def take(self, kind: Call) -> None:
        """Wait until a call may be made, and write it down.

        One thread of a kind waits for the time, the others for their turn.

        Raises:
            Stopped: the job was asked to end.
        """
        with self._turns[kind]:
            while (wait := self._try_take(kind)) > 0:
                self._clock.sleep(wait)

    def pause(self, kind: Call, seconds: float) -> None:
        """Let no call of a kind through for a while, in this and any later process."""
        until = self._clock.now() + min(seconds, MAX_PAUSE_SECONDS)
        with self._ledger.transaction() as database:
            database.execute(
                "INSERT INTO pauses VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET until = max(until, excluded.until)",
                (kind.value, until),
            )

    def refused(self, kind: Call) -> None:
        """Slow a kind of call down for an hour, in this and any later process: the server allows less than is assumed.

        Calls that were under way when another one was refused say nothing new.
        """
        now = self._clock.now()
        with self._ledger.transaction() as database:
            database.execute("DELETE FROM refusals WHERE kind = ? AND at < ?", (kind.value, now - HOUR))
            paused = database.execute("SELECT until FROM pauses WHERE kind = ?", (kind.value,)).fetchone()
            if paused is None or paused[0] <= now:
                database.execute("INSERT INTO refusals VALUES (?, ?)", (kind.value, now))

    def share(self, kind: Call) -> float:
        """Return the share of the limits that is used after what the server refused in the last hour."""
        with self._ledger.transaction() as database:
            return share_after(database, kind, self._clock.now())

    def left_this_hour(self, kind: Call) -> int | None:
        """Return how many calls of the tier's quota the last hour has left; None where there is no quota."""
        limit = self._limits[kind].per_hour
        if limit is None:
            return None
        with self._ledger.transaction() as database:
            row = database.execute(
                "SELECT count(*) FROM calls WHERE kind = ? AND at > ?", (kind.value, self._clock.now() - HOUR)
            ).fetchone()
        return max(0, limit - int(row[0]))

    def _try_take(self, kind: Call) -> float:
        """Write a call down and return 0, or return how many seconds are missing until one is allowed."""
        limit = self._limits[kind]
        self._clock.check()
        with self._ledger.transaction() as database:
            now = self._clock.now()
            # A clock that was set back must not keep calls waiting for the old time to come.
            database.execute("UPDATE calls SET at = ? WHERE kind = ? AND at > ?", (now, kind.value, now))
            database.execute("DELETE FROM calls WHERE kind = ? AND at < ?", (kind.value, now - HOUR - limit.spacing))
            free_at = now
            share = share_after(database, kind, now)
            last = database.execute("SELECT max(at) FROM calls WHERE kind = ?", (kind.value,)).fetchone()[0]
            if last is not None:
                free_at = max(free_at, last + limit.spacing / share)
            if limit.per_hour is not None:
                room = max(1, int(limit.per_hour * HOUR_SHARE * share))
                row = database.execute(
                    "SELECT at FROM calls WHERE kind = ? ORDER BY at DESC LIMIT 1 OFFSET ?", (kind.value, room - 1)
                ).fetchone()
                if row is not None:
                    free_at = max(free_at, row[0] + HOUR + min(limit.spacing, 1.0))
            paused = database.execute("SELECT until FROM pauses WHERE kind = ?", (kind.value,)).fetchone()
            if paused is not None and paused[0] <= now + MAX_PAUSE_SECONDS:
                free_at = max(free_at, paused[0])
            if free_at > now:
                return float(free_at - now)
            database.execute("INSERT INTO calls VALUES (?, ?)", (kind.value, now))
        return 0.0


def share_after(database: sqlite3.Connection, kind: Call, now: float) -> float:
    """Return the share of a limit that is used after the refusals of the last hour."""
    refusals = database.execute(
        "SELECT count(*) FROM refusals WHERE kind = ? AND at > ? AND at <= ?", (kind.value, now - HOUR, now)
    ).fetchone()[0]
    return max(SLOWEST, SLOWER ** int(refusals))
