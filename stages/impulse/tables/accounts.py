"""Who is a person: players whose id names the same account in every replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_GUESTS = "splitscreen"
"""Platform of bots and of guests at another player's console, whose ids mean nothing outside their replay."""


def account(player: Mapping[str, Any]) -> str | None:
    """Return platform and id of a player's account, ``steam:76561197960287930``; None for whoever has none.

    Bots and guests have none. Some recordings have zeros for an id, or a structure without a name or number in it, which
    parse writes as JSON.

    Args:
        player: platform, player_id and is_bot, as in the players table.
    """
    number = player["player_id"].strip("0")
    if player["is_bot"] or player["platform"] == _GUESTS or not number or number.startswith("{"):
        return None
    return f"{player['platform']}:{player['player_id']}"
