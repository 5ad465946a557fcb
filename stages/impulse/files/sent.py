"""Entries of a store as bytes, on their way to the store of another machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impulse.errors import ReplayLost
from impulse.files.records import Entry
from impulse.files.store import Store


@dataclass(frozen=True, slots=True)
class SentEntry:
    """A whole entry."""

    key: str
    files: Mapping[str, bytes]
    """Contents by name."""
    sha256: Mapping[str, str]
    """What the writer recorded of each file."""
    facts: Mapping[str, Any]

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(map(len, self.files.values()))


def packed_entry(entry: Entry) -> SentEntry:
    """Return an entry as bytes.

    Raises:
        ReplayLost: a file is not what was written.
    """
    files = {}
    for name, file in entry.files.items():
        path = entry.folder / name
        files[name] = path.read_bytes() if path.is_file() else b""  # another run may have removed it
        if hashlib.sha256(files[name]).hexdigest() != file.sha256:
            raise ReplayLost(
                f"{path} is damaged or gone; `impulse verify --heal` removes it, and the next run makes it again"
            )
    return SentEntry(entry.key, files, {name: file.sha256 for name, file in entry.files.items()}, entry.facts)


def take_in(store: Store, sent: SentEntry) -> Entry:
    """Keep an entry of another store under the same key, and return it.

    Raises:
        ReplayLost: its bytes are not those that were sent.
    """
    for name, content in sent.files.items():
        if hashlib.sha256(content).hexdigest() != sent.sha256[name]:
            raise ReplayLost(f"{name} was damaged on the way between a worker and this machine")
    if not sent.files:
        return store.keep(sent.key, sent.facts)

    def write(folder: Path) -> Mapping[str, Any]:
        for name, content in sent.files.items():
            (folder / name).write_bytes(content)
        return sent.facts

    return store.put(sent.key, write)
