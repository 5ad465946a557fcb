"""The ledger: what was listed, what became of each replay, and which calls used the quota. One SQLite file.

It is local state beside every output: with it a restart repeats nothing, without it the files that are there are found
and verified again. Every method is one transaction and may be called from any thread.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from impulse.collection.entries import ListedGroup, ListedReplay
from impulse.errors import StageError

LAYOUT = "1"
"""Version of the tables."""

BUSY_SECONDS = 60.0
"""How long a transaction waits for one of another process."""

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (kind TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (kind, at);
CREATE TABLE IF NOT EXISTS pauses (kind TEXT PRIMARY KEY, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS listings (scope TEXT PRIMARY KEY, after TEXT, is_done INTEGER NOT NULL, pages INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS members (scope TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (scope, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS groups (id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE IF NOT EXISTS replays (
    id TEXT PRIMARY KEY, metadata TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT 'pending', reason TEXT, detail TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, sha256 TEXT, bytes INTEGER, duplicate_of TEXT, group_path TEXT,
    is_selected INTEGER NOT NULL DEFAULT 0, changed_at REAL
);
"""


class Outcome(StrEnum):
    """What became of a replay."""

    PENDING = "pending"
    """Listed and not yet tried."""
    DOWNLOADED = "downloaded"
    DUPLICATE = "duplicate"
    """Another replay that was asked for is the same recording, and is taken."""
    FAILED = "failed"
    GONE = "gone"
    """The server no longer has it."""
    FORBIDDEN = "forbidden"
    """The key may not download it."""


LOST = (Outcome.FAILED, Outcome.GONE, Outcome.FORBIDDEN)
"""Outcomes that only ``retry_failed`` tries again."""


@dataclass(frozen=True, slots=True)
class Download:
    """What the ledger knows of one replay."""

    replay: ListedReplay
    outcome: Outcome = Outcome.PENDING
    reason: str | None = None
    detail: str | None = None
    attempts: int = 0
    sha256: str | None = None
    bytes: int | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """How far the pages of one list were read."""

    after: str | None = None
    """Cursor of the next page."""
    is_done: bool = False
    pages: int = 0


class Ledger:
    """The open ledger. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            # A write-ahead log lets the status command read while a job writes; after a power cut the last commits may
            # be missing, which costs a look at files that are there.
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            # In one transaction, so that whoever copies a new ledger sees all tables or none.
            self._database.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
            self._database.execute("INSERT OR IGNORE INTO facts VALUES ('layout', ?)", (LAYOUT,))
            found = self.fact("layout")
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise StageError(f"the ledger {path} cannot be used ({error}); move it away and run again") from error
        if found != LAYOUT:
            self._database.close()
            raise StageError(f"the ledger {path} has layout {found}, this version needs {LAYOUT}; move it away")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the ledger against other threads and processes, and commit at the end unless an error passes."""
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise StageError(f"the ledger cannot be written: {error}") from error
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def fact(self, name: str) -> str | None:
        """Return a fact about the job, such as the key's tier."""
        with self._lock:
            row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Remember facts."""
        with self.transaction() as database:
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def group_name(self, group_id: str) -> str | None:
        """Return the name of a group that was seen; None for one that was not."""
        with self._lock:
            row = self._database.execute("SELECT name FROM groups WHERE id = ?", (group_id,)).fetchone()
        return None if row is None else str(row[0])

    def listing(self, scope: str) -> Listing:
        """Return how far a list was read."""
        with self._lock:
            row = self._database.execute(
                "SELECT after, is_done, pages FROM listings WHERE scope = ?", (scope,)
            ).fetchone()
        return Listing() if row is None else Listing(row[0], bool(row[1]), row[2])

    def forget_listings(self, prefix: str) -> None:
        """Let the lists of one server be read again; outcomes are kept."""
        with self.transaction() as database:
            for table in ("listings", "members"):
                database.execute(f"DELETE FROM {table} WHERE substr(scope, 1, ?) = ?", (len(prefix), prefix))

    def add_groups(self, groups: Iterable[ListedGroup]) -> None:
        """Remember groups by their ids."""
        with self.transaction() as database:
            self._add_groups(database, groups)

    def add_page(
        self, scope: str, entries: Sequence[ListedGroup | ListedReplay], *, after: str | None, is_done: bool
    ) -> int:
        """Remember a page of a list and where the next one starts.

        Returns:
            How many of the entries the list did not have before.
        """
        with self.transaction() as database:
            before = database.total_changes
            database.executemany("INSERT OR IGNORE INTO members VALUES (?, ?)", [(scope, item.id) for item in entries])
            new = database.total_changes - before
            self._add_groups(database, (item for item in entries if isinstance(item, ListedGroup)))
            database.executemany(
                "INSERT INTO replays (id, metadata) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata",
                [(item.id, item.to_json()) for item in entries if isinstance(item, ListedReplay)],
            )
            database.execute(
                "INSERT INTO listings VALUES (?, ?, ?, 1) ON CONFLICT (scope) DO UPDATE "
                "SET after = excluded.after, is_done = excluded.is_done, pages = pages + 1",
                (scope, after, is_done or new == 0),
            )
        return new

    def members(self, scope: str) -> list[str]:
        """Return the ids of a list in a fixed order."""
        with self._lock:
            rows = self._database.execute("SELECT id FROM members WHERE scope = ? ORDER BY id", (scope,)).fetchall()
        return [row[0] for row in rows]

    def select(self, group_paths: Mapping[str, str | None]) -> dict[str, Download]:
        """Make the given replays the ones that the job is about, and return what is known of each.

        Args:
            group_paths: path of groups of each replay that was asked for, by its id.
        """
        with self.transaction() as database:
            database.execute("UPDATE replays SET is_selected = 0, group_path = NULL WHERE is_selected = 1")
            database.executemany(
                "UPDATE replays SET is_selected = 1, group_path = ? WHERE id = ?",
                [(path, replay_id) for replay_id, path in group_paths.items()],
            )
            rows = database.execute(
                "SELECT id, metadata, outcome, reason, detail, attempts, sha256, bytes, duplicate_of "
                "FROM replays WHERE is_selected = 1 ORDER BY id"
            ).fetchall()
        return {row[0]: Download(ListedReplay.from_json(row[0], row[1]), Outcome(row[2]), *row[3:9]) for row in rows}

    def record(self, downloads: Iterable[Download], *, at: float) -> None:
        """Remember what became of replays.

        Args:
            downloads: the replays.
            at: time in seconds since 1970.
        """
        rows: list[tuple[Any, ...]] = [
            (f.outcome.value, f.reason, f.detail, f.attempts, f.sha256, f.bytes, f.duplicate_of, at, f.replay.id)
            for f in downloads
        ]
        with self.transaction() as database:
            database.executemany(
                "UPDATE replays SET outcome = ?, reason = ?, detail = ?, attempts = ?, sha256 = ?, bytes = ?, "
                "duplicate_of = ?, changed_at = ? WHERE id = ?",
                rows,
            )

    @staticmethod
    def _add_groups(database: sqlite3.Connection, groups: Iterable[ListedGroup]) -> None:
        database.executemany("INSERT OR REPLACE INTO groups VALUES (?, ?)", [(item.id, item.name) for item in groups])
