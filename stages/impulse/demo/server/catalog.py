"""What the server has: replays, groups, and the pages in which the API lists them."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

HOST = "127.0.0.1"
MAX_COUNT = 10_000
"""The count of a list saturates (captured answers)."""
FILTERS = {"playlist": "playlist_id", "season": "season", "map": "map_code"}
"""Filters of the list of replays that are obeyed, and the field that they look at; others are ignored."""

Query = Mapping[str, Sequence[str]]


class Catalog:
    """Replays in a tree of groups. Fields may be changed at any time, also while the server runs."""

    def __init__(self, *, page_size: int) -> None:
        self.page_size = page_size
        """Entries of a page, at most; a call may ask for less."""
        self.url = ""
        """Base URL of the API."""
        self.files: dict[str, bytes] = {}
        """Bytes of each replay, by id."""
        self.entries: dict[str, dict[str, Any]] = {}
        """Entry of each replay in the lists, by id."""
        self.groups: dict[str, str] = {}
        """Name of each group, by id."""
        self.children: dict[str, list[str]] = defaultdict(list)
        """Groups directly below a group."""
        self.members: dict[str, list[str]] = defaultdict(list)
        """Replays directly in a group."""
        self.has_counts = True
        """Lists tell how many replays there are; False leaves out all counters."""
        self.counters: dict[str, dict[str, Any]] = {}
        """Counters that are stale or lies: ``direct_replays`` and ``indirect_replays`` of a group's entry, and ``count``
        of the pages of its replays, in the place of the true ones."""
        self.next_link: Callable[[str, str], Any] | None = None
        """Makes the ``next`` of every page, of the list's name and the place where the next page starts."""

    def add_group(self, group_id: str, parent: str | None = None, *, name: str | None = None) -> str:
        """Add a group; return its id."""
        self.groups[group_id] = f"Group / {group_id}" if name is None else name
        if parent is not None:
            self.children[parent].append(group_id)
        return group_id

    def add_replay(self, replay_id: str, data: bytes, *groups: str, **fields: object) -> str:
        """Add a replay; return its id.

        Args:
            replay_id: any text.
            data: what a download gives.
            groups: groups that it is directly in.
            fields: fields of its entry in lists, in the place of or beside those that it has anyway.
        """
        number = len(self.files)
        self.files[replay_id] = data
        self.entries[replay_id] = {
            "id": replay_id,
            "rocket_league_id": f"{number + 1:032X}",
            "replay_title": "../title",
            "playlist_id": "ranked-standard",
            "season": 17,
            "season_type": "free2play",
            "created": f"2025-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.123456Z",
            "uploader": {"steam_id": "76561198141161044", "name": "Can't Fly"},
            "min_rank": {"tier": 9, "division": 3, "id": "gold-3"},
            "max_rank": {"tier": 10, "division": 1, "id": "platinum-1"},
            "blue": {"players": [{"name": "a", "id": {"platform": "steam", "id": "1"}, "rank": {"id": "gold-3"}}]},
            "orange": {"players": [{"name": "bot", "id": {}}]},
            **fields,
        }
        for group in groups:
            self.members[group].append(replay_id)
        return replay_id

    def remove_replay(self, replay_id: str, *groups: str) -> None:
        """Take a replay out of groups, or of all if none is named; its file can be downloaded as before."""
        for group in groups or list(self.members):
            if replay_id in self.members[group]:
                self.members[group].remove(replay_id)

    def delete_replay(self, replay_id: str) -> None:
        """Let a replay be gone: from lists, and for whoever asks for its file."""
        self.remove_replay(replay_id)
        del self.files[replay_id], self.entries[replay_id]

    def group(self, group_id: str) -> dict[str, Any] | None:
        """Return a group as its own page shows it, which tells neither its members nor how many there are."""
        if group_id not in self.groups:
            return None
        return {**self._names(group_id), "link": self._address("groups", group_id), "status": "ok"}

    def replay(self, replay_id: str) -> dict[str, Any] | None:
        """Return a replay as its own page shows it."""
        entry = self.entries.get(replay_id)
        if entry is None:
            return None
        link = self._address("replays", replay_id)
        return {**entry, "link": link, "status": "ok", "title": entry.get("replay_title")}

    def page(self, what: str, query: Query) -> dict[str, Any]:
        """Return one page of a list.

        Args:
            what: ``replays`` or ``groups``.
            query: parameters of the call.

        Raises:
            ValueError: ``count`` is no number, or ``after`` no cursor.
        """
        group = query.get("group", [""])[0]
        found = self._groups(group) if what == "groups" else self._replays(group, query)
        size = min(max(int(query.get("count", ["50"])[0]), 1), self.page_size)
        after = query.get("after", [""])[0]
        start = int(base64.b64decode(after).decode()) if after.endswith("==") else 0
        page: dict[str, Any] = {}
        if what == "replays" and self.has_counts:
            page["count"] = self.counters.get(group, {}).get("count", min(len(found), MAX_COUNT))
        page["list"] = [{"link": self._address(what, entry["id"]), **entry} for entry in found[start : start + size]]
        if start + size < len(found):
            page["next"] = self.link(what, start + size)
        if self.next_link is not None:
            page["next"] = self.next_link(what, str(start + size))
        return page

    def link(self, what: str, start: int) -> str:
        """Return the link to the page that starts at an entry. Like the service's, it loses other parameters."""
        after = base64.b64encode(f"{start:04d}".encode()).decode()
        return f"{self.url}/{what}?{urlencode({'after': after, 'max-rank': ''})}"

    def _address(self, what: str, name: object) -> str:
        """Return the link of a replay or group, whose id may be anything where a test wants it so."""
        return f"{self.url}/{what}/{quote(str(name), safe='', errors='replace')}"

    def _replays(self, group: str, query: Query) -> list[dict[str, Any]]:
        found = [self.entries[item] for item in (self.members.get(group, []) if group else sorted(self.entries))]
        for name, field in FILTERS.items():
            if name in query:
                found = [entry for entry in found if str(entry.get(field)) in query[name]]
        return found

    def _groups(self, parent: str) -> list[dict[str, Any]]:
        return [{**self._names(group), **self._counted(group)} for group in self.children.get(parent, [])]

    def _names(self, group: str) -> dict[str, Any]:
        return {"id": group, "name": self.groups.get(group, "")}

    def _counted(self, group: str) -> dict[str, Any]:
        """Return the counters of a group; the replays below it include its own, as the service counts."""
        if not self.has_counts:
            return {}
        counted = {
            "direct_replays": len(self.members.get(group, [])),
            "indirect_replays": sum(len(self.members.get(item, [])) for item in self._with_all_below(group)),
            **self.counters.get(group, {}),
        }
        counted.pop("count", None)
        return counted

    def _with_all_below(self, group: str) -> set[str]:
        todo, seen = [group], set[str]()
        while todo:
            if (item := todo.pop()) not in seen:
                seen.add(item)
                todo += self.children.get(item, [])
        return seen
