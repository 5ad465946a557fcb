"""Records of the store: what an entry is, and how it is proved to be what was written."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impulse.files.disk import flush_to_disk, make_read_only

RECORD = "record"
"""Name of the record in an entry's folder, and ending of one that stands alone. Line 1 is the SHA-256 of the rest, JSON."""


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

    key: str
    folder: Path
    """Where its files are; it exists only if there are any."""
    files: Mapping[str, StoredFile]
    facts: Mapping[str, Any]
    """What its writer returned."""


def write_record(target: Path, files: Mapping[str, StoredFile], facts: Mapping[str, Any]) -> None:
    """Write a record; one that a power cut damages counts as missing, so the disk need not be waited for."""
    content = {"files": {name: asdict(file) for name, file in files.items()}, "facts": facts}
    body = json.dumps(content, ensure_ascii=False).encode()
    target.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def proved(key: str, home: Path, record: Path) -> Entry:
    """Return the entry of a record.

    Raises:
        FileNotFoundError: there is no record.
        ValueError, KeyError, TypeError: the record or a file is not what was written.
    """
    digest, _, body = record.read_bytes().partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("the record was changed")
    content = json.loads(body)
    files = {name: StoredFile(**file) for name, file in content["files"].items()}
    for name, file in files.items():
        if not is_intact(home / name, file):
            raise ValueError(f"{name} was changed")
    return Entry(key, home, files, content["facts"])


def is_intact(path: Path, file: StoredFile) -> bool:
    """Tell whether a file is what its record says: by size and time, and by its hash where only the time differs."""
    try:
        status = path.stat()
        if status.st_size != file.bytes:
            return False
        if status.st_mtime_ns == file.mtime_ns:
            return True
        if sha256_of(path) != file.sha256:
            return False
        os.utime(path, ns=(file.mtime_ns, file.mtime_ns))  # so that it need not be read again
    except FileNotFoundError:
        return False
    return True


def described(path: Path) -> StoredFile:
    """Make a finished file read-only and wait until the disk has it."""
    make_read_only(path)  # its links are outputs of stages, and an edit of one would be an edit of all
    flush_to_disk(path)
    status = path.stat()
    return StoredFile(status.st_size, sha256_of(path), status.st_mtime_ns)


def sha256_of(path: Path) -> str:
    """Return the hash of a file, in hexadecimal digits."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
