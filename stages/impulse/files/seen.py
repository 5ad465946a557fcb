"""Hashes of contents that were read before, so that what did not change since is not read again."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from impulse.files.output import output_file, write_text

SAVE_EVERY = 1000
"""Contents after which what was seen is written, so that a killed run of days is not for nothing."""

Stamp = tuple[int | str, ...]
"""What a storage knows of a content without reading it, its size in bytes first; an edit changes it."""


class SeenContents:
    """The SHA-256 of contents by name, each true while its stamp stays the same. Any thread may ask.

    It is local state outside every DVC output; deleting it costs a reading of every content and nothing else.
    """

    def __init__(self, file: Path | None = None) -> None:
        """Read what earlier runs have seen; a file that is damaged counts as missing.

        Args:
            file: where it is kept; None keeps nothing beyond this run.
        """
        self._file = file
        self._lock = threading.Lock()
        self._entries = _read(file)
        self._news = 0

    def get(self, name: str, stamp: Stamp) -> str | None:
        """Return the SHA-256 of a content, None for one that was not read or has another stamp now."""
        entry = self._entries.get(name)
        return entry[0] if entry is not None and entry[1] == stamp else None

    def keep(self, name: str, stamp: Stamp, sha256: str) -> None:
        """Note the SHA-256 of a content that had this stamp when it was read or written."""
        with self._lock:
            if self._entries.get(name) != (sha256, stamp):
                self._entries[name] = (sha256, stamp)
                self._news += 1
                if self._news >= SAVE_EVERY:
                    self._save()

    def save(self) -> None:
        """Write what was seen, if anything is new; of two runs that end at the same time the later one is believed."""
        with self._lock:
            self._save()

    def _save(self) -> None:
        if self._file is not None and self._news:
            plain = {name: [sha256, *stamp] for name, (sha256, stamp) in sorted(self._entries.items())}
            with output_file(self._file, sync=False) as partial:
                write_text(partial, json.dumps(plain, indent=0))
        self._news = 0


def _read(file: Path | None) -> dict[str, tuple[str, Stamp]]:
    try:
        plain = json.loads(file.read_bytes()) if file is not None else {}
        return {name: (str(entry[0]), tuple(entry[1:])) for name, entry in plain.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError, IndexError):
        return {}
