"""Which names below a folder a glob means: everything that it matches, whatever it is, and what kept it from looking."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

SUFFIX = ".replay"
"""End of the names of replay files, in any case."""

ANY_FOLDERS = "**"


@dataclass(frozen=True, slots=True)
class Match:
    """One name that a glob means, or a folder that it leads into and that was not searched."""

    path: Path
    error: OSError | None = None
    """Why a folder cannot be searched."""
    is_linked_folder: bool = False
    """The folder is a link, and was not searched."""


def matches(base: Path, pattern: str) -> Iterator[Match]:
    """Yield what a glob means below a folder, in any order; nothing is opened but folders.

    ``**`` means folders, but no links to folders, which may lead anywhere, also in circles. Upper and lower case are
    the same, so that a pattern means the same files on every system. A folder is only meant where it is named like a replay.

    Args:
        base: the folder.
        pattern: glob of ``/``-separated parts.

    Raises:
        OSError: the folder itself cannot be read.
    """
    parts = [part.lower() for part in PurePosixPath(pattern).parts]
    folders = [(base, frozenset({0}))]
    while folders:
        folder, wanted = folders.pop()
        wanted = _reached(parts, wanted)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == base:
                raise
            yield Match(folder, error)
            continue
        for entry in found:
            path, name, is_folder = folder / entry.name, entry.name.lower(), _is_folder(entry)
            named = {at + 1 for at in wanted if at < len(parts) and _means(parts[at], name)}
            inside = {at for at in wanted if is_folder and at < len(parts) and parts[at] == ANY_FOLDERS}
            if inside and entry.is_symlink():
                yield Match(path, is_linked_folder=True)
                inside = set()
            elif len(parts) in named and (not is_folder or name.endswith(SUFFIX)):
                yield Match(path)
            further = inside | (named - {len(parts)})
            if is_folder and further:
                folders.append((path, frozenset(further)))


def readable_name(path: str) -> str:
    r"""Return a path of this system as text that any file and terminal can hold, other paths as other texts.

    A name may be any bytes; those that are no UTF-8 are written ``\xff``, and a backslash of the name is doubled.
    """
    return os.fsencode(path.replace("\\", "\\\\")).decode("utf-8", errors="backslashreplace")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether a name is that of a folder or of a link to one; a link that leads nowhere is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _means(part: str, name: str) -> bool:
    return part != ANY_FOLDERS and fnmatchcase(name, part)


def _reached(parts: list[str], wanted: frozenset[int]) -> frozenset[int]:
    """Return the parts of a glob that the next name may be, given that ``**`` also means no folder at all."""
    reached = set(wanted)
    for at in range(len(parts)):
        if at in reached and parts[at] == ANY_FOLDERS:
            reached.add(at + 1)
    return frozenset(reached)
