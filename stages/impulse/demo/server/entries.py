"""What the list of replays says of a synthetic recording: the same as its file.

Owns: the ranks of synthetic players, which no replay file has.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from impulse.demo.match.draws import Draws
from impulse.demo.match.people import Platform, Player
from impulse.demo.match.truth import Match, MatchPlayer
from impulse.demo.writer.casting import PLAYLISTS, PRIVATE_PLAYLIST
from impulse.demo.writer.recording import Recording
from impulse.replay.container import read_header
from impulse.replay.facts import header_facts
from impulse.replay.modes import PLAYLISTS as PLAYLIST_NAMES

_PLATFORMS = {
    Platform.STEAM: "steam",
    Platform.EPIC: "epic",
    Platform.PLAYSTATION: "ps4",
    Platform.XBOX: "xbox",
    Platform.SWITCH: "switch",
}
"""Platforms by the API's names."""
_RANKS = (*(f"{name}-{step}" for name in ("champion", "grand-champion") for step in (1, 2, 3)), "supersonic-legend")
"""Ranks of the players of a league, the lowest first."""
_FIRST_TIER = 16
"""Number of the lowest of them; bronze-1 is 1 (captured answers)."""


def entry_of(recording: Recording, *, seed: int) -> dict[str, Any]:
    """Return the fields of a replay's entry that its file tells, and the ranks.

    Args:
        recording: the recording.
        seed: decides the ranks of players.
    """
    header = read_header(recording.data)
    facts, match = header_facts(header), recording.match
    ranks = [rank for who in match.players if (rank := _rank(who.player, seed)) is not None]
    entry = {
        "rocket_league_id": facts["recording_id"],
        "map_code": match.map_name.lower(),
        "playlist_id": PLAYLIST_NAMES[PLAYLISTS.get(match.team_size, PRIVATE_PLAYLIST)][0],
        "duration": round(float(match.seconds_remaining[0] - match.seconds_remaining[-1])) or None,
        "overtime": False,
        "season": 17,
        "season_type": "free2play",
        "date": facts["date"].isoformat() + _zone(recording.plan.zone_minutes),
        "date_has_tz": True,
        "visibility": "public",
        "min_rank": min(ranks, key=_tier, default=None),
        "max_rank": max(ranks, key=_tier, default=None),
        "blue": _team(match, 0, seed),
        "orange": _team(match, 1, seed),
    }
    return _without_absent(entry)


def recorded_at(recording: Recording) -> datetime:
    """Return when a recording was saved."""
    saved: datetime = header_facts(read_header(recording.data))["date"]
    return saved.replace(tzinfo=UTC) - timedelta(minutes=recording.plan.zone_minutes)


def _team(match: Match, team: int, seed: int) -> dict[str, Any]:
    numbers = [number for number, who in enumerate(match.players) if who.team == team]
    # Whoever changed sides is in the team that he ended in.
    players = [_player(match, number, seed) for number in numbers if number == match.parts_of(number)[-1]]
    return _without_absent({"goals": match.final_scores[team] or None, "players": players or None})


def _player(match: Match, number: int, seed: int) -> dict[str, Any]:
    who, last = match.players[number], match.frames - 1
    player = {
        "start_time": float(match.time[min(match.joined[match.parts_of(number)[0]], last)]),
        "end_time": float(match.time[min(match.left[number], last)]),
        "name": who.player.name,
        "id": _account(who),
        "rank": _rank(who.player, seed),
        "score": who.score,
    }
    return _without_absent(player)


def _account(who: MatchPlayer) -> dict[str, str]:
    """Return platform and id, nothing for a bot; the service writes the bytes of an Xbox account, lowest first."""
    player = who.player
    if player.platform is Platform.BOT:
        return {}
    number = player.number.to_bytes(8, "little").hex() if player.platform is Platform.XBOX else str(player.number)
    return {"platform": _PLATFORMS[player.platform], "id": player.account or number}


def _rank(player: Player, seed: int) -> dict[str, Any] | None:
    """Return a player's rank, the same in every match; bots have none."""
    if player.platform is Platform.BOT:
        return None
    draws = Draws(seed, "rank", player.name)
    place = draws.integer(0, len(_RANKS) - 1)
    return {"id": _RANKS[place], "tier": _FIRST_TIER + place, "division": draws.integer(1, 4)}


def _without_absent(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is None; the service sends no nulls."""
    return {name: value for name, value in fields.items() if value is not None}


def _tier(rank: dict[str, Any]) -> tuple[int, int]:
    return rank["tier"], rank["division"]


def _zone(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
