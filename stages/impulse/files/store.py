"""Results kept by what determines them, so that nothing is made twice.

An entry is a folder of files with its record, or the record alone where there are only facts; either appears by one
rename, so that it is there whole or not at all. A record carries its own hash and those of the files. The store is local
state outside every DVC output; deleting it costs time and nothing else.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impulse.errors import StageError
from impulse.files.disk import link_or_copy
from impulse.files.output import output_file
from impulse.files.records import RECORD, Entry, StoredFile, described, proved, sha256_of, write_record

LEAST_BYTES = 2**30
"""What the store may hold of earlier runs in any case."""
SPARE_RUNS = 3
"""How many times the bytes of the last run it may hold of earlier ones."""
ABANDONED_SECONDS = 24 * 3600.0
"""Age at which an entry without a name is what a killed run left behind, and not what another one is writing."""
KEPT_SECONDS = 7 * 24 * 3600.0
"""How long an entry stays after its last use in any case: a run over few replays removes nothing of one over many, nor what
another run has found and links when it ends."""


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of entries. Threads and processes may use it together."""

    folder: Path

    def get(self, key: str) -> Entry | None:
        """Return an entry that is what was written; None for one that is missing, incomplete or damaged.

        A damaged entry is removed. Files count as untouched while size and time are those of the record; where only the
        time differs, the hash decides.
        """
        home = self._home(key)
        for record in (home / RECORD, self._alone(key)):
            try:
                entry = proved(key, home, record)
                _note_use(record)
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError, NotADirectoryError, IsADirectoryError):
                _remove(home)
                _remove(record)
            else:
                return entry
        return None

    def known(self, key: str, files: Mapping[str, StoredFile]) -> Entry | None:
        """Return an entry that was read before, without reading it again; None for one that is not as it was.

        Args:
            key: its name.
            files: what its record said of its files; none for one of facts alone.
        """
        home = self._home(key)
        try:
            for name, file in files.items():
                status = (home / name).stat()
                if (status.st_size, status.st_mtime_ns) != (file.bytes, file.mtime_ns):
                    return None
            _note_use(home / RECORD if files else self._alone(key))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Entry(key, home, files, {})

    def put(self, key: str, write: Callable[[Path], Mapping[str, Any]]) -> Entry:
        """Keep the files and facts that ``write`` makes, and return them; those that another writer kept first, if any.

        Args:
            key: name of what determines the result.
            write: puts files into the folder that it is given, and returns facts as JSON knows them.
        """
        home = self._home(key)
        home.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{key}.", suffix=".partial", dir=home.parent))
        try:
            facts = write(partial)
            files = {path.name: described(path) for path in sorted(partial.iterdir())}
            write_record(partial / RECORD, files, facts)
            try:
                partial.rename(home)
            except OSError:  # there is one: of another writer who was faster, or one that is damaged
                if (faster := self.get(key)) is not None:
                    return faster
                _remove(home)
                partial.rename(home)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return Entry(key, home, files, facts)

    def keep(self, key: str, facts: Mapping[str, Any]) -> Entry:
        """Keep facts alone, without files."""
        record = self._alone(key)
        record.parent.mkdir(parents=True, exist_ok=True)
        with output_file(record, sync=False) as partial:
            write_record(partial, {}, facts)
        return Entry(key, self._home(key), {}, facts)

    def link(self, entry: Entry, name: str, target: Path) -> None:
        """Put a file of an entry under another name, without copying where the file system allows it.

        Raises:
            StageError: the entry is gone.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            link_or_copy(entry.folder / name, target)
        except FileNotFoundError as error:
            raise StageError(f"{entry.folder} was removed while it was in use; run the same command again") from error

    def sweep(self, used: Collection[str], *, now: float | None = None) -> int:
        """Remove entries of earlier runs beyond the limit, those first that were not used for longest.

        Other runs may use the store at the same time: what was used within the last week stays, and what they write or
        remove meanwhile is no error.

        Args:
            used: keys of the run that just ended; they stay.
            now: time in seconds, the current one by default.

        Returns:
            Number of removed entries.
        """
        now = time.time() if now is None else now
        removed = 0
        mine: list[Path] = []
        others: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("*/*"):
            with suppress(FileNotFoundError):  # another run has just renamed or removed it
                if path.name.startswith("."):
                    if now - path.stat().st_mtime > ABANDONED_SECONDS:
                        _remove(path)
                elif path.name.removesuffix(f".{RECORD}") in used:
                    mine.append(path)
                else:
                    others.append((_last_use(path), _size(path), path))
        if sum(size for _, size, _ in others) <= LEAST_BYTES:
            return 0
        left = max(LEAST_BYTES, SPARE_RUNS * _sum_of_sizes(mine))
        for _, size, path in sorted(others, reverse=True):
            left -= size
            # Asked again, as another run may have found it since.
            if left < 0 and now - _last_use(path) > KEPT_SECONDS:
                _remove(path)
                removed += 1
        return removed

    def damaged(self) -> Iterator[Path]:
        """Read every entry whole, and yield the place of each that is not what was written."""
        for place in sorted(self.folder.glob("*/*")):
            if place.name.startswith("."):
                continue
            try:
                entry = proved(place.name, place, place / RECORD if place.is_dir() else place)
                is_intact = all(sha256_of(place / name) == file.sha256 for name, file in entry.files.items())
            except FileNotFoundError:
                is_intact = not place.exists()  # another run has just removed it
            except (OSError, ValueError, KeyError, TypeError):
                is_intact = False
            if not is_intact:
                yield place

    def entries(self) -> Iterator[Entry]:
        """Yield every entry that is what was written, by key."""
        places = [place for place in self.folder.glob("*/*") if not place.name.startswith(".")]
        for key in sorted(place.name.removesuffix(f".{RECORD}") for place in places):
            if (entry := self.get(key)) is not None:
                yield entry

    def remove(self, place: Path) -> None:
        """Remove an entry by its place; what needs it makes it again."""
        _remove(place)

    def _home(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _alone(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.{RECORD}"


def _note_use(record: Path) -> None:
    """Note that an entry was used now, where the disk can be written.

    Raises:
        FileNotFoundError: another run has just removed it.
    """
    try:
        os.utime(record)
    except FileNotFoundError:
        raise
    except OSError:  # a read-only disk, or the store of somebody else
        return


def _size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files)


def _sum_of_sizes(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):  # another run has just removed it
            total += _size(path)
    return total


def _last_use(path: Path) -> float:
    """Return when an entry was used last, in s; 0 for one that has no record any more."""
    try:
        return (path / RECORD if path.is_dir() else path).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
