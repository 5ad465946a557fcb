"""Where named contents are kept: five functions, and the storage that is a folder. ``impulse.s3.bucket`` is the other one."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from impulse.errors import NameTaken
from impulse.files.disk import make_read_only, open_without_waiting
from impulse.files.output import output_file
from impulse.files.seen import Stamp


class Storage(Protocol):
    """Named contents. A content is there whole or not at all, whatever interrupts the writing of it."""

    def size(self, name: str) -> int | None:
        """Return how many bytes a content has, None when it is not there."""

    def stamp(self, name: str) -> Stamp | None:
        """Return what an edit of a content changes and is known without reading it; None when it is not there."""

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
    is_protected: bool = False
    """Its files are read-only once they are written, for they have other names elsewhere."""

    def size(self, name: str) -> int | None:
        """Return the size of a file, None when there is no such file."""
        target = self.path / name
        return target.stat().st_size if target.is_file() else None

    def stamp(self, name: str) -> Stamp | None:
        """Return size in bytes, time of the last change in ns and inode of a file; None when there is no such file."""
        target = self.path / name
        return stamp_of(target.stat()) if target.is_file() else None

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return the bytes of a file, or its first ones."""
        with (self.path / name).open("rb") as file:
            return file.read(-1 if limit is None else limit)

    def write(self, name: str, content: bytes) -> bool:
        """Write a file under a temporary name and move it to its own.

        Raises:
            NameTaken: a folder has the file's name, or a file that of its folder.
        """
        target = self.path / name
        if self._holds(target, content):
            return False
        try:
            with output_file(target) as partial:
                partial.write_bytes(content)
                if self.is_protected:
                    make_read_only(partial)
        except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
            taken = error.filename2 or error.filename
            raise NameTaken(f"{taken} is in the way of {name}; move it elsewhere and run again") from error
        return True

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)

    def remove_leftovers(self, *, in_subfolders: bool = True) -> None:
        """Remove files that a killed run left under temporary names; only while no other run writes."""
        for leftover in self.path.glob("**/.*.partial" if in_subfolders else ".*.partial"):
            if leftover.is_file():
                leftover.unlink(missing_ok=True)

    @staticmethod
    def _holds(target: Path, content: bytes) -> bool:
        """Tell whether a file has this content; one that cannot be read has another."""
        if not target.is_file() or target.stat().st_size != len(content):
            return False
        try:
            return target.read_bytes() == content
        except OSError:
            return False


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what tells a file of this machine from an edited one: size in bytes, time of the last change in ns, inode."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def read_regular(path: Path, limit: int) -> tuple[bytes, Stamp | None]:
    """Return the bytes of a regular file, so many at most, and its stamp; None for one that is being written.

    Whatever else has taken the name meanwhile is not waited for: opening a pipe would wait for its writer.

    Raises:
        OSError: it cannot be opened or read, or is no regular file.
    """
    with os.fdopen(open_without_waiting(path), "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise OSError(errno.EINVAL, "is no regular file any more")
        content = file.read(min(limit, before.st_size + 1))
        stamp = stamp_of(before)
        is_still = stamp == stamp_of(os.fstat(file.fileno())) and len(content) == min(limit, before.st_size)
    return content, stamp if is_still else None
