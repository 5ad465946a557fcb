"""The ledger: what was listed, what became of each replay, and which calls used the quota. One SQLite file.

It is local state beside every output: with it a restart repeats nothing, without it the files that are there are found
and verified again. Every method is one transaction and may be called from any thread.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from impulse.collection.entries import ListedReplay
from impulse.collection.ledger_tables import LAYOUT, prepare
from impulse.errors import StageError, one_line

log = logging.getLogger(__name__)

BUSY_SECONDS = 60.0
"""How long a transaction waits for one of another process."""

MAGIC = b"SQLite format 3\0"
"""Start of every ledger."""
SUFFIXES = (".sqlite", ".sqlite3", ".db")
"""Names of files that can only be a ledger, whatever a bad disk has made of their first bytes."""


MAY_PASS = (
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN),
)
"""Errors of SQLite that say nothing about the file's content."""


class LedgerDamaged(StageError):
    """The ledger's file is damaged; what was collected says what was in it."""


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
"""Outcomes that are tried again when their time has come, where they have one, or by ``retry_failed``."""


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
    retry_at: float | None = None
    """When a replay that failed through no fault of its own is tried again, in seconds since 1970; None for all others."""


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
        self.close()

    def close(self) -> None:
        """Close the file; closing again is fine."""
        self._database.close()

    def _prepare(self) -> None:
        with self._errors():
            # A write-ahead log lets the status command read while a job writes; after a power cut the last commits may
            # be missing, which costs a look at files that are there.
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            if (found := self._database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise LedgerDamaged(f"the ledger {self._path} is damaged ({one_line(Exception(found))})")
            layout = prepare(self._database)
        if layout != LAYOUT:
            raise StageError(f"the ledger {self._path} has layout {layout}, this version needs {LAYOUT}; move it away")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise a StageError in the place of SQLite's errors; what may pass is told from a file that is damaged."""
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise  # a defect of the program, not of the file
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in MAY_PASS:
                raise StageError(f"the ledger {self._path} cannot be used now ({error}); run again to go on") from error
            raise LedgerDamaged(
                f"the ledger {self._path} is damaged ({one_line(error)}); run again: what is kept says what was in it"
            ) from error

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
        rows = self.rows("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Remember facts."""
        with self.transaction() as database:
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def known(self, replay_ids: Collection[str]) -> dict[str, Download]:
        """Return what is known of replays, by id and in its order."""
        rows = self.rows(
            "SELECT id, metadata, outcome, reason, detail, attempts, sha256, bytes, retry_at FROM replays ORDER BY id"
        )
        try:
            return {row[0]: download_of(row) for row in rows if row[0] in replay_ids}
        except UNREADABLE as error:
            raise LedgerDamaged(
                f"the ledger {self._path} has a damaged replay ({one_line(error)}); run again: what is kept says what was in it"
            ) from error

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
            (f.outcome.value, f.reason, f.detail, f.attempts, f.sha256, f.bytes, f.retry_at, at, f.replay.id)
            for f in downloads
        ]
        with self.transaction() as database:
            database.executemany(
                "UPDATE replays SET outcome = ?, reason = ?, detail = ?, attempts = ?, sha256 = ?, bytes = ?, "
                "retry_at = ?, changed_at = ? WHERE id = ?",
                rows,
            )

    def selected(self) -> dict[str, str]:
        """Return the outcomes of the replays that the last run was about, by id."""
        return dict(self.rows("SELECT id, outcome FROM replays WHERE is_selected = 1"))

    def rows(self, query: str, *values: str | float) -> list[Any]:
        """Return the rows of a query that changes nothing."""
        with self._lock, self._errors():
            return self._database.execute(query, values).fetchall()


UNREADABLE = (ValueError, TypeError, AttributeError)
"""What reading a damaged row raises."""


def download_of(row: Sequence[Any]) -> Download:
    """Return the replay of a row: id, metadata, outcome, reason, detail, attempts, hash, bytes and time of the next try."""
    metadata = json.loads(row[1])
    if not isinstance(row[0], str) or not isinstance(metadata, dict) or not isinstance(row[5], int):
        raise TypeError(f"row of {row[0]!r}")
    return Download(ListedReplay(row[0], metadata), Outcome(row[2]), *row[3:9])


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open a ledger; one that is damaged is set aside, and an empty one takes its place.

    The caller fills it again from what is kept: :mod:`impulse.collection.rebuilding`.

    Raises:
        StageError: it cannot be used now, or is no ledger.
    """
    try:
        opened = Ledger(path)
    except LedgerDamaged as error:
        log.warning("%s; set aside as %s, and made again from what is kept", error, _set_aside(path, error).name)
        opened = Ledger(path)
    damage: LedgerDamaged | None = None
    with opened as ledger:
        try:
            yield ledger
        except LedgerDamaged as error:
            damage = error
            raise
        finally:
            ledger.close()
            if damage is not None:
                _set_aside(path, damage)


def _set_aside(path: Path, error: LedgerDamaged) -> Path:
    """Give a damaged ledger another name, with its write-ahead log, and return it."""
    with path.open("rb") as file:
        is_ledger = file.read(len(MAGIC)) == MAGIC or path.suffix in SUFFIXES
    if not is_ledger:
        raise StageError(
            f"{path} cannot be used as a ledger ({error.__cause__ or error}); name another file"
        ) from error
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    path.replace(aside)
    return aside
