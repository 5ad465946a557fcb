"""Taking replays in: every file is verified before it gets its final name, and the manifest lists exactly what is good."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from impulse.collection.storage import ReplayStorage
from impulse.collection.threads import map_in_order
from impulse.config.fetch import SourceKind
from impulse.errors import ReplayError
from impulse.replay.container import (
    ReplayHeader,
    check_integrity,
    read_header,
)
from impulse.replay.facts import content_id, header_facts
from impulse.replay.reasons import Reason
from impulse.tables import rejects
from impulse.tables.io import table_of
from impulse.tables.manifest import LISTED_PLAYER_COLUMNS, MANIFEST_COLUMNS
from impulse.tables.paths import (
    LISTED_PLAYERS,
    MANIFEST,
    REJECTS,
    STORAGE_URL,
    replay_path,
)
from impulse.tables.rejects import Reject


@dataclass(frozen=True, slots=True)
class Judged:
    """What the bytes of a file are, whatever it is called."""

    sha256: str
    bytes: int
    facts: Mapping[str, Any] | None = None
    """The header's columns of the manifest; None for bytes that are no good replay."""
    reason: str | None = None
    """Why they are none."""
    detail: str = ""

    @property
    def replay_id(self) -> str:
        """Id of a replay that no source gave one."""
        return content_id(self.sha256)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file of a source."""

    source_path: str
    content: bytes | OSError | None
    """Its bytes, or the error that prevented reading them; None when they are in the storage since an earlier run."""
    judged: Judged | None = None
    """What the bytes are, where the source knows."""
    kept_at: str | None = None
    """Path for the manifest when the file stays where it is; None for one that is to be stored."""


@dataclass(frozen=True, slots=True)
class FetchSummary:
    """Counts of a run of the fetch stage."""

    replays_in: int
    replays_out: int
    rejected: dict[str, int]
    bytes_out: int
    written_now: int
    """Files that were not in the folder before."""


def take_in(
    candidates: Iterable[Candidate], *, source: SourceKind, storage: ReplayStorage, threads: int = 1
) -> FetchSummary:
    """Verify files, store the good ones under their ids, and write manifest and rejects.

    Files that earlier runs stored stay where they are; only the manifest tells which ones the dataset is made of.

    Args:
        candidates: files of the source in a fixed order; of two with the same bytes the first one is taken.
        source: kind of the source.
        storage: where files go, each as soon as it came.
        threads: files that are stored at a time.
    """
    storage.prepare()
    rows: dict[str, dict[str, Any]] = {}
    rejected: list[Reject] = []

    def good() -> Iterator[tuple[str, bytes]]:
        for candidate in candidates:
            try:
                row, content = _verify(candidate, source, rows)
            except _Unfit as error:
                reason = Reason(error.reason)
                rejected.append(Reject(error.replay_id, candidate.source_path, "fetch", reason, error.detail))
                continue
            rows[row["replay_id"]] = row
            if candidate.kept_at is None and content is not None:
                yield row["path"], content

    written = sum(map_in_order(lambda item: store(storage, *item), good(), threads=threads))
    write_lists(rows.values(), rejected, storage=storage)
    return FetchSummary(
        replays_in=len(rows) + len(rejected),
        replays_out=len(rows),
        rejected=rejects.count_by_reason(rejected),
        bytes_out=sum(row["bytes"] for row in rows.values()),
        written_now=written,
    )


def verified_header(content: bytes) -> ReplayHeader:
    """Return the header of a file whose lengths and CRCs are right.

    Raises:
        CorruptReplay: they are not, or the header cannot be read.
    """
    check_integrity(content)
    return read_header(content)


def store(storage: ReplayStorage, name: str, content: bytes) -> bool:
    """Write a verified file unless it is there already."""
    if storage.holds(name, content):
        return False
    storage.write(name, content)
    return True


def write_lists(
    rows: Iterable[dict[str, Any]],
    rejected: Iterable[Reject],
    *,
    storage: ReplayStorage,
    players: Iterable[dict[str, Any]] = (),
) -> None:
    """Write manifest, listed players and rejects; their bytes depend on the content alone, not on its order.

    Args:
        rows: one for each good file, by :data:`impulse.tables.manifest.MANIFEST_COLUMNS`.
        rejected: everything else that the source offered.
        storage: where the files are.
        players: one row for each player that the source lists, those of a replay together and in the source's order.
    """
    ordered = sorted(rows, key=lambda row: str(row["replay_id"]))
    manifest = table_of(ordered, MANIFEST_COLUMNS)
    if storage.storage_url is not None:
        place = {STORAGE_URL: storage.storage_url.encode()}
        manifest = manifest.replace_schema_metadata({**manifest.schema.metadata, **place})
    storage.write(MANIFEST, _parquet(manifest))
    listed = sorted(players, key=lambda row: str(row["replay_id"]))
    storage.write(LISTED_PLAYERS, _parquet(table_of(listed, LISTED_PLAYER_COLUMNS)))
    storage.write(REJECTS, _parquet(rejects.to_table(rejected)))


def _parquet(table: pa.Table) -> bytes:
    """Return a table as :func:`impulse.tables.io.write_table` writes it; a bucket takes bytes, not a file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def judge(content: bytes) -> Judged:
    """Verify lengths and CRCs of a file and read its header."""
    digest = hashlib.sha256(content).hexdigest()
    try:
        return Judged(digest, len(content), header_facts(verified_header(content)))
    except ReplayError as error:
        return Judged(digest, len(content), reason=error.reason, detail=error.detail)


def _verify(
    candidate: Candidate, source: SourceKind, taken: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], bytes | None]:
    if isinstance(candidate.content, OSError):
        error = candidate.content
        raise _Unfit("", Reason.UNREADABLE, f"{type(error).__name__}: {error.strerror or error}")
    judged = candidate.judged or judge(candidate.content or b"")
    replay_id = judged.replay_id
    if judged.facts is None:
        raise _Unfit(replay_id, judged.reason or Reason.NOT_A_REPLAY, judged.detail)
    if replay_id in taken:
        raise _Unfit(replay_id, Reason.DUPLICATE_BYTES, f"same bytes as {taken[replay_id]['source_path']}")
    row = {
        "replay_id": replay_id,
        "path": candidate.kept_at or replay_path(replay_id),
        "bytes": judged.bytes,
        "sha256": judged.sha256,
        "source": source.value,
        "source_path": candidate.source_path,
        **judged.facts,
    }
    return row, candidate.content


class _Unfit(ReplayError):
    """A candidate that does not become a row of the manifest."""

    def __init__(self, replay_id: str, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.replay_id = replay_id
