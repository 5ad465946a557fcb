"""What each place of a checkout holds on the disk, how much of it has names elsewhere too, and what may go."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from impulse.sharing.verify.outputs import Pinned

MB = 1e6

FOLDERS = (
    *(f"data/{name}" for name in ("raw", "parsed", "validated", "deduped", "export")),
    *(f".state/{name}" for name in ("raw", "parsed", "export", "objects")),
    "multirun",
    ".dvc/tmp",
)
"""Places of a checkout beside DVC's cache, which may be anywhere."""

WHAT_GOES = {
    "data/*/": "`dvc checkout` brings back what DVC's cache has, `dvc pull` what the remote has",
    ".state/raw": "the next fetch takes what data/raw or DVC's cache has; replays of other selections, and of a fetch that did not "
    "end, would be downloaded again",
    ".state/parsed": "the next build parses everything again",
    ".state/export": "the next export writes every file again",
    ".state/objects": "an earlier version kept there what it read in files",
    "multirun": "it has trials and sweeps",
    ".dvc/tmp": "it has queued experiments and what DVC remembers of the last ones",
}
"""What removing places costs."""


@dataclass(slots=True)
class Place:
    """A folder, by the files in it."""

    name: str
    files: int = 0
    bytes: int = 0
    """Of all files, one with several names in this place once."""
    inodes: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)
    """By device and inode: size, number of names anywhere, number of names in this place."""

    def add(self, path: Path) -> None:
        """Count a file; one that has just vanished is none."""
        try:
            status = path.lstat()
        except FileNotFoundError:
            return
        self.files += 1
        key = (status.st_dev, status.st_ino)
        size, links, names = self.inodes.get(key, (status.st_size, status.st_nlink, 0))
        self.bytes += size if not names else 0
        self.inodes[key] = (size, links, names + 1)

    @property
    def freed(self) -> int:
        """Bytes that the disk has more once the place is gone: those of files without a name elsewhere."""
        return sum(size for size, links, names in self.inodes.values() if names >= links)


def disk(root: Path) -> Iterator[str]:
    """Yield lines for a person: a table of places, the sum, and what may go.

    Args:
        root: the checkout.

    Raises:
        ConfigError: DVC cannot read dvc.yaml or dvc.lock.
    """
    pinned = Pinned.of(root)
    places = [place for place in measured(root, pinned.cache) if place.files]
    width = max((len(place.name) for place in places), default=5)
    yield f"{'place':{width}} {'files':>8} {'MB':>10} {'alone':>10}"
    for place in places:
        yield f"{place.name:{width}} {place.files:>8} {place.bytes / MB:>10.1f} {place.freed / MB:>10.1f}"
    total = sum({key: size for place in places for key, (size, *_) in place.inodes.items()}.values())
    yield f"{'on the disk':{width}} {'':>8} {total / MB:>10.1f}"
    yield "alone: has no name in another place, so that removing the place frees it"
    old = of_earlier_builds(pinned)
    yield (
        f"`dvc gc --workspace` would free {old.freed / MB:.1f} MB of {old.files} files in DVC's cache, of builds that dvc.lock does "
        "not name; `dvc gc --all-commits` keeps those of every commit"
    )
    for name, cost in WHAT_GOES.items():
        freed = _together(place for place in places if fnmatch(f"{place.name}/", f"{name.rstrip('/')}/"))
        if freed:
            yield f"`rm -rf {name}` would free {freed / MB:.1f} MB: {cost}"


def measured(root: Path, cache: Path) -> list[Place]:
    """Return what each place has.

    Args:
        root: the checkout.
        cache: folder of DVC's cache.
    """
    folders = {name: root / name for name in FOLDERS} | {_name(cache, root): cache}
    found = []
    for name, folder in folders.items():
        place = Place(name)
        for path in _files(folder):
            place.add(path)
        found.append(place)
    return found


def of_earlier_builds(pinned: Pinned) -> Place:
    """Return the objects of DVC's cache that dvc.lock does not name."""
    named = {output.oid for output in pinned.outputs}
    for output in pinned.outputs:
        named |= {*(pinned.files_of(output) or {}).values()}
    place = Place("earlier builds")
    for oid, path in pinned.objects():
        if oid not in named:
            place.add(path)
    return place


def _together(places: Iterable[Place]) -> int:
    """Return the bytes that removing several places frees: a file may have its names in two of them."""
    names: Counter[tuple[int, int]] = Counter()
    known: dict[tuple[int, int], tuple[int, int]] = {}
    for place in places:
        for key, (size, links, here) in place.inodes.items():
            names[key] += here
            known[key] = (size, links)
    return sum(size for key, (size, links) in known.items() if names[key] >= links)


def _name(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder; links are not followed."""
    for inner, _, names in os.walk(folder):
        yield from (Path(inner) / name for name in names)
