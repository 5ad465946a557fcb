"""How far a download is, read from its ledger while it runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from impulse.collection.ledger import LOST, Outcome

_NOT_KEPT = frozenset({*(outcome.value for outcome in LOST), Outcome.DUPLICATE.value})


@dataclass(frozen=True, slots=True)
class Progress:
    """What a ledger says at one moment; a source without one says nothing."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """Listed replays by their outcome."""
    bytes: int = 0
    """Of the replays that were downloaded."""
    listed: int = 0
    """Groups and pages of lists that were read."""
    is_known: bool = False
    """Whether there is a ledger; only Ballchasing.com is downloaded with one."""

    @classmethod
    def of(cls, ledger: Path) -> Progress:
        """Read a ledger; one that cannot be read now says nothing, for a run must not end because of that."""
        if not ledger.is_file():
            return cls()
        try:
            with closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)) as database:
                rows = database.execute(
                    "SELECT outcome, count(*), coalesce(sum(bytes), 0) FROM replays WHERE is_selected = 1 GROUP BY 1 ORDER BY 1"
                ).fetchall()
                (listed,) = database.execute(
                    "SELECT (SELECT count(*) FROM groups) + (SELECT coalesce(sum(pages), 0) FROM listings)"
                ).fetchone()
        except sqlite3.DatabaseError:
            return cls()
        kept = sum(size for outcome, _, size in rows if outcome == Outcome.DOWNLOADED)
        return cls({str(outcome): int(count) for outcome, count, _ in rows}, int(kept), int(listed), is_known=True)

    @property
    def downloaded(self) -> int:
        """Replays that are kept."""
        return self.counts.get(Outcome.DOWNLOADED, 0)

    @property
    def expected(self) -> int:
        """Replays that the dataset will be made of."""
        return sum(count for outcome, count in self.counts.items() if outcome not in _NOT_KEPT)


def progress_of(root: Path) -> Progress:
    """Return how far the download of a checkout is now."""
    return Progress.of(root / ".state" / "ledger.sqlite")
