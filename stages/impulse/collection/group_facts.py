"""From the groups that a replay is in to the columns that tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from impulse.collection.entries import shortened
from impulse.tables.manifest import GROUP_LEVELS


def group_columns(paths: Mapping[str, str | None], names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return :data:`impulse.tables.manifest.GROUP_COLUMNS` of each replay.

    Args:
        paths: by replay id the quoted ids of its groups, from the one that was asked for down, joined by ``/``; None for a
            replay that a query found.
        names: names of groups by id, as far as they are known; free text.
    """
    of_path = {path: _columns(path, names) for path in set(paths.values())}
    return {replay_id: of_path[path] for replay_id, path in paths.items()}


def ids_of(path: str) -> list[str]:
    """Return the ids of a path of groups."""
    return [unquote(part) for part in path.split("/")]


def own_group(row: Mapping[str, Any]) -> str | None:
    """Return the id of the group that a replay is in, by its row of a manifest of any schema; None for none."""
    path = row.get("group_path")  # a text of ids in schema 1
    ids: list[str] | None = ids_of(path) if isinstance(path, str) else row.get("group_ids")
    return ids[-1] if ids else None


def _columns(path: str | None, names: Mapping[str, str]) -> dict[str, Any]:
    if path is None:
        return {}
    ids = ids_of(path)
    # Two groups without a name stay two, and lists as long as each other.
    shown = [shortened(names.get(group_id) or "") or group_id for group_id in ids]
    levels = {f"group_{level}": name for level, name in enumerate(shown[:GROUP_LEVELS], start=1)}
    return {"group_path": shown, "group_ids": ids, **levels}
