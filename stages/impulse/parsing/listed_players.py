"""What the source tells of the players: joined to the players that the replay shows, where it is surely the same one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pyarrow as pa

FACTS = ("player_id_api", "rank", "rank_division")
"""Columns of the players table that only the source knows."""

Row = Mapping[str, Any]

_EIGHT_BYTES = re.compile(r"[0-9a-fA-F]{16}")
_XBOX_ACCOUNTS = range(0x0008_0000_0000_0000, 0x000A_0000_0000_0000)
"""Numbers of Xbox accounts: those of real files begin at 0x0009 << 48, those of synthetic people are a little below."""
_SAME_PEOPLE = {"psynet": "switch"}
"""People on a Switch have an id of either kind in the network data, with the same number; the header calls both so."""


class ListedPlayers:
    """The players that the source lists, by replay."""

    def __init__(self, table: pa.Table) -> None:
        """Sort a table of :data:`impulse.tables.manifest.LISTED_PLAYER_COLUMNS` by replay."""
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in table.to_pylist():
            self._rows[row["replay_id"]].append({**row, "player_id": _as_in_replays(row)})

    def of(self, replay_id: str) -> Sequence[Row]:
        """Return the rows of a replay."""
        return self._rows.get(replay_id, [])

    def with_listed_facts(self, replay_id: str, players: Sequence[Row]) -> list[dict[str, Any]]:
        """Return a replay's rows of the players table with what the source tells.

        A player is the listed one with the same platform and id; else the only one of the team with the same name,
        where both sides have one such player left. Anything less sure is null.

        Args:
            replay_id: the replay.
            players: its rows of the players table.
        """
        listed = self.of(replay_id)
        found: dict[int, Row] = {}
        for identity in (_account, _name):
            taken = {id(row) for row in found.values()}
            left = [row for row in listed if id(row) not in taken]
            by_identity = _unique(left, identity)
            mine = _unique([row for at, row in enumerate(players) if at not in found], identity)
            for at, row in enumerate(players):
                key = identity(row)
                if at not in found and key in mine and key in by_identity:
                    found[at] = by_identity[key]
        return [{**row, **{fact: found.get(at, {}).get(fact) for fact in FACTS}} for at, row in enumerate(players)]


def _unique(rows: Sequence[Row], identity: Callable[[Row], Hashable]) -> dict[Hashable, Row]:
    """Return the rows by their identity, without those that have none or share it."""
    counts = Counter(identity(row) for row in rows)
    return {key: row for row in rows if (key := identity(row)) is not None and counts[key] == 1}


def _account(row: Row) -> Hashable:
    if row.get("is_bot") or not row["platform"] or not row["player_id"]:
        return None
    return _SAME_PEOPLE.get(row["platform"], row["platform"]), row["player_id"].lower()


def _as_in_replays(row: Row) -> str | None:
    """Return an id of the API as replays have it: it writes the number of an Xbox account as its bytes, lowest first.

    ``70cf8d6afd010900`` is 2535462716428144. A number that is one of an Xbox account as it stands is left alone. Ids of other
    platforms are written alike, names of PlayStation in small letters or not.
    """
    account: str | None = row["player_id"]
    if row["platform"] != "xbox" or account is None or not _EIGHT_BYTES.fullmatch(account):
        return account
    if account.isdecimal() and int(account) in _XBOX_ACCOUNTS:
        return account
    number = int.from_bytes(bytes.fromhex(account), "little")
    return str(number) if number in _XBOX_ACCOUNTS else account


def _name(row: Row) -> Hashable:
    return (row["team"], row["name"]) if row["name"] else None
