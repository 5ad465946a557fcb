"""What downloads are kept in: which of its files are good, and the manifest rows that they give."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from impulse.collection.intake import store, verified_header
from impulse.collection.ledger import Fate, Outcome
from impulse.collection.storage import ReplayStorage
from impulse.config.fetch import SourceKind
from impulse.errors import CorruptReplay
from impulse.replay.container import read_header
from impulse.replay.facts import header_facts

HEADER_BYTES = 2**17
"""Enough for nearly every header; the rest of a file is not read again to make a manifest."""


@dataclass(frozen=True, slots=True)
class ReplayFolder:
    """Downloaded replays in a storage."""

    storage: ReplayStorage
    place: Callable[[str], str]
    """Gives the name of a replay id's file in the storage."""
    _facts: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    """What the header of a good file says, by the hash of the file."""

    def name_of(self, fate: Fate) -> str:
        """Return the name of a replay's file in the storage."""
        return self.place(fate.replay.replay_id)

    def holds(self, fate: Fate) -> bool:
        """Tell whether there is any file under the name of a replay."""
        return self.storage.size_of(self.name_of(fate)) is not None

    def is_there(self, fate: Fate) -> bool:
        """Tell whether the file that the ledger knows is there, judged by its size."""
        return fate.sha256 is not None and self.storage.size_of(self.name_of(fate)) == fate.bytes

    def keep(self, fate: Fate, content: bytes) -> Fate:
        """Verify what was downloaded, store it, and return the replay's fate.

        Raises:
            CorruptReplay: the bytes are wrong; nothing is stored.
        """
        found = self._good(fate, content)
        store(self.storage, self.name_of(fate), content)
        return found

    def remove(self, fate: Fate) -> None:
        """Remove the file of a replay."""
        self.storage.remove(self.name_of(fate))

    def rename(self, fate: Fate, name_of: Fate) -> None:
        """Give a file the name of another replay; a kill in between leaves both."""
        self.storage.write(self.name_of(name_of), self.storage.read(self.name_of(fate)))
        self.remove(fate)

    def adopted(self, fate: Fate) -> Fate | None:
        """Return the fate of a file that is there though the ledger does not know it; remove one that is damaged.

        A run that was killed between storing a file and writing that down leaves such a file.
        """
        if not self.holds(fate):
            return None
        try:
            found = self._good(fate, self.storage.read(self.name_of(fate)))
        except CorruptReplay:
            self.remove(fate)
            return None
        if fate.sha256 not in (None, found.sha256):
            self.remove(fate)  # a good replay, but not the one that the server gave
            return None
        return found

    def read_headers(self, fates: Iterable[Fate], *, threads: int) -> None:
        """Read the headers of files that this run did not write, several at a time, for a storage may be far away."""
        unread = [fate for fate in fates if fate.sha256 not in self._facts and self.is_there(fate)]
        with ThreadPoolExecutor(threads, thread_name_prefix="header") as pool:
            for fate, facts in zip(unread, pool.map(self._read_facts, unread), strict=True):
                self._facts[fate.sha256 or ""] = facts

    def manifest_row(self, fate: Fate, group_path: str | None) -> dict[str, Any]:
        """Return the row of a good file. Its header is that of the file's bytes, so the manifest says what is there."""
        return {
            "replay_id": fate.replay.replay_id,
            "path": self.name_of(fate),
            "bytes": fate.bytes,
            "sha256": fate.sha256,
            "source": SourceKind.ballchasing.value,
            "source_path": source_path(fate),
            **(self._facts.get(fate.sha256 or "") or self._read_facts(fate)),
            **fate.replay.manifest_columns(),
            "group_path": group_path,
        }

    def _good(self, fate: Fate, content: bytes) -> Fate:
        """Return the fate of a replay whose bytes these are, once they are verified."""
        header = verified_header(content)
        digest = hashlib.sha256(content).hexdigest()
        self._facts[digest] = header_facts(header)
        return replace(
            fate,
            outcome=Outcome.DOWNLOADED,
            reason=None,
            detail=None,
            duplicate_of=None,
            sha256=digest,
            bytes=len(content),
        )

    def _read_facts(self, fate: Fate) -> dict[str, Any]:
        name = self.name_of(fate)
        start = self.storage.read(name, HEADER_BYTES)
        if len(start) >= 8 and 8 + int.from_bytes(start[:4], "little") > len(start):
            start = self.storage.read(name)
        return header_facts(read_header(start))


def source_path(fate: Fate) -> str:
    """Return where a replay stands inside the source: its id there, as one printable text."""
    return fate.replay.id
