"""What every source does: it says what there is to do, and yields its files one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from impulse.collection.kept import KeptReplays
from impulse.collection.raw_storage import RawStorage
from impulse.errors import ImpulseError, ReplayError
from impulse.replay.container import check_integrity, read_header
from impulse.replay.facts import content_id, file_facts
from impulse.replay.reasons import Reason
from impulse.tables.fitting import check_fits
from impulse.tables.manifest import MANIFEST_COLUMNS
from impulse.tables.paths import replay_path
from impulse.tables.rejects import Reject


def _facts(start: bytes, *, size: int) -> dict[str, Any]:
    facts = file_facts(read_header(start), size=size)
    check_fits([facts], MANIFEST_COLUMNS)
    return facts


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the bytes of a file are, whatever it is called."""

    sha256: str
    size: int
    header: Mapping[str, Any] | None = None
    """The header's columns of the manifest; None for bytes that are no good replay."""
    reason: str | None = None
    """Why they are none."""
    detail: str = ""

    @classmethod
    def of(cls, content: bytes) -> FileFacts:
        """Verify lengths and CRCs of a file and read its header."""
        digest = hashlib.sha256(content).hexdigest()
        try:
            check_integrity(content)
            return cls(digest, len(content), _facts(content, size=len(content)))
        except ReplayError as error:
            return cls(digest, len(content), reason=error.reason, detail=error.detail)

    @classmethod
    def of_start(cls, start: bytes, *, sha256: str, size: int) -> FileFacts:
        """Read the header of a file that was verified before.

        Args:
            start: its first bytes, up to the body's size at least.
            sha256: hash of the whole file.
            size: bytes of the whole file.

        Raises:
            CorruptReplay: there is no header.
        """
        return cls(sha256, size, _facts(start, size=size))

    def needs_no_copy(self, storage: KeptReplays) -> bool:
        """Tell whether a storage has the file under its usual name; one that is no good replay is not kept."""
        return self.header is None or storage.holds(replay_path(self.replay_id), sha256=self.sha256, size=self.size)

    @property
    def replay_id(self) -> str:
        """Id of a replay that no source gave one."""
        return content_id(self.sha256)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file that a source offers."""

    source_path: str
    """Path inside the source; the same on every machine."""
    content: bytes | None
    """Its bytes; None when nothing has to be stored any more."""
    facts: FileFacts | None = None
    """What the bytes are, where the source knows."""
    path: str | None = None
    """Path for the manifest when the file is where it belongs; None takes the usual one."""
    replay_id: str | None = None
    """Id of the replay; None takes one that follows from the bytes."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of the manifest, which this source knows."""
    players: Sequence[Mapping[str, Any]] = ()
    """Players that the source lists for the replay."""
    is_new: bool = False
    """The source itself stored the file in this run."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a source could not give in this run although it may exist: all else is kept, then the stage fails."""

    error: ImpulseError


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a source says of its own completeness: rows of the table of listings."""

    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """What a run of fetch would do, and which files there would then be."""

    text: str
    """One line for a person."""
    sizes: Mapping[str, int | None]
    """Bytes of each file that may become a replay, by its path in the source; None where the source does not tell them."""
    typical_bytes: int
    """Size of a usual file of the source, for those whose own is not known."""


ORDINARY_BYTES = 1_500_000
"""Size of a usual match of five minutes with four to six players."""

Item = Candidate | Reject | Shortfall | Certificate
"""What a source yields."""


class Source(Protocol):
    """Where replays come from. ``impulse.collection.sources`` opens the one that the settings name."""

    def plan(self, storage: RawStorage) -> SourcePlan:
        """Return what a run would do; no file is written or removed.

        Raises:
            SourceError: the source does not exist, or nothing in it is a replay.
        """

    def files(self, storage: RawStorage) -> Iterator[Item]:
        """Yield the files in a fixed order, and show how many have come.

        Args:
            storage: where files go; one that it lacks, or has with other bytes, is given again. Its lists are those of
                the run before.

        Raises:
            SourceError: as for :meth:`plan`.
        """


def left_out(source_path: str, reason: Reason, detail: str) -> Reject:
    """Return the reject of something that has no bytes to judge."""
    return Reject("", source_path, "fetch", reason, detail)


def too_large(source_path: str, size: int, limit: int) -> Reject:
    """Return the reject of a file that is too large to be read.

    Args:
        source_path: path inside the source.
        size: bytes that it has, or at least has.
        limit: bytes that a replay may have.
    """
    detail = f"{size} bytes, at most {limit} are read (fetch.max_replay_mb)"
    return left_out(source_path, Reason.TOO_LARGE, detail)
