"""A checkpoint as one file: a ZIP archive with the ledger, the list of raw files and, in the end, the results.

The SHA-256 of the archive stands before it, because the checksums inside cover the contents of members and not their
names. Programs that read ZIP archives pass over it.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from impulse.errors import StageError

LAYOUT = 1
"""Version of the archive's content."""

_ABOUT, _FILES, _LEDGER, _RESULTS = "about.json", "files.json", "ledger.sqlite", "results/"
_FACTS = ("made_at", "revision", "is_complete", "built_revision")
_DIGEST_BYTES = 32
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that the same content gives the same bytes."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of data/raw that the remote holds."""

    path: str
    """Relative to data/raw, with slashes."""
    bytes: int
    mtime_ns: int
    """When it was written last; with the size it tells whether it must be hashed again."""
    md5: str
    """Names the file in the remote, as DVC does."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is needed to go on elsewhere."""

    made_at: str
    """UTC, ISO 8601."""
    revision: str
    """Commit of the checkout that made it."""
    files: tuple[RawFile, ...]
    ledger: bytes | None
    """A whole SQLite file; None for sources without a ledger."""
    is_complete: bool = False
    """The dataset of just these files is built and pushed."""
    results: Mapping[str, bytes] = field(default_factory=dict)
    """Files that git keeps of the last finished build (dvc.lock, params.yaml, run times), by path; none before."""
    built_revision: str | None = None
    """Commit of the checkout that made the results."""

    def to_bytes(self) -> bytes:
        """Return the archive."""
        about = {"layout": LAYOUT, **{name: getattr(self, name) for name in _FACTS}}
        members = {_ABOUT: _json(about), _FILES: _json([asdict(file) for file in self.files])}
        if self.ledger is not None:
            members[_LEDGER] = self.ledger
        members |= {f"{_RESULTS}{path}": content for path, content in sorted(self.results.items())}
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
        archived = sink.getvalue()
        return hashlib.sha256(archived).digest() + archived

    @classmethod
    def from_bytes(cls, content: bytes, *, name: str) -> Checkpoint:
        """Read an archive.

        Args:
            content: its bytes.
            name: how messages call it.

        Raises:
            StageError: it is damaged, or of another layout.
        """
        digest, archived = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(archived).digest() != digest:
            raise StageError(f"{name}: is damaged or no checkpoint (its SHA-256 is wrong)")
        try:
            with zipfile.ZipFile(io.BytesIO(archived)) as archive:
                members = {member: archive.read(member) for member in archive.namelist()}
            about = json.loads(members[_ABOUT])
            if about["layout"] != LAYOUT:
                raise StageError(f"{name}: has layout {about['layout']}, this version reads {LAYOUT}")
            files = tuple(RawFile(**entry) for entry in json.loads(members[_FILES]))
            results = {m.removeprefix(_RESULTS): members[m] for m in members if m.startswith(_RESULTS)}
            for path in (*(file.path for file in files), *results):
                _check_inside(path, name=name)
            facts = {name: about[name] for name in _FACTS}
            return cls(files=files, ledger=members.get(_LEDGER), results=results, **facts)
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise StageError(f"{name}: is no checkpoint ({type(error).__name__}: {error})") from error


def ledger_snapshot(path: Path) -> bytes | None:
    """Return the ledger as one consistent SQLite file while others may write it; None when there is none.

    Raises:
        StageError: it cannot be read.
    """
    if not path.is_file():
        return None
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".snapshot-") as folder:
        target = Path(folder) / path.name
        try:
            with (
                closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.backup(copy)
                # Otherwise the copy asks for a write-ahead log, and who looks at it leaves one behind.
                copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            raise StageError(f"the ledger {path} cannot be read ({error})") from error
        return target.read_bytes()


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _check_inside(path: str, *, name: str) -> None:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts:
        raise StageError(f"{name}: names a file outside its folder ({path!r})")
