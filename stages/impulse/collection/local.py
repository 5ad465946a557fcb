"""The source ``local``: replay files that are already on this machine."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from impulse.collection.source import Candidate, unreadable
from impulse.config.fetch import FetchParams
from impulse.errors import SourceError
from impulse.files.storage import Storage
from impulse.tables.rejects import Reject

FOLDER_VARIABLE = "IMPULSE_REPLAYS"
"""Environment variable that names the folder of replays, so that no committed file holds a path of one machine."""


class LocalFiles:
    """The files of a folder or glob; without one the folder named by IMPULSE_REPLAYS, then ``../shared/replays``."""

    def __init__(self, params: FetchParams, *, root: Path) -> None:
        """Prepare.

        Args:
            params: the folder or glob.
            root: folder that relative paths start from.
        """
        self._params = params
        self._root = root

    def plan(self, storage: Storage) -> str:
        """Return what there is to do."""
        found = list_files(self._params, root=self._root)
        size = sum(path.stat().st_size for path in found.values())
        return f"a run reads {len(found)} files of this machine, {size / 1e6:.1f} MB; nothing is downloaded"

    def files(self, storage: Storage) -> tuple[int | None, Iterator[Candidate | Reject]]:
        """Return the files, sorted by their path inside the source."""
        found = list_files(self._params, root=self._root)
        return len(found), (_read(name, path) for name, path in found.items())


def list_files(params: FetchParams, *, root: Path) -> dict[str, Path]:
    """Return the replay files by their path inside the source (with ``/``, the same on every machine), sorted.

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
    files = {path.relative_to(base).as_posix(): path for path in found if path.is_file()}
    if not files:
        raise SourceError(f"no file in {wanted} matches {params.pattern!r}")
    return dict(sorted(files.items()))


def _glob(wanted: Path) -> tuple[Path, list[Path]]:
    parts = wanted.parts
    first_magic = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:first_magic])
    return base, list(base.glob("/".join(parts[first_magic:])))


def _default(root: Path) -> str | None:
    # A folder beside the checkout serves developers and tests.
    beside = root.parent / "shared" / "replays"
    return str(beside) if beside.is_dir() else None


def _read(name: str, path: Path) -> Candidate | Reject:
    try:
        return Candidate(name, path.read_bytes())
    except OSError as error:
        return unreadable(name, f"{type(error).__name__}: {error.strerror or error}")
