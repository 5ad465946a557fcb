"""What not every system's disk can do, each with a plain fallback, so that everything works where it cannot."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

REMOVES_READ_ONLY = os.name != "nt"
"""Whether a read-only file can be replaced and removed."""

CANNOT_FLUSH = (errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOTSUP)
"""What systems answer that keep no folders on request (Windows, some network disks); anything else is a failing disk."""


def from_home(path: str | os.PathLike[str]) -> Path:
    """Return a path with the home folder in the place of ``~``; that of a user whom this system does not know stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def flush_to_disk(path: Path) -> None:
    """Ask the disk to keep a file or folder that was written, so that a power cut leaves nothing empty under a final name.

    Where that cannot be asked, a power cut within the next seconds may do so; the hashes of what is kept then show it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_FLUSH:
            raise


def open_without_waiting(path: Path) -> int:
    """Open a file for reading and return its descriptor; a pipe without a writer is not waited for.

    Where that cannot be asked (Windows), no pipe has a name in a folder.

    Raises:
        OSError: it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, flags)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name.

    Where the disk has no hard links, or the two are on different disks, it is a copy, which takes the space twice.

    Raises:
        FileNotFoundError: there is no such file.
        FileExistsError: the name is taken.
    """
    try:
        os.link(source, target)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        shutil.copyfile(source, target)


def link_folder(source: Path, target: Path) -> None:
    """Give a folder a second name, for reading.

    Where that is not allowed (Windows asks for a privilege), its files get second names, so files that are added later are
    not seen.
    """
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError:
        target.mkdir()
        for path in sorted(source.rglob("*")):  # a folder comes before what is in it
            name = target / path.relative_to(source)
            if path.is_dir():
                name.mkdir()
            else:
                link_or_copy(path, name)


def make_read_only(path: Path) -> None:
    """Protect a file from edits.

    Where a read-only file could not be removed any more, or the disk knows no modes, it stays writable, so an edit through
    one of its names is not refused.
    """
    if REMOVES_READ_ONLY:
        with suppress(PermissionError):
            path.chmod(0o444)
