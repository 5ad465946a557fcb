"""Objects of buckets that were read before, and what was found: one SQLite file of local state, safe to delete.

An object is the same one while its address, its size and its ETag are. What was found counts while the code that judges
files is the same.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sqlite3
import threading
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from impulse.collection.intake import Judged
from impulse.errors import StageError
from impulse.replay import container, facts

BUSY_SECONDS = 60.0
"""How long a write waits for one of another process."""


class SeenObjects:
    """The open memory. Use it as a context manager; any thread may call it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        source = "".join(inspect.getsource(module) for module in (container, facts))
        self._code = hashlib.sha256(source.encode()).hexdigest()
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            # After a power cut the last entries may be missing, which costs reading those objects again.
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS objects (address TEXT PRIMARY KEY, etag TEXT, bytes INTEGER, code TEXT, "
                "judged TEXT) WITHOUT ROWID"
            )
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise StageError(f"{path} cannot be used ({error}); remove it and run again") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def judged(self, address: str, etag: str, size: int) -> Judged | None:
        """Return what was found in an object, None for one that was not seen or has changed since."""
        with self._lock:
            row = self._database.execute(
                "SELECT judged FROM objects WHERE address = ? AND etag = ? AND bytes = ? AND code = ?",
                (address, etag, size, self._code),
            ).fetchone()
        return None if row is None else _from_json(row[0])

    def remember(self, address: str, etag: str, judged: Judged) -> None:
        """Keep what was found in an object, in the place of what was found before."""
        text = json.dumps(asdict(judged), default=datetime.isoformat)
        try:
            with self._lock:
                self._database.execute(
                    "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                    (address, etag, judged.bytes, self._code, text),
                )
        except sqlite3.OperationalError as error:
            raise StageError(f"the memory of seen objects cannot be written: {error}") from error


def _from_json(text: str) -> Judged:
    found: dict[str, Any] = json.loads(text)
    header = found["facts"]
    if header is not None and header["date"] is not None:
        header["date"] = datetime.fromisoformat(header["date"])
    return Judged(**found)
