"""Finished parts of datasets, kept by what determines their bytes, so that only what changed is written again.

An entry is a folder with one or more files and a record of their sizes and hashes; it gets its name when it is complete.
The store is local state outside every DVC output; deleting it costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impulse.errors import StageError
from impulse.files.output import flush_to_disk

RECORD = "record.json"

LEAST_BYTES = 2**30
"""What the store may hold of earlier runs in any case."""
SPARE_DATASETS = 3
"""How many times the bytes of the last run it may hold of earlier ones."""
ABANDONED_SECONDS = 24 * 3600.0
"""Age at which an entry without a name is what a killed run left behind, and not what another one is writing."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of an entry."""

    bytes: int
    sha256: str
    mtime_ns: int
    """When it was written; a file that somebody edited through a link of it has another time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A complete entry."""

    folder: Path
    files: Mapping[str, StoredFile]
    facts: Mapping[str, Any]
    """What its writer told about it."""

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files.values())


@dataclass(frozen=True, slots=True)
class ExportStore:
    """A folder of entries."""

    folder: Path

    def find(self, key: str) -> Entry | None:
        """Return an entry whose files are what was written, None when there is no such entry."""
        folder = self._folder(key)
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            files = {name: StoredFile(**file) for name, file in record["files"].items()}
            if not all(_is_intact(folder / name, file) for name, file in files.items()):
                shutil.rmtree(folder, ignore_errors=True)
                return None
            os.utime(folder / RECORD)  # the time of its last use
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return None
        return Entry(folder, files, record["facts"])

    def write(self, key: str, write: Callable[[Path], Mapping[str, Any]]) -> None:
        """Let ``write`` put files into a new folder, and keep them with the facts that it returns."""
        home = self._folder(key)
        home.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{key}.", suffix=".partial", dir=home.parent))
        try:
            facts = write(partial)
            files = {path.name: asdict(_described(path)) for path in sorted(partial.iterdir())}
            (partial / RECORD).write_text(json.dumps({"files": files, "facts": facts}), encoding="utf-8")
            if self.find(key) is None:  # else another run was faster, with the same bytes
                shutil.rmtree(home, ignore_errors=True)  # one that lost its record
                partial.rename(home)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def place(self, entry: Entry, name: str, target: Path) -> None:
        """Put a file of an entry under another name, without copying where the file system allows it.

        Raises:
            StageError: the entry is gone.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            try:
                os.link(entry.folder / name, target)
            except FileNotFoundError:
                raise
            except OSError:
                shutil.copyfile(entry.folder / name, target)
        except FileNotFoundError as error:
            raise StageError(f"{entry.folder} was removed while it was in use; run export again") from error

    def drop_unused(self, used: Collection[str], *, now: float | None = None) -> int:
        """Remove entries of earlier runs beyond the limit, those first that were not used for longest.

        Args:
            used: keys of the run that just ended; they stay.
            now: time in seconds, the current one by default.

        Returns:
            Number of removed entries.
        """
        now = time.time() if now is None else now
        used_bytes, others = 0, []
        for folder in self.folder.glob("*/*"):
            if folder.name.startswith("."):
                if now - folder.stat().st_mtime > ABANDONED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            size = sum(path.stat().st_size for path in folder.iterdir())
            if folder.name in used:
                used_bytes += size
            else:
                record = folder / RECORD
                others.append((record.stat().st_mtime if record.exists() else 0.0, size, folder))
        left, removed = max(LEAST_BYTES, SPARE_DATASETS * used_bytes), 0
        for _, size, folder in sorted(others, reverse=True):
            left -= size
            if left < 0:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def _folder(self, key: str) -> Path:
        return self.folder / key[:2] / key


def _described(path: Path) -> StoredFile:
    """Make a finished file read-only and wait until the disk has it."""
    path.chmod(0o444)  # its links are files of datasets, and an edit of one would be an edit of all
    flush_to_disk(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = path.stat()
    return StoredFile(status.st_size, digest, status.st_mtime_ns)


def _is_intact(path: Path, file: StoredFile) -> bool:
    """Tell whether a file is what was written: by size and time, and by its hash where the time is another."""
    status = path.stat()
    if status.st_size != file.bytes:
        return False
    if status.st_mtime_ns == file.mtime_ns:
        return True
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
