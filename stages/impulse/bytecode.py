"""Compiled modules of impulse, whole or not at all: a full disk cuts them short, and every later start ends with ``EOFError``.

This module itself, and the one that imports it, fit into one block of a disk.
"""

from __future__ import annotations

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path

PACKAGE = Path(__file__).parent


def keep_whole() -> None:
    """See to it for every module that is imported from now on."""
    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.pop(str(PACKAGE), None)  # this module was found by another finder


class WholeBytecode(SourceFileLoader):
    """Imports a module, and keeps it compiled where the disk took all of that."""

    def set_data(self, path: str, data: bytes, **mode: int) -> None:  # type: ignore[override]
        """Keep a compiled module."""
        super().set_data(path, data, **mode)
        if (file := Path(path)).is_file() and file.stat().st_size != len(data):
            file.unlink(missing_ok=True)


def finder(folder: str) -> FileFinder:
    """Return what finds the modules of a folder of this package.

    Raises:
        ImportError: it is of another package.
    """
    if PACKAGE not in (Path(folder), *Path(folder).parents):
        raise ImportError
    return FileFinder(folder, (WholeBytecode, SOURCE_SUFFIXES))
