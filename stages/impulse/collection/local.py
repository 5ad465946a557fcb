"""The source ``local``: replay files that are already on this machine."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from impulse.config.fetch import FetchParams
from impulse.errors import SourceError

FOLDER_VARIABLE = "IMPULSE_REPLAYS"
"""Environment variable that names the folder of replays, so that no machine's path stands in a committed file."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """One file of the source."""

    path: Path
    source_path: str
    """Path inside the source, with ``/``; the same on every machine."""


def list_files(params: FetchParams, *, root: Path) -> list[LocalFile]:
    """Return the replay files of a folder or glob, sorted by their path inside the source.

    Args:
        params: the folder or glob; without one the folder named by IMPULSE_REPLAYS is taken, then ``../shared/replays``.
        root: folder that relative paths start from.

    Raises:
        SourceError: no folder is set, it does not exist, or nothing in it matches.
    """
    where = params.path or os.environ.get(FOLDER_VARIABLE) or _default(root)
    if where is None:
        raise SourceError(
            f"no folder of replays is set: export {FOLDER_VARIABLE}=/path/to/replays, or set fetch.path in conf/source/local.yaml"
        )
    wanted = root / Path(where).expanduser()
    if glob.has_magic(str(where)):
        base, found = _glob(wanted)
    elif wanted.is_dir():
        base, found = wanted, list(wanted.glob(params.pattern))
    else:
        raise SourceError(
            f"the folder of replays {wanted} does not exist; set {FOLDER_VARIABLE} or fetch.path to one that does"
        )
    files = [LocalFile(path, path.relative_to(base).as_posix()) for path in found if path.is_file()]
    if not files:
        raise SourceError(f"no file in {wanted} matches {params.pattern!r}")
    return sorted(files, key=lambda file: file.source_path)


def _glob(wanted: Path) -> tuple[Path, list[Path]]:
    parts = wanted.parts
    first_magic = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:first_magic])
    return base, list(base.glob("/".join(parts[first_magic:])))


def _default(root: Path) -> str | None:
    # A folder beside the checkout serves developers and tests.
    beside = root.parent / "shared" / "replays"
    return str(beside) if beside.is_dir() else None


def read_files(files: list[LocalFile]) -> Iterator[tuple[LocalFile, bytes | OSError]]:
    """Yield each file with its bytes, or with the error that prevented reading it."""
    for file in files:
        try:
            yield file, file.path.read_bytes()
        except OSError as error:
            yield file, error
