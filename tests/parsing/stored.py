"""What a store holds, without what differs between two runs that made the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from impulse.files.store import Store


def stored(folder: Path) -> dict[str, tuple[dict[str, str], Any]]:
    """Return the hash of each file, read now, and the facts of every entry by its key."""
    return {
        entry.key: (
            {name: hashlib.sha256((entry.folder / name).read_bytes()).hexdigest() for name in entry.files},
            entry.facts,
        )
        for entry in Store(folder).entries()
    }
