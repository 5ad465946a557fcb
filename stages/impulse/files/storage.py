"""Where named contents are kept: four functions, and the storage that is a folder. ``impulse.s3.bucket`` is the other one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from impulse.files.output import output_file


class Storage(Protocol):
    """Named contents. A content is there whole or not at all, whatever interrupts the writing of it."""

    def size(self, name: str) -> int | None:
        """Return how many bytes a content has, None when it is not there."""

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return a content that is there, or its first bytes."""

    def write(self, name: str, content: bytes) -> bool:
        """Write a content in the place of the one that is there; False when that is the very same."""

    def remove(self, name: str) -> None:
        """Remove a content; one that is not there is fine."""


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder of this machine."""

    path: Path

    def size(self, name: str) -> int | None:
        """Return the size of a file, None when there is no such file."""
        target = self.path / name
        return target.stat().st_size if target.is_file() else None

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return the bytes of a file, or its first ones."""
        with (self.path / name).open("rb") as file:
            return file.read(-1 if limit is None else limit)

    def write(self, name: str, content: bytes) -> bool:
        """Write a file under a temporary name and move it to its own."""
        if self.size(name) == len(content) and self.read(name) == content:
            return False
        with output_file(self.path / name) as partial:
            partial.write_bytes(content)
        return True

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)

    def remove_leftovers(self, *, in_subfolders: bool = True) -> None:
        """Remove files that a killed run left under temporary names; only while no other run writes."""
        for leftover in self.path.glob("**/.*.partial" if in_subfolders else ".*.partial"):
            if leftover.is_file():
                leftover.unlink(missing_ok=True)
