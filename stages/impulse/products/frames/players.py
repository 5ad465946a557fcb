"""The players of a replay: platform ids in one form, bots, header statistics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from impulse.decoding.array_call import id_text


@dataclass(frozen=True, slots=True)
class Player:
    """One player as the parser and the header know them."""

    team: str
    name: str
    platform: str
    player_id: str
    id_text: str
    """The id as the parser writes it, unique inside the replay."""
    is_bot: bool
    stats: dict[str, int | None]
    """score, goals, assists, saves, shots; all None when the header does not list the player."""


def read_players(meta: dict[str, Any]) -> tuple[list[Player], list[Player]]:
    """Return the blue and the orange players in the parser's order.

    Args:
        meta: the parser's ``replay_meta``.
    """
    return (
        [_player("blue", entry) for entry in meta["team_zero"]],
        [_player("orange", entry) for entry in meta["team_one"]],
    )


def _player(team: str, entry: dict[str, Any]) -> Player:
    kind, value = next(iter(entry["remote_id"].items()))
    stats = entry.get("stats") or None
    is_bot = kind == "SplitScreen" if stats is None else bool(stats.get("bBot", kind == "SplitScreen"))
    return Player(
        team=team,
        name=entry["name"],
        platform=kind.lower(),
        player_id=_platform_id(value),
        id_text=id_text(entry["remote_id"]),
        is_bot=is_bot,
        stats=_header_stats(stats),
    )


def _platform_id(value: object) -> str:
    if isinstance(value, dict):
        # Consoles carry a structure. PlayStation's numeric id is a placeholder in old files, its name never is.
        known = value.get("name") or value.get("online_id")
        return str(known) if known else json.dumps(value, sort_keys=True)
    return str(value)


def _header_stats(stats: dict[str, Any] | None) -> dict[str, int | None]:
    names = ("Score", "Goals", "Assists", "Saves", "Shots")
    if stats is None:
        return {name.lower(): None for name in names}
    # The game leaves zeros out of a player's statistics too.
    return {name.lower(): int(stats.get(name, 0)) for name in names}
