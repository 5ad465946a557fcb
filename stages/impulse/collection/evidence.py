"""Whether a replay cannot be had, or the service does not work: what other calls say."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from impulse.collection.client import BallchasingClient
from impulse.collection.ledger import Download, Outcome
from impulse.collection.patience import REFUSALS, TROUBLE
from impulse.collection.source import FileFacts
from impulse.errors import FetchError, RateLimited, TooLong, UnexpectedResponse

FEW = 5
"""Fewer failures than these are taken for the replays' own when the server answers a ping and nothing else is known."""
MAX_KNOWN = 2
"""Files that the server gave before, and that are asked for to see whether it gives any."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A replay that could not be had just now."""

    before: Download
    lost: Download
    """What it is when that was its own fault."""
    error: FetchError | None
    """The trouble; None for an answer about this replay: gone, forbidden, wrong bytes, too large."""
    ended: int
    """Number of the moment at which that was known."""

    @property
    def id(self) -> str:
        """Id of the replay on the server."""
        return self.before.replay.id

    def is_like(self, other: Suspect | None) -> bool:
        """Tell whether an earlier round gave the same answer about the replay."""
        return other is not None and self.error is None and self.lost.reason == other.lost.reason


@dataclass(frozen=True, slots=True)
class Had:
    """A replay that was settled at once: its bytes came, there are too many of them, or they cannot be stored."""

    download: Download
    began: int
    """Number of the moment at which it was asked for."""


class Evidence:
    """Tells trouble of the service from replays that cannot be had."""

    def __init__(self, client: BallchasingClient, downloads: Mapping[str, Download]) -> None:
        self._client = client
        self._downloads = downloads
        self._last_began = 0
        """When the last file that came was asked for."""
        self._turn = 0
        self._doubtful: set[str] = set()
        """Known files that did not come when they were asked for again; they may be gone, and are asked for last."""

    def note(self, result: Suspect | Had) -> None:
        """Remember that a file came."""
        if isinstance(result, Had) and result.download.outcome is Outcome.DOWNLOADED:
            self._last_began = max(self._last_began, result.began)

    def trouble(
        self, suspects: Iterable[Suspect], todo: Collection[Download] | None = None, *, again: bool = False
    ) -> FetchError | None:
        """Return what is wrong with the service, None when it gives other files.

        Args:
            suspects: replays that could not be had.
            todo: replays that nobody has asked for yet; one after the other is asked for where no file ever came.
            again: earlier answers say nothing, for the service did not work in the meantime.
        """
        suspects = list(suspects)
        if not again and all(suspect.ended < self._last_began for suspect in suspects):
            return None
        refused = [suspect.error for suspect in suspects if isinstance(suspect.error, RateLimited)]
        if refused and not again:
            return refused[-1]
        try:
            self._client.ping()
        except (*TROUBLE, *REFUSALS) as error:
            return error
        self._turn += 1
        if known := self._known():
            trouble = self._first_trouble(known[:1] if again else known[:MAX_KNOWN])
            if not isinstance(trouble, REFUSALS) or any(self._is_known(found) for found in known[:MAX_KNOWN]):
                return trouble
        if not again and (len(suspects) < FEW or self._are_unknown(suspects)):
            return None
        others = list(todo or ()) or [suspect.before for suspect in suspects]
        return self._first_trouble([others[self._turn % len(others)]])

    def _known(self) -> list[Download]:
        """Return replays whose files came from the server before, the best to ask for first.

        The smallest, but each that does not come gives its place to the next until all have had their turn.
        """
        had = [found for found in self._downloads.values() if found.outcome is Outcome.DOWNLOADED]
        if self._doubtful.issuperset(found.replay.id for found in had):
            self._doubtful.clear()
        return sorted(had, key=lambda found: (found.replay.id in self._doubtful, found.bytes or 0, found.replay.id))

    def _first_trouble(self, downloads: Iterable[Download]) -> FetchError | None:
        """Return None once one of some files comes, otherwise what was wrong with the last."""
        trouble: FetchError | None = None
        for download in downloads:
            replay_id = download.replay.id
            try:
                content = self._client.get_file(replay_id)
            except TooLong:
                return None
            except (*TROUBLE, *REFUSALS) as error:
                trouble = error
            else:
                if _is_right(download, content):
                    return None
                trouble = UnexpectedResponse(f"the bytes of replay {replay_id} are wrong")
            self._doubtful.add(replay_id)
        return trouble

    def _is_known(self, download: Download) -> bool:
        """Tell whether the server still knows a replay; where it does not answer, it is taken to."""
        try:
            return self._client.is_known(download.replay.id)
        except FetchError:
            return True

    def _are_unknown(self, suspects: Iterable[Suspect]) -> bool:
        """Tell whether the server does not know the replays either when it is asked for something else than their files."""
        try:
            return all(suspect.error is None and not self._client.is_known(suspect.id) for suspect in suspects)
        except FetchError:
            return False


def _is_right(download: Download, content: bytes) -> bool:
    """Tell whether bytes are the file of a replay: those that came before, or those of any replay where none did."""
    if download.outcome is Outcome.DOWNLOADED:
        return hashlib.sha256(content).hexdigest() == download.sha256
    return FileFacts.of(content).header is not None
