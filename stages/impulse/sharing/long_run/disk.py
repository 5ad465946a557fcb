"""The disk of a long run: what a build will take of it, and the floor below which the run stops.

Raw replays are in the bucket. What a build keeps here, frames and dataset, are names of the same files in data/, DVC's cache and the
store: 600 MB for 491 MB of replays, measured on 400 recordings of 8 real matches with the default settings.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from impulse.errors import ConfigError
from impulse.sharing.long_run.progress import Progress
from impulse.sharing.long_run.settings import DISK_VARIABLE, GB

BYTES_OF_REPLAY = 1_500_000
"""Size of a replay while none was downloaded."""
COPIES = 2.0
"""Bytes of a build for each byte of replays, which stay in the bucket themselves: 1.2 measured, where files have several names."""
MOST_OF_HASHES = 0.1 * GB
"""Floor of a disk that has nothing but DVC's notes of hashes."""
BUILT = ("data", ".dvc/cache", ".state")
"""Where a build keeps them."""


class Disk:
    """The disks that a run writes to, seen from its checkout."""

    def __init__(self, root: Path, floor: float) -> None:
        self._root = root
        self._floor = floor

    def refuse_full(self) -> None:
        """Stop before the disk is full, while there is room for a last snapshot.

        Raises:
            ConfigError: a disk has less than the floor.
        """
        for place, floor in self._places():
            free = shutil.disk_usage(place).free
            if free < floor:
                raise ConfigError(
                    "the disk",
                    f"{free / GB:.1f} GB are free where {place} is, and the run stops below {floor / GB:g} GB "
                    f"({DISK_VARIABLE}); enlarge the disk or free some, then start the service again",
                )

    def need(self, progress: Progress) -> tuple[str, bool]:
        """Return what is free and what the build will take, as a line, and whether that is enough.

        Only a line, because it is an estimate: replays are safe in the bucket, and a disk can grow while the machine runs.
        """
        size = progress.bytes / progress.downloaded if progress.bytes else BYTES_OF_REPLAY
        needed = progress.expected * size * COPIES
        more = max(0.0, needed - bytes_below(self._root / name for name in BUILT)) + self._floor
        free = shutil.disk_usage(self._root).free
        of_what = (
            f"{progress.expected} listed replays of {size / 1e6:.1f} MB" if progress.expected else "the floor alone"
        )
        return (
            f"{free / GB:.1f} GB are free where the checkout is, about {more / GB:.1f} GB are needed ({of_what})",
            free >= more,
        )

    def _places(self) -> Iterator[tuple[Path, float]]:
        """Give the folders that a build writes to, each with its floor; DVC keeps only hashes where the last one is."""
        cache, site = self._root / ".dvc" / "cache", Path(os.environ.get("DVC_SITE_CACHE_DIR") or self._root)
        for place, floor in ((self._root, self._floor), (cache, self._floor), (site, min(self._floor, MOST_OF_HASHES))):
            if place.exists():
                yield place, floor


def bytes_below(folders: Iterable[Path]) -> int:
    """Return what all files take of the disk, each once for all its names."""
    sizes = {}
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):  # it was just replaced
                found = path.lstat()
                blocks = getattr(found, "st_blocks", -(-found.st_size // 512))
                sizes[found.st_dev, found.st_ino] = blocks * 512
    return sum(sizes.values())
