"""The replays that fetch keeps: which are still what was stored, judged by their bytes, and read once only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from impulse.errors import ObjectMissing
from impulse.files.seen import SeenContents
from impulse.files.storage import Storage


def _nothing(_: bytes) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class KeptReplays:
    """Replays in a storage. Any thread may ask."""

    storage: Storage
    seen: SeenContents = field(default_factory=SeenContents)
    """What was read or written before, so that a content is read again only where its stamp has changed."""
    healed: list[str] = field(default_factory=list)
    """Names whose content was not what it should be, and was replaced in this run."""
    before_healing: Callable[[bytes], object] = _nothing
    """Is called with a content that is about to take the place of another one."""

    def is_there(self, name: str) -> bool:
        """Tell whether there is a content of that name, good or not."""
        return self.storage.stamp(name) is not None

    def size(self, name: str) -> int | None:
        """Return how many bytes a content has, None when it is not there."""
        return self.storage.size(name)

    def holds(self, name: str, *, sha256: str, size: int) -> bool:
        """Tell whether a content is the wanted one; one that cannot be read is not."""
        stamp = self.storage.stamp(name)
        if stamp is None or stamp[0] != size:
            return False
        found = self.seen.get(name, stamp)
        if found is None:
            try:
                found = hashlib.sha256(self.storage.read(name)).hexdigest()
            except (OSError, ObjectMissing):
                return False
            if self.storage.stamp(name) == stamp:
                self.seen.keep(name, stamp, found)
        return found == sha256

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return a content that is there, or its first bytes."""
        return self.storage.read(name, limit)

    def write(self, name: str, content: bytes, *, sha256: str) -> bool:
        """Store a content in the place of the one that is there; False when that is the very same.

        Raises:
            NameTaken: something else has the name.
        """
        before = self.storage.stamp(name)
        if before is not None and self.seen.get(name, before) == sha256:
            return False
        if before is not None:
            self.before_healing(content)
        is_written = self.storage.write(name, content)
        if is_written and before is not None:
            self.healed.append(name)
        if (stamp := self.storage.stamp(name)) is not None:
            self.seen.keep(name, stamp, sha256)
        return is_written

    def remove(self, name: str) -> None:
        """Remove a content; one that is not there is fine."""
        self.storage.remove(name)


def seen_file(folder: Path, place: str) -> Path:
    """Return the file with what was seen in a place."""
    return folder / f"{hashlib.sha256(place.encode(errors='surrogateescape')).hexdigest()[:16]}.json"


@contextmanager
def seen_in(folder: Path, place: str, *, is_kept: bool = True) -> Iterator[SeenContents]:
    """Open what earlier runs have seen in a place, and write down what this one sees, however it ends.

    Args:
        folder: has such files, one for each place; local state.
        place: folder or bucket, with the way to it.
        is_kept: write anything down at all.
    """
    seen = SeenContents(seen_file(folder, place))
    try:
        yield seen
    finally:
        if is_kept:
            seen.save()
