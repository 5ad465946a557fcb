"""The folder that downloads go to: which of its files are good, and the manifest rows that they give."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impulse.collection.intake import verified_header
from impulse.collection.ledger import Fate, Outcome
from impulse.config.params import SourceKind
from impulse.errors import CorruptReplay
from impulse.replay_facts import header_facts
from impulse.replay_file import read_header

HEADER_BYTES = 2**17
"""Enough for nearly every header; the rest of a file is not read again to make a manifest."""


@dataclass(frozen=True, slots=True)
class ReplayFolder:
    """A folder of downloaded replays."""

    path: Path
    place: Callable[[str], str]
    """Gives the file of a replay id, relative to the folder."""

    def file_of(self, fate: Fate) -> Path:
        """Return where the file of a replay stands, or would."""
        return self.path / self.place(fate.replay.replay_id)

    def is_there(self, fate: Fate) -> bool:
        """Tell whether the file that the ledger knows is there, judged by its size."""
        target = self.file_of(fate)
        return fate.sha256 is not None and target.is_file() and target.stat().st_size == fate.bytes

    def adopted(self, fate: Fate) -> Fate | None:
        """Return the fate of a file that is there though the ledger does not know it; remove one that is damaged.

        A run that was killed between storing a file and writing that down leaves such a file.
        """
        target = self.file_of(fate)
        if not target.is_file():
            return None
        content = target.read_bytes()
        try:
            verified_header(content)
        except CorruptReplay:
            target.unlink()
            return None
        found = downloaded(fate, content)
        if fate.sha256 not in (None, found.sha256):
            target.unlink()  # a good replay, but not the one that the server gave
            return None
        return found

    def manifest_row(self, fate: Fate, group_path: str | None) -> dict[str, Any]:
        """Return the row of a good file. Its header is read from the file, so the manifest says what is there."""
        with self.file_of(fate).open("rb") as file:
            start = file.read(HEADER_BYTES)
            if len(start) >= 8 and 8 + int.from_bytes(start[:4], "little") > len(start):
                start += file.read()
        return {
            "replay_id": fate.replay.replay_id,
            "path": self.place(fate.replay.replay_id),
            "bytes": fate.bytes,
            "sha256": fate.sha256,
            "source": SourceKind.ballchasing.value,
            "source_path": source_path(fate),
            **header_facts(read_header(start)),
            **fate.replay.manifest_columns(),
            "group_path": group_path,
        }


def downloaded(fate: Fate, content: bytes) -> Fate:
    """Return the fate of a replay whose verified bytes these are."""
    return replace(
        fate,
        outcome=Outcome.DOWNLOADED,
        reason=None,
        detail=None,
        duplicate_of=None,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
    )


def source_path(fate: Fate) -> str:
    """Return where a replay stands inside the source: its id there, as one printable text."""
    return fate.replay.id
