"""The store of raw replays: what each of its files should be, and the file of data/raw that it is a name of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from impulse.collection.raw_storage import STORE, stored_hashes


def raw_folder(root: Path) -> Path:
    """Return the folder of the view."""
    return root / "data" / "raw"


def raw_store(root: Path) -> Path:
    """Return the folder of the store."""
    return root / ".state" / STORE


def stored(root: Path, path: Path) -> Path:
    """Return where the store has a file of data/raw."""
    return raw_store(root) / path.relative_to(raw_folder(root))


def twin(root: Path, path: Path) -> Path | None:
    """Return the name in data/raw of a file of the store, or the other way round; None for any other file."""
    raw, store = raw_folder(root), raw_store(root)
    for one, other in ((raw, store), (store, raw)):
        if path.is_relative_to(one):
            return other / path.relative_to(one)
    return None


def expected_in_store(root: Path, listed: Mapping[Path, str], *, listed_in: str) -> dict[Path, tuple[str, str]]:
    """Return the SHA-256 that files of the store should have, and what says so.

    Those of earlier selections are known by the notes of fetch. One that is not there is no loss: fetch takes it from data/raw
    or from DVC's cache.

    Args:
        root: folder of the checkout.
        listed: SHA-256 of files of data/raw.
        listed_in: what lists them.
    """
    noted = {path: (sha256, "the notes of fetch") for path, sha256 in stored_hashes(root / ".state").items()}
    return noted | {stored(root, path): (sha256, listed_in) for path, sha256 in listed.items()}
