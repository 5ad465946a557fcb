"""Makes every Python that has this folder on its path one of a system without what only Linux or POSIX has.

A disk without hard links, symbolic links, modes and flushing of folders, as they are plugged into Windows machines.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import NoReturn

for module in ("resource", "pwd", "grp"):
    sys.modules[module] = None  # type: ignore[assignment]

for name in ("memfd_create", "killpg", "setsid", "getpgid", "setpgid", "sched_getaffinity", "posix_fadvise"):
    delattr(os, name)

_open = os.open


def _refuse(*_: object, **__: object) -> NoReturn:
    raise PermissionError(errno.EPERM, "this system cannot do that")


def _open_files(path: str, *arguments: int, **more: int) -> int:
    if Path(path).is_dir():
        raise PermissionError(errno.EACCES, "folders cannot be opened", str(path))
    return _open(path, *arguments, **more)


def _flush(descriptor: int) -> NoReturn:
    raise OSError(errno.EBADF, "only what is open for writing can be flushed")


for name, replacement in {
    "link": _refuse,
    "symlink": _refuse,
    "chmod": _refuse,
    "open": _open_files,
    "fsync": _flush,
}.items():
    setattr(os, name, replacement)
