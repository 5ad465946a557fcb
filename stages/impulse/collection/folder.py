"""What downloads are kept in: which of its files are good, and what they give the manifest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from impulse.collection.kept import KeptReplays
from impulse.collection.known import KnownFacts
from impulse.collection.ledger import Download, Outcome
from impulse.collection.source import Candidate, FileFacts
from impulse.errors import CorruptReplay, ObjectMissing, StageError, UnexpectedResponse

HEADER_BYTES = 2**17
"""Enough for nearly every header; the rest of a file is not read again to make a manifest."""


@dataclass(frozen=True, slots=True)
class ReplayFolder:
    """Downloaded replays in a storage."""

    storage: KeptReplays
    place: Callable[[str], str]
    """Gives the name of a replay id's file in the storage."""
    known: KnownFacts | None = None
    """What earlier runs found in good files; None reads every header again."""
    max_bytes: int | None = None
    """Size of the largest file that is read; None reads any."""
    _facts: dict[str, FileFacts] = field(default_factory=dict, repr=False)
    """The same of this run, by the hash of the file."""

    def name_of(self, download: Download) -> str:
        """Return the name of a replay's file in the storage."""
        return self.place(download.replay.replay_id)

    def is_there(self, download: Download) -> bool:
        """Tell whether the file that the ledger knows is there, with the bytes that it knows."""
        sha256, size = download.sha256, download.bytes
        return sha256 is not None and self.storage.holds(self.name_of(download), sha256=sha256, size=size or 0)

    def is_damaged(self, download: Download) -> bool:
        """Tell whether the file that the ledger knows is there with other bytes."""
        is_kept = download.sha256 is not None and self.storage.is_there(self.name_of(download))
        return is_kept and not self.is_there(download)

    def look(self, downloads: Iterable[Download], *, threads: int) -> None:
        """Read files that nobody has seen as they are now, several at a time, so that the questions after cost little."""
        with ThreadPoolExecutor(threads, thread_name_prefix="look") as pool:
            deque(pool.map(self.is_there, downloads), maxlen=0)

    def keep(self, download: Download, content: bytes, *, listed: Collection[str] = ()) -> Download:
        """Verify what was downloaded, store it, and return what became of the replay.

        Args:
            download: the replay.
            content: the file.
            listed: ids of recordings as the API lists them.

        Raises:
            CorruptReplay: the bytes are wrong; nothing is stored.
            UnexpectedResponse: they are the file of another of the listed recordings; nothing is stored.
        """
        found = self._good(download, content)
        recording_id = (self._facts[found.sha256 or ""].header or {}).get("recording_id")
        if recording_id in listed and download.replay.recording_id not in (None, recording_id):
            raise UnexpectedResponse(f"the server gives the file of another recording ({recording_id})")
        self.storage.write(self.name_of(download), content, sha256=found.sha256 or "")
        return found

    def remove(self, download: Download) -> None:
        """Remove the file of a replay."""
        self.storage.remove(self.name_of(download))

    def rename(self, download: Download, *, to: Download) -> None:
        """Give a file the name of another replay; a kill in between leaves both."""
        content = self.storage.read(self.name_of(download))
        self.storage.write(self.name_of(to), content, sha256=download.sha256 or "")
        self.remove(download)

    def adopted(self, download: Download) -> Download | None:
        """Return what a good file that the ledger does not know is; None when there is none.

        A run that was killed between storing a file and writing that down leaves such a file. One that is damaged, or cannot
        be read, stays until a download takes its place.
        """
        name = self.name_of(download)
        size = self.storage.size(name)
        if size is None or (self.max_bytes is not None and size > self.max_bytes):
            return None
        if download.sha256 is not None:  # it would have been known by its bytes
            return None
        try:
            return self._good(download, self.storage.read(name))
        except (CorruptReplay, OSError, ObjectMissing):
            return None

    def read_headers(self, downloads: Iterable[Download], *, threads: int) -> None:
        """Find the facts of files that this run did not write, several at a time, for a storage may be far away.

        Raises:
            StageError: a file was damaged since this run has looked at it.
        """
        unread = [download for download in downloads if download.sha256 not in self._facts and self.is_there(download)]
        with ThreadPoolExecutor(threads, thread_name_prefix="header") as pool:
            self._facts.update((facts.sha256, facts) for facts in pool.map(self._read_facts, unread))

    def candidate(self, download: Download, columns: Mapping[str, Any], *, is_new: bool) -> Candidate:
        """Return a good file for the manifest."""
        return Candidate(
            download.replay.id,
            None,
            self._facts.get(download.sha256 or "") or self._read_facts(download),
            path=self.name_of(download),
            replay_id=download.replay.replay_id,
            columns={**download.replay.manifest_columns(), **columns},
            players=download.replay.listed_players(),
            is_new=is_new,
        )

    def _good(self, download: Download, content: bytes) -> Download:
        """Return what became of a replay whose bytes these are, once they are verified."""
        facts = FileFacts.of(content)
        if facts.header is None:
            raise CorruptReplay(facts.reason or "", facts.detail)
        self._keep(facts)
        return replace(
            download,
            outcome=Outcome.DOWNLOADED,
            reason=None,
            detail=None,
            sha256=facts.sha256,
            bytes=facts.size,
        )

    def _keep(self, facts: FileFacts) -> None:
        # Once, for two threads may have the same bytes under two ids, and would write the same record.
        if self._facts.setdefault(facts.sha256, facts) is facts and self.known is not None:
            self.known.keep(facts, facts.sha256)

    def _read_facts(self, download: Download) -> FileFacts:
        """Return the facts of a file that the ledger knows; what no earlier run has kept is read from its header."""
        sha256, name = download.sha256 or "", self.name_of(download)
        if self.known is not None and (found := self.known.get(sha256)) is not None:
            return found
        start = self.storage.read(name, HEADER_BYTES)
        if len(start) >= 8 and 12 + int.from_bytes(start[:4], "little") > len(start):
            start = self.storage.read(name)
        try:
            facts = FileFacts.of_start(start, sha256=sha256, size=download.bytes or 0)
        except CorruptReplay as error:
            raise StageError(f"{name} is being changed ({error}); run fetch again") from error
        self._keep(facts)
        return facts
