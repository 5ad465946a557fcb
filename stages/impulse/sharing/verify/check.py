"""Read everything that a checkout holds, and compare it with the hashes that were recorded when it was written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path

from impulse.errors import StageError
from impulse.files.hashes import md5_and_sha256
from impulse.files.output import output_file, write_text
from impulse.files.store import Store
from impulse.sharing.verify.outputs import Pinned
from impulse.sharing.verify.raw_store import expected_in_store
from impulse.tables.io import UNREADABLE, read_checked
from impulse.tables.paths import CHECKSUMS, FRAMES_FILES, MANIFEST, STORAGE_URL, frames_path

STORES = ("parsed", "export")
"""Stores of results in .state."""
TABLES = (
    "raw/*.parquet",
    *(f"{folder}/*.{kind}" for folder in ("parsed", "validated", "deduped") for kind in ("parquet", "json")),
)
"""What is between two stages inside data."""
ITS_OWN = "its own checksums"
"""What has the hashes of a table: the table. DVC has those of what it found, be that damaged."""
READ_BEFORE = ".state/verified"
"""What an upload need not read again."""
WRITABLE = 0o222
"""Bits of the mode of a file that somebody may write."""


class What(StrEnum):
    """What is wrong with a file."""

    DAMAGED = "damaged"
    """It has other bytes than were written."""
    MISSING = "missing"
    FOREIGN = "foreign"
    """It belongs to nothing that was written there."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not what was written."""

    path: Path
    what: What
    kept_in: str
    """What has its hash: dvc.lock, the manifest, ..."""

    def line(self, root: Path) -> str:
        """Return what is wrong, for a person."""
        found = {What.DAMAGED: "its bytes are not those of", What.MISSING: "named by", What.FOREIGN: "not named by"}
        return f"{shown(self.path, root)}: {self.what}, {found[self.what]} {self.kept_in}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found."""

    faults: tuple[Fault, ...]
    files: int
    """Number of files that were read."""
    absent: tuple[Path, ...]
    """Outputs that are neither here nor in the cache, as in a clone that pulled a part."""


@dataclass(slots=True)
class Hashes:
    """Hashes of files, each read once however many names it has, and again when it was written since."""

    _known: dict[tuple[int, ...], tuple[str, str]] = field(default_factory=dict)
    _before: dict[tuple[int, ...], tuple[str, str]] = field(default_factory=dict)
    """What an earlier run read."""

    @classmethod
    def remembered(cls, root: Path) -> Hashes:
        """Return what :meth:`remember` kept in a checkout; nothing where that is missing or damaged."""
        try:
            kept = json.loads((root / READ_BEFORE).read_bytes())
            return cls(_before={tuple(identity): (md5, sha256) for identity, md5, sha256 in kept})
        except (OSError, ValueError, TypeError):
            return cls()

    def remember(self, root: Path) -> None:
        """Keep what was read, so that an upload reads only what was written since; rot is found by reading all again."""
        with suppress(OSError), output_file(root / READ_BEFORE, sync=False) as partial:
            write_text(partial, json.dumps([[identity, *hashes] for identity, hashes in sorted(self._known.items())]))

    def of(self, path: Path) -> tuple[str, str] | None:
        """Return MD5 and SHA-256 of a file; None if there is none or it cannot be read."""
        try:
            status = path.stat()
            # No program can set the time of the last change back; but a file that is read-only, because it has several names,
            # gets a new one with each name.
            changed = status.st_ctime_ns if status.st_mode & WRITABLE else 0
            identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, changed)
            if identity not in self._known:
                self._known[identity] = self._before.get(identity) or md5_and_sha256(path)
            return self._known[identity]
        except OSError:
            return None

    @property
    def count(self) -> int:
        """Number of files that were read."""
        return len(self._known)


def check(root: Path, hashes: Hashes | None = None) -> Checked:
    """Read the outputs of the stages, DVC's cache and the stores of results.

    Args:
        root: folder of the checkout.
        hashes: what was read a moment ago.

    Raises:
        ConfigError: DVC cannot read the checkout.
    """
    pinned, hashes = Pinned.of(root), hashes or Hashes()
    faults = {fault.path: fault for fault in _damaged_objects(pinned, hashes)}
    absent = []
    for output in pinned.outputs:
        files = pinned.files_of(output) if pinned.object_path(output.oid) not in faults else None
        if not output.path.exists():
            if files is None or not all(pinned.object_path(oid).is_file() for oid in files.values()):
                absent.append(output.path)
            else:
                faults[output.path] = Fault(output.path, What.MISSING, "dvc.lock")
            continue
        if files is None:
            faults.setdefault(
                pinned.object_path(output.oid), Fault(pinned.object_path(output.oid), What.MISSING, "dvc.lock")
            )
            continue
        for path, md5 in files.items():
            found = hashes.of(path)
            if found is None or found[0] != md5:
                faults.setdefault(path, _fault(path, "dvc.lock"))
            elif not pinned.object_path(md5).is_file():
                faults.setdefault(pinned.object_path(md5), Fault(pinned.object_path(md5), What.MISSING, "dvc.lock"))
        if output.path.is_dir():
            foreign = set(pinned.here[output.path]) - files.keys()
            faults |= {path: Fault(path, What.FOREIGN, "dvc.lock") for path in sorted(foreign)}
    for fault in _faults_of_lists(root, hashes, wrong=faults):
        faults.setdefault(fault.path, fault)
    for path in _damaged_tables(root):
        faults.setdefault(path, Fault(path, What.DAMAGED, ITS_OWN))
    for fault in _faults_of_raw_store(root, hashes, wrong=faults):
        faults.setdefault(fault.path, fault)
    for name in STORES:
        for path in Store(root / ".state" / name).damaged():
            faults[path] = Fault(path, What.DAMAGED, "its record")
    return Checked(tuple(faults.values()), hashes.count, tuple(absent))


def _faults_of_lists(root: Path, hashes: Hashes, *, wrong: Collection[Path] = ()) -> Iterator[Fault]:
    """Yield what is not as the lists say that impulse itself keeps; a list that is not there, or is wrong, says nothing."""
    for listing, read in LISTS.items():
        path = root / "data" / listing
        if not path.is_file() or path in wrong:
            continue
        try:
            expected = read(path)
        except UNREADABLE:
            yield Fault(path, What.DAMAGED, ITS_OWN)
            continue
        for file, sha256 in expected.items():
            found = hashes.of(file)
            if found is None or found[1] != sha256:
                yield _fault(file, f"data/{listing}")


def _faults_of_raw_store(root: Path, hashes: Hashes, *, wrong: Collection[Path]) -> Iterator[Fault]:
    """Yield the replays of the store that are not what they should be."""
    manifest, listed = root / "data" / "raw" / MANIFEST, {}
    if manifest.is_file() and manifest not in wrong:
        with suppress(*UNREADABLE):
            listed = _of_manifest(manifest)
    for path, (sha256, kept_in) in expected_in_store(root, listed, listed_in=f"data/raw/{MANIFEST}").items():
        found = hashes.of(path)
        if found is not None and found[1] != sha256:
            yield Fault(path, What.DAMAGED, kept_in)


def _damaged_tables(root: Path) -> Iterator[Path]:
    """Yield the tables between two stages that are not what was written, whatever DVC knows of them."""
    for path in chain.from_iterable(sorted((root / "data").glob(pattern)) for pattern in TABLES):
        try:
            if path.suffix == ".json":
                json.loads(path.read_bytes())
            else:
                read_checked(path)
        except UNREADABLE:
            yield path


def _of_manifest(path: Path) -> dict[Path, str]:
    table = read_checked(path)
    if STORAGE_URL in (table.schema.metadata or {}):  # they are in a bucket
        return {}
    return _expected(path.parent, table["path"].to_pylist(), table["sha256"].to_pylist())


def _of_frames(path: Path) -> dict[Path, str]:
    table = read_checked(path)
    places = [frames_path(replay_id) for replay_id in table["replay_id"].to_pylist()]
    return _expected(path.parent, places, table["sha256"].to_pylist())


def _of_checksums(path: Path) -> dict[Path, str]:
    lines = [line.partition("  ") for line in path.read_text(encoding="utf-8").splitlines()]
    return {path.parent / name: digest for digest, _, name in lines}


LISTS: dict[str, Callable[[Path], dict[Path, str]]] = {
    f"raw/{MANIFEST}": _of_manifest,
    f"parsed/{FRAMES_FILES}": _of_frames,
    f"export/{CHECKSUMS}": _of_checksums,
}
"""Lists that impulse itself keeps in data/, with what reads the SHA-256 of each file from them."""


def shown(path: Path, root: Path) -> str:
    """Return a path for a message: below the checkout where it is; the cache may be elsewhere."""
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _expected(folder: Path, places: Iterable[str], hashes: Iterable[str]) -> dict[Path, str]:
    return {folder / place: digest for place, digest in zip(places, hashes, strict=True)}


def refuse_damage(root: Path) -> None:
    """Read what is to go elsewhere: the objects of DVC's cache that dvc.lock names, and what impulse itself has hashes of.

    What was read before and not written since is not read again: that is for ``impulse verify``.
    DVC knows the bytes that it found when a stage ended; lists and tables know those that were written.

    Raises:
        StageError: something is damaged.
        ConfigError: DVC cannot read the checkout.
    """
    pinned, hashes = Pinned.of(root), Hashes.remembered(root)
    wanted = {output.oid for output in pinned.outputs}
    wanted.update(*((pinned.files_of(output) or {}).values() for output in pinned.outputs))
    for oid in sorted(wanted):
        path = pinned.object_path(oid)
        if path.is_file() and not is_named_by_its_content(oid, path, hashes):
            raise StageError(
                f"{shown(path, root)} is damaged and would be uploaded as it is; `impulse verify --heal` mends it"
            )
    tables = (Fault(path, What.DAMAGED, ITS_OWN) for path in _damaged_tables(root))
    for fault in chain(_faults_of_lists(root, hashes), tables):
        if fault.what is What.DAMAGED:
            raise StageError(f"{fault.line(root)}; `impulse verify --heal` mends it")
    hashes.remember(root)


def is_named_by_its_content(oid: str, path: Path, hashes: Hashes) -> bool:
    """Tell whether a file is there and has the bytes of an object of DVC's."""
    found = hashes.of(path)
    return found is not None and found[0] == oid.removesuffix(".dir")


def _damaged_objects(pinned: Pinned, hashes: Hashes) -> Iterator[Fault]:
    for oid, path in pinned.objects():
        if not is_named_by_its_content(oid, path, hashes):
            yield Fault(path, What.DAMAGED, "its name")


def _fault(path: Path, kept_in: str) -> Fault:
    return Fault(path, What.DAMAGED if path.exists() else What.MISSING, kept_in)


def summary(faults: Iterable[Fault]) -> str:
    """Return how many files are damaged, missing and foreign, as text."""
    counted = Counter(fault.what for fault in faults)
    return ", ".join(f"{counted[what]} {what.value}" for what in What)
