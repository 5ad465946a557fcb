"""The ledger: what was listed, what became of each replay, and which calls used the quota. One SQLite file.

It is local state beside every output: with it a restart repeats nothing, without it the files that are there are found
and verified again. Every method is one transaction and may be called from any thread.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
        self._path = path
        with self._errors():
            self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _prepare(self) -> None:
        with self._errors():
            # A write-ahead log lets the status command read while a job writes; after a power cut the last commits may
            # be missing, which costs a look at files that are there.
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            # In one transaction, so that whoever copies a new ledger sees all tables or none.
            self._database.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
            self._database.execute("INSERT OR IGNORE INTO facts VALUES ('layout', ?)", (LAYOUT,))
        found = self.fact("layout")
        if found != LAYOUT:
            raise StageError(f"the ledger {self._path} has layout {found}, this version needs {LAYOUT}; move it away")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise a StageError in the place of SQLite's errors; what may pass is told from a file that is of no use."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StageError(f"the ledger {self._path} cannot be used now ({error}); run again to go on") from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise  # a defect of the program, not of the file
            raise StageError(f"the ledger {self._path} cannot be used ({error}); move it away and run again") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the ledger against other threads and processes, and commit at the end unless an error passes."""
        with self._lock, self._errors():
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def fact(self, name: str) -> str | None:
        """Return a fact about the job, such as the key's tier."""
        rows = self._rows("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Remember facts."""
        with self.transaction() as database:
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def group_name(self, group_id: str) -> str | None:
        """Return the name of a group that was seen; None for one that was not."""
        rows = self._rows("SELECT name FROM groups WHERE id = ?", group_id)
        return str(rows[0][0]) if rows else None

    def listing(self, scope: str) -> Listing:
        """Return how far a list was read."""
        rows = self._rows("SELECT after, is_done, pages FROM listings WHERE scope = ?", scope)
        return Listing(rows[0][0], bool(rows[0][1]), rows[0][2]) if rows else Listing()

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
    ) -> None:
        """Remember a page of a list and where the next one starts; one that brings nothing new is the last."""
        with self.transaction() as database:
            before = database.total_changes
            database.executemany("INSERT OR IGNORE INTO members VALUES (?, ?)", [(scope, item.id) for item in entries])
            new = database.total_changes - before
            self._add_groups(database, (item for item in entries if isinstance(item, ListedGroup)))
            database.executemany(
                "INSERT INTO replays (id, metadata) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata",
                [
                    (item.id, json.dumps(item.metadata, sort_keys=True))
                    for item in entries
                    if isinstance(item, ListedReplay)
                ],
            )
            database.execute(
                "INSERT INTO listings VALUES (?, ?, ?, 1) ON CONFLICT (scope) DO UPDATE "
                "SET after = excluded.after, is_done = excluded.is_done, pages = pages + 1",
                (scope, after, is_done or new == 0),
            )

    def members(self, scope: str) -> list[str]:
        """Return the ids of a list in a fixed order."""
        return [row[0] for row in self._rows("SELECT id FROM members WHERE scope = ? ORDER BY id", scope)]

    def known(self, replay_ids: Collection[str]) -> dict[str, Download]:
        """Return what is known of replays, by id and in its order."""
        rows = self._rows(
            "SELECT id, metadata, outcome, reason, detail, attempts, sha256, bytes FROM replays ORDER BY id"
        )
        return {
            row[0]: Download(ListedReplay(row[0], json.loads(row[1])), Outcome(row[2]), *row[3:8])
            for row in rows
            if row[0] in replay_ids
        }

    def select(self, group_paths: Mapping[str, str | None]) -> None:
        """Make the given replays the ones that the job is about, and that ``impulse status`` counts.

        Args:
            group_paths: path of groups of each replay that was asked for, by its id.
        """
        with self.transaction() as database:
            database.execute("UPDATE replays SET is_selected = 0, group_path = NULL WHERE is_selected = 1")
            database.executemany(
                "UPDATE replays SET is_selected = 1, group_path = ? WHERE id = ?",
                [(path, replay_id) for replay_id, path in group_paths.items()],
            )

    def record(self, downloads: Iterable[Download], *, at: float) -> None:
        """Remember what became of replays.

        Args:
            downloads: the replays.
            at: time in seconds since 1970.
        """
        rows: list[tuple[Any, ...]] = [
            (f.outcome.value, f.reason, f.detail, f.attempts, f.sha256, f.bytes, at, f.replay.id) for f in downloads
        ]
        with self.transaction() as database:
            database.executemany(
                "UPDATE replays SET outcome = ?, reason = ?, detail = ?, attempts = ?, sha256 = ?, bytes = ?, "
                "changed_at = ? WHERE id = ?",
                rows,
            )

    def _rows(self, query: str, *values: str) -> list[Any]:
        with self._lock, self._errors():
            return self._database.execute(query, values).fetchall()

    @staticmethod
    def _add_groups(database: sqlite3.Connection, groups: Iterable[ListedGroup]) -> None:
        database.executemany("INSERT OR REPLACE INTO groups VALUES (?, ?)", [(item.id, item.name) for item in groups])
