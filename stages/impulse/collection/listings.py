"""What the ledger knows of lists: how far each was read, what it held, and what it holds no longer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from impulse.collection.entries import ListedGroup, ListedReplay
from impulse.collection.ledger import Ledger

MAX_COUNT = 10_000
"""Where the API stops counting."""


@dataclass(frozen=True, slots=True)
class Listing:
    """How far the pages of one list were read, and what they said."""

    after: str | None = None
    """Cursor of the next page."""
    is_done: bool = False
    pages: int = 0
    counted: int | None = None
    """Entries that the pages themselves announce; None when they do not."""
    unusable: int = 0
    """Entries without an id that can be used."""
    problem: str | None = None
    """Why the list is not known to be whole."""

    @property
    def announced(self) -> int | None:
        """Entries that the list announces; None where it does not, or has stopped counting."""
        return self.counted if self.counted is not None and self.counted < MAX_COUNT else None


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of a list holds."""

    entries: Sequence[ListedGroup | ListedReplay]
    after: str | None
    """Cursor of the next page, None for the last one."""
    counted: int | None
    unusable: int
    has_list: bool
    """The answer had a list at all, be it an empty one."""


class Listings:
    """The lists of one ledger. Every method is one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def group(self, group_id: str) -> ListedGroup | None:
        """Return a group that was seen; None for one that was not."""
        rows = self._ledger.rows("SELECT id, name, direct, indirect FROM groups WHERE id = ?", group_id)
        return ListedGroup(*rows[0]) if rows else None

    def add_group(self, group: ListedGroup) -> None:
        """Remember a group that was asked for by its id."""
        with self._ledger.transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO groups VALUES (?, ?, ?, ?)",
                (group.id, group.name, group.direct, group.indirect),
            )

    def is_there(self, scope: str) -> bool:
        """Tell whether a list was ever read, or begun; one of the same group on another server is another list."""
        return bool(self._ledger.rows("SELECT 1 FROM listings WHERE scope = ?", scope))

    def get(self, scope: str) -> Listing:
        """Return how far a list was read."""
        rows = self._ledger.rows(
            "SELECT after, is_done, pages, counted, unusable, problem FROM listings WHERE scope = ?", scope
        )
        return Listing(rows[0][0], bool(rows[0][1]), *rows[0][2:]) if rows else Listing()

    def forget(self, scope: str, *, below: bool = False) -> None:
        """Let a list be read again; what it held is remembered until it is.

        Args:
            scope: the list, or the start of the names of several.
            below: all lists whose names start so.
        """
        where = "substr(scope, 1, length(?1)) = ?1" if below else "scope = ?1"
        with self._ledger.transaction() as database:
            database.execute(
                "UPDATE listings SET after = NULL, is_done = 0, pages = 0, counted = NULL, unusable = 0, problem = NULL "
                f"WHERE {where}",
                (scope,),
            )
            database.execute(f"UPDATE members SET is_seen = 0 WHERE {where}", (scope,))
            if below:  # what lists above said of a group is old where they are not asked for any more
                database.execute("UPDATE groups SET direct = NULL, indirect = NULL")

    def add_page(self, scope: str, page: Page) -> tuple[set[str], set[str], bool]:
        """Remember a page of a list and where the next one starts.

        Returns:
            Ids of replays that no list had before, ids of replays of which a list now says something else, and whether the
            page held anything that the pages before it did not.
        """
        replays = {item.id: item for item in page.entries if isinstance(item, ListedReplay)}
        before: dict[str, str] = {}
        texts = {replay_id: json.dumps(item.metadata, sort_keys=True) for replay_id, item in replays.items()}
        with self._ledger.transaction() as database:
            for replay_id in texts:
                row = database.execute("SELECT metadata FROM replays WHERE id = ?", (replay_id,)).fetchone()
                if row is not None:
                    before[replay_id] = row[0]
            changes = database.total_changes
            database.executemany(
                "INSERT INTO members VALUES (?, ?, 1, NULL) "
                "ON CONFLICT DO UPDATE SET is_seen = 1, delisted_at = NULL WHERE is_seen = 0",
                [(scope, item.id) for item in page.entries],
            )
            is_new = database.total_changes > changes
            database.executemany(
                "INSERT OR REPLACE INTO groups VALUES (?, ?, ?, ?)",
                [(g.id, g.name, g.direct, g.indirect) for g in page.entries if isinstance(g, ListedGroup)],
            )
            database.executemany(
                "INSERT INTO replays (id, metadata) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata",
                [item for item in texts.items() if before.get(item[0]) != item[1]],
            )
            database.execute(
                "INSERT INTO listings VALUES (?1, ?2, 0, 1, ?3, ?4, NULL) ON CONFLICT (scope) DO UPDATE SET "
                "after = ?2, pages = pages + 1, unusable = unusable + ?4, "
                "counted = min(coalesce(counted, ?3), coalesce(?3, counted))",
                (scope, page.after, page.counted, page.unusable),
            )
        new = texts.keys() - before.keys()
        return set(new), {key for key in before if before[key] != texts[key]}, is_new

    def finish(self, scope: str, *, problem: str | None, at: float) -> None:
        """Note that a list was read to its end; what it held before, and now not, is delisted if it is whole.

        Args:
            scope: the list.
            problem: why it is not known to be whole.
            at: time in seconds since 1970.
        """
        with self._ledger.transaction() as database:
            database.execute(
                "INSERT INTO listings VALUES (?1, NULL, 1, 0, NULL, 0, ?2) "
                "ON CONFLICT (scope) DO UPDATE SET is_done = 1, problem = ?2",
                (scope, problem),
            )
            if problem is None:
                database.execute(
                    "UPDATE members SET delisted_at = ? WHERE scope = ? AND is_seen = 0 AND delisted_at IS NULL",
                    (at, scope),
                )

    def members(self, scope: str) -> dict[str, float | None]:
        """Return the ids of a list in a fixed order, with the time since when each is listed no more."""
        rows = self._ledger.rows("SELECT id, delisted_at FROM members WHERE scope = ? ORDER BY id", scope)
        return dict(rows)

    def seen(self, scope: str) -> frozenset[str]:
        """Return the ids of the entries that the last reading of a list has brought."""
        rows = self._ledger.rows("SELECT id FROM members WHERE scope = ? AND is_seen = 1", scope)
        return frozenset(row[0] for row in rows)
