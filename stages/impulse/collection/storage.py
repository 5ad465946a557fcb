"""Where replay files and their lists are kept: what every storage can do, and the one that is a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from impulse.files.output import output_file


class ReplayStorage(Protocol):
    """Named contents. A content is there whole or not at all, whatever interrupts the writing of it."""

    @property
    def storage_url(self) -> str | None:
        """Return bucket and prefix of replays that are elsewhere than their lists."""

    def prepare(self) -> None:
        """Make ready for a run that is the only writer now, and remove what a killed one left half done."""

    def size_of(self, name: str) -> int | None:
        """Return how many bytes a content has, None when it is not there."""

    def holds(self, name: str, content: bytes) -> bool:
        """Tell whether this very content is there, as far as that can be told without reading it."""

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return a content that is there, or its first bytes."""

    def write(self, name: str, content: bytes) -> None:
        """Write a content, in the place of one that is there."""

    def remove(self, name: str) -> None:
        """Remove a content; one that is not there is fine."""

    def address(self, name: str) -> str:
        """Return where a content is, for people and other programs."""


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder of this machine."""

    path: Path
    storage_url: str | None = None
    """Bucket and prefix when the replays stay where the source has them and the folder holds lists alone."""

    def prepare(self) -> None:
        """Remove what a killed run left under temporary names."""
        for leftover in self.path.glob("**/.*.partial"):
            leftover.unlink(missing_ok=True)

    def size_of(self, name: str) -> int | None:
        """Return the size of a file, None when there is no such file."""
        target = self.path / name
        return target.stat().st_size if target.is_file() else None

    def holds(self, name: str, content: bytes) -> bool:
        """Tell whether there is a file of this size."""
        return self.size_of(name) == len(content)

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return the bytes of a file, or its first ones."""
        with (self.path / name).open("rb") as file:
            return file.read(-1 if limit is None else limit)

    def write(self, name: str, content: bytes) -> None:
        """Write a file under a temporary name and move it to its own."""
        with output_file(self.path / name) as partial:
            partial.write_bytes(content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)

    def address(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.path / name)
