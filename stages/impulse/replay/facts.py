"""Facts about a match that its header tells: ids, date, map, scores. One function per question, one place for old spellings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from impulse.replay.container import ReplayHeader
from impulse.replay.properties import ByteValue, Property, StructValue

TEAMS = ("blue", "orange")
"""Teams by the game's numbers."""

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})[ :](\d{1,2})[-:](\d{2})(?:[-:](\d{2}))?")
_NO_ID = re.compile(r"0*")

SYNTHETIC_PREFIX = "Synthetic match "
"""Start of the header's ``ReplayName`` in every replay that impulse writes itself."""


@dataclass(frozen=True, slots=True)
class HeaderGoal:
    """One goal as the header lists it."""

    frame: int
    """Network frame."""
    team: str
    """blue or orange."""
    scorer: str
    """Name of the player."""


@dataclass(frozen=True, slots=True)
class HeaderPlayer:
    """One player as the header lists them; it leaves out many who left before the end."""

    name: str
    team: str
    platform: str | None
    """The header's word for it, for example Steam, PS4 or Dingo; None where it has none, as for bots."""
    accounts: tuple[str, ...]
    """Number on the platform and id at Epic, those that are there."""
    is_bot: bool
    stats: Mapping[str, int | None]
    """score, goals, assists, saves, shots."""
    local_id: int = 0
    """Number at the screen, where the header tells it; 0 for all but guests."""


def header_players(header: ReplayHeader) -> list[HeaderPlayer]:
    """Return the header's statistics of players."""
    listed = header.get("PlayerStats")
    return [_header_player(entry) for entry in listed] if isinstance(listed, tuple) else []


def _header_player(entry: tuple[Property, ...]) -> HeaderPlayer:
    values = {item.name: item.value for item in entry}
    identity = values.get("PlayerID")
    ids = {item.name: item.value for item in identity.properties} if isinstance(identity, StructValue) else {}
    # The game leaves zeros out of a player's statistics too.
    stats = {name.lower(): _whole(values.get(name)) for name in ("Score", "Goals", "Assists", "Saves", "Shots")}
    return HeaderPlayer(
        name=str(values.get("Name", "")),
        team="orange" if values.get("Team") == 1 else "blue",
        platform=_platform(values.get("Platform")),
        accounts=tuple(str(value) for value in (values.get("OnlineID"), ids.get("EpicAccountId")) if value),
        is_bot=values.get("bBot") is True,
        stats=stats,
        local_id=_local_id(ids.get("SplitscreenID")),
    )


def _local_id(value: object) -> int:
    found = value.value if isinstance(value, ByteValue) else value
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def _platform(value: object) -> str | None:
    """Return the platform's name; it is the value of an enumeration, or its kind in the first years."""
    spelled = (value.value or value.kind) if isinstance(value, ByteValue) else None
    name = spelled.removeprefix("OnlinePlatform_") if isinstance(spelled, str) else ""
    return name if name not in ("", "Unknown") else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def header_goals(header: ReplayHeader) -> list[HeaderGoal]:
    """Return the header's list of goals in the order of their frames."""
    listed = header.get("Goals")
    goals = []
    for entry in listed if isinstance(listed, tuple) else ():
        values = {item.name: item.value for item in entry}
        frame, team = values.get("frame"), values.get("PlayerTeam")
        goals.append(
            HeaderGoal(
                frame=frame if isinstance(frame, int) else 0,
                team="orange" if team == 1 else "blue",
                scorer=str(values.get("PlayerName", "")),
            )
        )
    return sorted(goals, key=lambda goal: goal.frame)


def is_synthetic(header: ReplayHeader) -> bool:
    """Tell whether a replay was written by impulse and shows no real match."""
    return str(header.get("ReplayName") or "").startswith(SYNTHETIC_PREFIX)


MAX_NAME_LENGTH = 200
"""Characters of names that are kept; longer ones are no names."""


def header_facts(header: ReplayHeader) -> dict[str, Any]:
    """Return the header's columns of the manifest."""
    versions = [header.major, header.minor, header.net_version]
    return {
        "recording_id": match_id(header.get("Id")),
        "match_guid": match_id(header.get("MatchGUID")) or match_id(header.get("MatchGuid")),
        "date": recording_date(header.get("Date")),
        "started_at": _instant(header.get("MatchStartEpoch")),
        "recorder_name": _text(header.get("PlayerName")),
        "replay_name": _text(header.get("ReplayName")),
        "map_code": _text(header.get("MapName")),
        "match_type": _text(header.get("MatchType")),
        "header_team_size": _number(header.get("TeamSize")),
        "blue_score": _number(header.get("Team0Score")) or 0,
        "orange_score": _number(header.get("Team1Score")) or 0,
        "is_forfeit": header.get("bForfeit") is True
        or (False if tells_outcome(header) and not is_unfinished(header) else None),
        "match_seconds": _number(header.get("TotalSecondsPlayed")),
        "record_fps": _number(header.get("RecordFPS")),
        "network_frames": _number(header.get("NumFrames")),
        "build_version": _text(header.get("BuildVersion")),
        "is_synthetic": is_synthetic(header),
        "format_version": ".".join(str(part) for part in versions if part is not None),
    }


def is_unfinished(header: ReplayHeader) -> bool:
    """Tell whether a recording was saved before its match was over, by the headers that tell it."""
    return header.get("bIsUnfinishedMatchReplay") is True


def tells_outcome(header: ReplayHeader) -> bool:
    """Tell whether a header says who won, and whether a team forfeited, unless it was the usual one.

    The game leaves out false and 0, which is blue, so that what is absent may be so, or may not be told. Headers tell since they have
    the time of the start, from about 2024 on.
    """
    return header.get("MatchStartEpoch") is not None


def header_winner(header: ReplayHeader) -> str | None:
    """Return the team that won as the header tells it; None where it does not, and for a match that was not over (-1)."""
    number = header.get("WinningTeam")
    if isinstance(number, int):
        return dict(enumerate(TEAMS)).get(number)
    facts = header_facts(header)
    is_told = tells_outcome(header) and (facts["is_forfeit"] or facts["blue_score"] > facts["orange_score"])
    return TEAMS[0] if is_told else None


def file_facts(header: ReplayHeader, *, size: int) -> dict[str, Any]:
    """Return the columns of the manifest that a file tells: those of its header, and how many bytes follow its body.

    Args:
        header: read of the whole file, or of a start that has the body's size too.
        size: bytes of the whole file, whose lengths hold.
    """
    return {**header_facts(header), "trailing_bytes": header.trailing_bytes(size)}


def content_id(sha256: str) -> str:
    """Return the id of a replay that no source gave one: half of its SHA-256, 128 bits in hexadecimal."""
    return sha256[:32]


def match_id(value: object) -> str | None:
    """Return an id of a match or recording in upper case, None for an absent one and for the all-zero placeholder."""
    text = value.strip().upper() if isinstance(value, str) else ""
    return None if _NO_ID.fullmatch(text) else text


def recording_date(value: object) -> datetime | None:
    """Return the start of a recording, in the recorder's local time, from any of the header's spellings."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    parts = [int(part or 0) for part in found.groups()]
    try:
        return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - the header has no time zone
    except ValueError:
        return None


def _instant(value: object) -> datetime | None:
    """Return a time of the header, s since 1970, in UTC; None for none."""
    try:
        return datetime.fromtimestamp(value, UTC).replace(tzinfo=None) if isinstance(value, int) and value > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _text(value: object) -> str | None:
    return value[:MAX_NAME_LENGTH] if isinstance(value, str) and value else None


def _number(value: object) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
