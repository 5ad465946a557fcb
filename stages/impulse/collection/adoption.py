"""Files of earlier runs that the store of raw replays lacks: what stands in data/raw, and what DVC's cache has of it.

DVC removes data/raw before the stage runs, and a clone has no store. So before anything is downloaded the store takes the
files that are here already; those of the cache by the listing that dvc.lock names.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from impulse.files.disk import link_or_copy, make_read_only
from impulse.files.hashes import md5_and_sha256
from impulse.files.output import write_json
from impulse.files.seen import SeenContents
from impulse.files.storage import stamp_of
from impulse.files.yaml_text import load_yaml
from impulse.tables.paths import LISTED_PLAYERS, LISTINGS, MANIFEST, REJECTS, REPLAYS

log = logging.getLogger(__name__)

LISTS = (MANIFEST, LISTED_PLAYERS, LISTINGS, REJECTS)
"""What is in data/raw beside the replays."""
NOTE = "adopted.json"
"""File of the store that says which listing was adopted, and where DVC's cache was then."""
OUTPUT = "data/raw"
"""Name of the output in dvc.lock."""


@dataclass(slots=True)
class Adoption:
    """Where a store finds what it lacks."""

    store: Path
    standing: Path
    """data/raw."""
    root: Path | None = None
    """Folder of the checkout whose dvc.lock names an earlier data/raw; None looks into no cache."""
    _listing: str | None = None
    """The listing of which the store has everything now."""
    _cache: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, seen: SeenContents) -> None:
        """Give the store what it lacks.

        Args:
            seen: notes the hashes of files of the cache, which are read once; a damaged one is left there.
        """
        take_standing(self.store, self.standing)
        here = set(names_in(self.store))
        note = self._noted()
        self._cache = note.get("cache")
        listing = None if self.root is None else _listing_in(self.root / "dvc.lock")
        if listing is None:
            return
        is_noted = note.get("listing") == listing and note.get("folders") == _folders(self.store)
        if is_noted or self._take_listed(listing, here, seen):
            self._listing = listing

    def note(self) -> None:
        """Write down what was adopted, so that the next run reads nothing but that; call it when the run ends."""
        if self._cache is not None:
            write_json(
                self.store / NOTE, {"listing": self._listing, "cache": self._cache, "folders": _folders(self.store)}
            )

    def forget_damaged(self, content: bytes) -> None:
        """Remove the object of DVC's cache that should have these bytes and has others. Any thread may call it.

        An edit of a file that was linked has damaged all its names. DVC takes a read-only object for a good one, and would put it
        in the place of the file that is mended now.
        """
        with self._lock:
            cache = self._cache_with(None)
        if cache is not None:
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            copy = _object(cache, md5)
            with suppress(FileNotFoundError):
                if md5_and_sha256(copy)[0] != md5:
                    copy.unlink()

    def _take_listed(self, listing: str, here: set[str], seen: SeenContents) -> bool:
        """Take what a listing of DVC's names; return whether the store has all of it now."""
        cache = self._cache_with(listing)
        if cache is None or (listed := _read_listing(_object(cache, listing), listing)) is None:
            return False
        taken, is_whole = 0, True
        for name, md5 in listed.items():
            if name in here or not _is_ours(name):
                continue
            try:
                if (found := md5_and_sha256(_object(cache, md5)))[0] != md5:
                    log.warning("%s is damaged, so it is not taken from DVC's cache", _object(cache, md5))
                    _object(cache, md5).unlink()  # DVC would take it for the good one that comes now
                elif _link(_object(cache, md5), self.store / name):
                    seen.keep(name, stamp_of((self.store / name).stat()), found[1])
                    taken += 1
                    continue
            except FileNotFoundError:
                pass  # a part of the output was pulled
            is_whole = False
        if taken:
            log.info("took %d files that the store lacks from DVC's cache", taken)
        return is_whole

    def _cache_with(self, listing: str | None) -> Path | None:
        """Return the folder of the cache: as noted if the listing is there, else as DVC's own settings say; None without DVC."""
        noted = Path(self._cache) if self._cache is not None else None
        if noted is None or not (noted.is_dir() if listing is None else _object(noted, listing).is_file()):
            self._cache = _cache_of(self.root) if self.root is not None else None
        return Path(self._cache) if self._cache is not None else None

    def _noted(self) -> Mapping[str, Any]:
        try:
            note = json.loads((self.store / NOTE).read_bytes())
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}


def take_standing(store: Path, standing: Path) -> None:
    """Give the store what it lacks of the files of data/raw.

    Args:
        store: the store; the caller holds its lock.
        standing: data/raw.
    """
    here = set(names_in(store))
    taken = sum(_link(standing / name, store / name) for name in names_in(standing) if name not in here)
    if taken:
        log.info("took %d files that the store lacks from %s", taken, standing)


def names_in(folder: Path) -> Iterator[str]:
    """Yield the lists and replays of a folder, by their paths inside it; links that lead nowhere are none."""
    yield from (name for name in LISTS if (folder / name).is_file())
    for inner in _inner_folders(folder):
        with os.scandir(inner) as entries:
            yield from (
                f"{REPLAYS}{inner.name}/{entry.name}"
                for entry in entries
                if entry.name.endswith(".replay") and entry.is_file()
            )


def _inner_folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder / REPLAYS) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except FileNotFoundError:
        return []


def _folders(store: Path) -> dict[str, int]:
    """Return the time of the last change in ns of each folder of replays, which tells when a file was added or removed."""
    return {folder.name: folder.stat().st_mtime_ns for folder in _inner_folders(store)}


def _is_ours(name: str) -> bool:
    """Tell whether a name of a listing is that of a list or replay, and leads nowhere else."""
    parts = name.split("/")
    is_replay = name.startswith(REPLAYS) and len(parts) == 3 and ".." not in parts and name.endswith(".replay")
    return is_replay or name in LISTS


def _listing_in(lock: Path) -> str | None:
    """Return the name of DVC's list of the files of data/raw; None where dvc.lock does not tell."""
    try:
        content = load_yaml(lock.read_bytes())
        found = [out["md5"] for out in content["stages"]["fetch"]["outs"] if out["path"] == OUTPUT]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return None
    return str(found[0]) if found and str(found[0]).endswith(".dir") else None


def _read_listing(path: Path, name: str) -> dict[str, str] | None:
    """Return the MD5 of each file of a listing by its name; None if it is not there or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != name.removesuffix(".dir"):
        log.warning("%s is damaged, so nothing is taken from DVC's cache", path)
        return None
    return {str(entry["relpath"]): str(entry["md5"]) for entry in json.loads(content)}


def _cache_of(root: Path) -> str | None:
    """Return where DVC keeps its cache for a checkout; None where it cannot say."""
    # Imported here, for DVC takes most of a second that a usual run should not wait.
    from dvc.config import ConfigError
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            return str(repo.cache.local.path)
    except (DvcException, ConfigError) as error:
        log.warning("nothing is taken from DVC's cache: %s", error)
        return None


def _object(cache: Path, oid: str) -> Path:
    return cache / oid[:2] / oid[2:]


def _link(source: Path, target: Path) -> bool:
    """Give a file a second, read-only name in the store; False where something else has that name, which fetch sees to."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(Path(os.path.realpath(source)), target)  # not a second name of a symbolic link
    except (FileExistsError, NotADirectoryError):
        return False
    make_read_only(target)
    return True
