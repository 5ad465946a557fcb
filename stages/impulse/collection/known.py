"""Facts of files that earlier runs read, in the content store: safe to delete, and of no use once the code has changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from impulse.collection.source import FileFacts
from impulse.files.digest import code_digest
from impulse.files.store import Store
from impulse.tables.manifest import MANIFEST_COLUMNS

CODE = ("replay", "errors.py", "collection/source.py")
"""What finds the facts of a file."""


TIMES = tuple(column.name for column in MANIFEST_COLUMNS if column.dtype == "timestamp")
"""Facts that are kept as text."""


class KnownFacts:
    """What was found in files: by their SHA-256, or for objects of a bucket by address, ETag and size. Any thread may ask."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder)
        self._code = code_digest(*CODE)
        self._used: set[str] = set()

    def get(self, *identity: str | int) -> FileFacts | None:
        """Return the facts of a file, None for one that was not read or has changed since."""
        entry = self._store.get(self._key(*identity))
        if entry is None:
            return None
        facts = FileFacts(**entry.facts)
        if facts.header is None:
            return facts
        times = {name: datetime.fromisoformat(text) for name in TIMES if (text := facts.header.get(name))}
        return replace(facts, header={**facts.header, **times})

    def keep(self, facts: FileFacts, *identity: str | int) -> None:
        """Keep the facts of a file."""
        plain = json.loads(json.dumps(asdict(facts), default=datetime.isoformat))
        self._store.keep(self._key(*identity), plain)

    def sweep(self) -> None:
        """Remove what no run has asked for in a long time."""
        self._store.sweep(self._used)

    def _key(self, *identity: str | int) -> str:
        key = hashlib.sha256(json.dumps([self._code, *identity]).encode()).hexdigest()
        self._used.add(key)
        return key
