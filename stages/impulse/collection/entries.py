"""Entries of the API's lists: what is kept of them, read with care because every field but the id may be missing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from impulse.errors import UnexpectedResponse
from impulse.replay.facts import match_id

MAX_ID_LENGTH = 200
MAX_TEXT_LENGTH = 200
"""Characters of a title or of a group's name that are kept; longer ones are no names, and each replay repeats them."""
_PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")
_PLATFORMS = {"ps4": "playstation", "ps5": "playstation"}
"""Platforms that the API calls otherwise than impulse does."""
_DIVISIONS = range(1, 5)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group as a list or its own page shows it."""

    id: str
    name: str
    direct: int | None = None
    """Replays that are in the group itself, by the server's count; None where it does not say."""
    indirect: int | None = None
    """The same with all that are in groups below it."""

    @classmethod
    def from_api(cls, entry: object) -> ListedGroup:
        """Return the group of one entry.

        Raises:
            UnexpectedResponse: it is not an entry with a usable id.
        """
        counts = (_count(_value(entry, name)) for name in ("direct_replays", "indirect_replays"))
        return cls(_id(entry), _text(_value(entry, "name")) or "", *counts)


@dataclass(frozen=True, slots=True)
class ListedReplay:
    """A replay as a list shows it."""

    id: str
    """Id on the server, any text."""
    metadata: Mapping[str, Any]
    """Playlist, season, ranks, uploader, players and times; without what is missing."""

    @classmethod
    def from_api(cls, entry: object) -> ListedReplay:
        """Return the replay of one entry.

        Raises:
            UnexpectedResponse: it is not an entry with a usable id.
        """
        metadata = {
            "recording_id": match_id(_value(entry, "rocket_league_id")),
            "title": shortened(_text(_value(entry, "replay_title")) or ""),
            "created": _text(_value(entry, "created")),
            "playlist": _text(_value(entry, "playlist_id")),
            "season": _season(entry),
            "min_rank": _text(_value(_value(entry, "min_rank"), "id")),
            "max_rank": _text(_value(_value(entry, "max_rank"), "id")),
            "uploader_id": _text(_value(_value(entry, "uploader"), "steam_id")),
            "players": [player for team in ("blue", "orange") for player in _players(_value(entry, team), team)],
        }
        return cls(_id(entry), {name: value for name, value in metadata.items() if value})

    @property
    def replay_id(self) -> str:
        """Id of the replay in this project: the one on the server, or its hash where that is no plain file name."""
        return safe_id(self.id)

    @property
    def recording_id(self) -> str | None:
        """Id of the recording, as in the file's header."""
        found = self.metadata.get("recording_id")
        return None if found is None else str(found)

    @property
    def precedence(self) -> tuple[str, str]:
        """Sorts the uploads of one recording; the first upload is the one to take."""
        created = uploaded_at(self.metadata.get("created"))
        return (created.isoformat() if created else "", self.id)

    def manifest_columns(self) -> dict[str, Any]:
        """Return the columns of the manifest that only the API knows."""
        return {
            "playlist": self.metadata.get("playlist"),
            "season_api": self.metadata.get("season"),
            "min_rank": self.metadata.get("min_rank"),
            "max_rank": self.metadata.get("max_rank"),
            "uploader_id": self.metadata.get("uploader_id"),
            "title": self.metadata.get("title"),
            "uploaded_at": uploaded_at(self.metadata.get("created")),
        }

    def listed_players(self) -> list[dict[str, Any]]:
        """Return the replay's rows of the listed players: team, name, id and rank, None where the API is silent."""
        return [_player_row(player, self.replay_id) for player in self.metadata.get("players", ())]


def shortened(text: str) -> str:
    """Return what strangers wrote, without space around it and no longer than :data:`MAX_TEXT_LENGTH`; else as it is."""
    return text.strip()[:MAX_TEXT_LENGTH].rstrip()


def safe_id(server_id: str) -> str:
    """Return an id that is a file name on every system: the server's own, or a hash of one that is anything else.

    Ids that differ in nothing but case would be one file on some systems, so only lower case counts as plain.
    """
    if _PLAIN_ID.fullmatch(server_id):
        return server_id
    return "x" + hashlib.sha256(server_id.encode("utf-8", errors="surrogatepass")).hexdigest()[:31]


def uploaded_at(text: object) -> datetime | None:
    """Return an RFC 3339 time in UTC, without zone and fractions; None for anything else."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        time = datetime.fromisoformat(found[1] + (found[2] or "Z"))
        return time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _id(entry: object) -> str:
    found = _value(entry, "id")
    # A path of dots alone would be resolved away from the URL of a call.
    if not isinstance(found, str) or not found.strip(". ") or len(found) > MAX_ID_LENGTH or not found.isprintable():
        raise UnexpectedResponse("an entry of a list has no usable id")
    return found


def _value(entry: object, name: str) -> object:
    return entry.get(name) if isinstance(entry, dict) else None


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).encode("utf-8", errors="replace").decode() or None  # halves of surrogate pairs are no text


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**31 else None


def _season(entry: object) -> str | None:
    number = _text(_value(entry, "season"))
    return f"f{number}" if number and _value(entry, "season_type") == "free2play" else number


def _player_row(player: Mapping[str, Any], replay_id: str) -> dict[str, Any]:
    platform, account = player.get("platform"), player.get("id")
    division = player.get("division")
    return {
        "replay_id": replay_id,
        "team": player["team"],
        "name": player.get("name"),
        "platform": _PLATFORMS.get(platform, platform) if platform else None,
        "player_id": account,
        "player_id_api": f"{platform}:{account}" if platform and account else None,
        "rank": player.get("rank"),
        "rank_division": division if type(division) is int and division in _DIVISIONS else None,
    }


def _players(team: object, color: str) -> list[dict[str, Any]]:
    listed = _value(team, "players")
    players = []
    for player in listed if isinstance(listed, list) else ():
        account = _value(player, "id")
        found = {
            "team": color,
            "name": _text(_value(player, "name")),
            "platform": _text(_value(account, "platform")),
            "id": _text(_value(account, "id")),
            "rank": _text(_value(_value(player, "rank"), "id")),
            "division": _value(_value(player, "rank"), "division"),
        }
        players.append({name: value for name, value in found.items() if value})
    return players
