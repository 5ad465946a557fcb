"""Facts of files that earlier runs read: safe to delete, and of no use once the code has changed."""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from impulse.collection.source import FileFacts
from impulse.files.digest import code_digest
from impulse.files.output import output_file
from impulse.tables.manifest import MANIFEST_COLUMNS

CODE = ("replay", "errors.py", "collection/source.py")
"""What finds the facts of a file."""

KNOWN_FILES = "known_files"
"""Name of the file in the folder of local state."""

SPARE_BYTES = 2**28
"""Facts that a run did not ask for stay up to this size, those of 400,000 replays: another source may be asked next time."""

TIMES = tuple(column.name for column in MANIFEST_COLUMNS if column.dtype == "timestamp")
"""Facts that are kept as text."""


class KnownFacts:
    """What was found in files: by their SHA-256, or for objects of a bucket by address, ETag and size. Any thread may ask.

    They stand in one file, a line each, as a hundred thousand files of their own would take minutes to look at. A line is added
    as soon as something is found and has a checksum, so that a run may be killed at any time, and a damaged line is none.
    """

    def __init__(self, file: Path) -> None:
        """Read what earlier runs have found.

        Args:
            file: local state outside every DVC output.
        """
        self._file = file
        self._code = code_digest(*CODE)
        self._lines = _read(file)
        self._used: set[bytes] = set()
        self._lock = threading.Lock()

    def get(self, *identity: str | int) -> FileFacts | None:
        """Return the facts of a file, None for one that was not read or has changed since."""
        line = self._lines.get(self._key(*identity))
        if line is None:
            return None
        facts = FileFacts(**json.loads(line))
        if facts.header is None:
            return facts
        times = {name: datetime.fromisoformat(text) for name in TIMES if (text := facts.header.get(name))}
        return replace(facts, header={**facts.header, **times})

    def keep(self, facts: FileFacts, *identity: str | int) -> None:
        """Keep the facts of a file."""
        key, line = self._key(*identity), json.dumps(asdict(facts), default=datetime.isoformat).encode()
        with self._lock:
            if self._lines.get(key) != line:
                self._lines[key] = line
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._file.open("ab") as file:
                    file.write(b"\n" + _checked(key, line))  # first the end of a line that a killed run left unfinished

    def sweep(self) -> None:
        """Remove what this run has not asked for, the oldest first, where that is much."""
        with self._lock:
            if self._surplus() <= 0:
                return
            self._lines |= _read(self._file)  # what another run has found meanwhile
            surplus = self._surplus()
            for key in [key for key in self._lines if key not in self._used]:
                if surplus > 0:
                    surplus -= len(self._lines.pop(key))
            with output_file(self._file, sync=False) as partial:
                partial.write_bytes(b"\n".join(_checked(*item) for item in self._lines.items()))

    def _surplus(self) -> int:
        return sum(len(line) for key, line in self._lines.items() if key not in self._used) - SPARE_BYTES

    def _key(self, *identity: str | int) -> bytes:
        key = hashlib.sha256(json.dumps([self._code, *identity]).encode()).hexdigest()[:32].encode()
        self._used.add(key)
        return key


def _checked(key: bytes, line: bytes) -> bytes:
    return b"%08x %s %s" % (zlib.crc32(key + line), key, line)


def _read(file: Path) -> dict[bytes, bytes]:
    """Return the lines of a file by their keys; of two with one key the later one counts."""
    try:
        with file.open("rb") as content:
            return dict(_intact(content))
    except OSError:
        return {}


def _intact(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for whole in lines:
        checksum, _, rest = whole.rstrip(b"\n").partition(b" ")
        key, _, line = rest.partition(b" ")
        if checksum == b"%08x" % zlib.crc32(key + line) and line:
            yield key, line
