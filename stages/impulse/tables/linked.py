"""Which things belong together: sets that pairs link, directly or through others."""

from __future__ import annotations

from collections.abc import Iterable


def linked_sets(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the names in sets that pairs link; names and sets are in the order in which the names came."""
    leader = {name: name for name in names}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for one, other in pairs:
        leader[find(one)] = find(other)
    sets: dict[str, list[str]] = {}
    for name in leader:
        sets.setdefault(find(name), []).append(name)
    return list(sets.values())
