"""What downloads are kept in: which of its files are good, and what they give the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from impulse.collection.ledger import Download, Outcome
from impulse.collection.source import Candidate, FileFacts, verified_header
from impulse.errors import CorruptReplay
from impulse.files.storage import Storage
from impulse.replay.container import read_header
from impulse.replay.facts import header_facts

HEADER_BYTES = 2**17
"""Enough for nearly every header; the rest of a file is not read again to make a manifest."""


@dataclass(frozen=True, slots=True)
class ReplayFolder:
    """Downloaded replays in a storage."""

    storage: Storage
    place: Callable[[str], str]
    """Gives the name of a replay id's file in the storage."""
    _headers: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    """Columns of the manifest that the header of a good file gives, by the hash of the file."""

    def name_of(self, download: Download) -> str:
        """Return the name of a replay's file in the storage."""
        return self.place(download.replay.replay_id)

    def holds(self, download: Download) -> bool:
        """Tell whether there is any file under the name of a replay."""
        return self.storage.size(self.name_of(download)) is not None

    def is_there(self, download: Download) -> bool:
        """Tell whether the file that the ledger knows is there, judged by its size."""
        return download.sha256 is not None and self.storage.size(self.name_of(download)) == download.bytes

    def keep(self, download: Download, content: bytes) -> Download:
        """Verify what was downloaded, store it, and return what became of the replay.

        Raises:
            CorruptReplay: the bytes are wrong; nothing is stored.
        """
        found = self._good(download, content)
        self.storage.write(self.name_of(download), content)
        return found

    def remove(self, download: Download) -> None:
        """Remove the file of a replay."""
        self.storage.remove(self.name_of(download))

    def rename(self, download: Download, name_of: Download) -> None:
        """Give a file the name of another replay; a kill in between leaves both."""
        self.storage.write(self.name_of(name_of), self.storage.read(self.name_of(download)))
        self.remove(download)

    def adopted(self, download: Download) -> Download | None:
        """Return what a file that the ledger does not know is; remove one that is damaged.

        A run that was killed between storing a file and writing that down leaves such a file.
        """
        if not self.holds(download):
            return None
        try:
            found = self._good(download, self.storage.read(self.name_of(download)))
        except CorruptReplay:
            self.remove(download)
            return None
        if download.sha256 not in (None, found.sha256):
            self.remove(download)  # a good replay, but not the one that the server gave
            return None
        return found

    def read_headers(self, downloads: Iterable[Download], *, threads: int) -> None:
        """Read the headers of files that this run did not write, several at a time, for a storage may be far away."""
        unread = [
            download for download in downloads if download.sha256 not in self._headers and self.is_there(download)
        ]
        with ThreadPoolExecutor(threads, thread_name_prefix="header") as pool:
            for download, header in zip(unread, pool.map(self._read_header, unread), strict=True):
                self._headers[download.sha256 or ""] = header

    def candidate(self, download: Download, group_path: str | None, *, is_new: bool) -> Candidate:
        """Return a good file for the manifest. Its header is that of the file's bytes, so the manifest says what is there."""
        header = self._headers.get(download.sha256 or "") or self._read_header(download)
        return Candidate(
            download.replay.id,
            None,
            FileFacts(download.sha256 or "", download.bytes or 0, header),
            path=self.name_of(download),
            replay_id=download.replay.replay_id,
            columns={**download.replay.manifest_columns(), "group_path": group_path},
            players=download.replay.listed_players(),
            is_new=is_new,
        )

    def _good(self, download: Download, content: bytes) -> Download:
        """Return what became of a replay whose bytes these are, once they are verified."""
        header = verified_header(content)
        digest = hashlib.sha256(content).hexdigest()
        self._headers[digest] = header_facts(header)
        return replace(
            download,
            outcome=Outcome.DOWNLOADED,
            reason=None,
            detail=None,
            duplicate_of=None,
            sha256=digest,
            bytes=len(content),
        )

    def _read_header(self, download: Download) -> dict[str, Any]:
        name = self.name_of(download)
        start = self.storage.read(name, HEADER_BYTES)
        if len(start) >= 8 and 8 + int.from_bytes(start[:4], "little") > len(start):
            start = self.storage.read(name)
        return header_facts(read_header(start))
