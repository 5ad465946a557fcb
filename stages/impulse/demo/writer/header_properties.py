"""The header of a synthetic replay: its properties, and the mark that tells it from a real one.

Owns: which properties a header has, in the game's order. Zeros are left out where the game leaves them out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from impulse.demo.match.draws import Draws
from impulse.demo.match.people import Platform, Player
from impulse.demo.match.truth import Match, MatchPlayer
from impulse.demo.writer import attributes
from impulse.demo.writer.classes import MAX_CHANNELS
from impulse.demo.writer.plan import GuidPlace, RecordingPlan
from impulse.demo.writer.version import LATEST, FormatVersion
from impulse.replay.container import ReplayHeader
from impulse.replay.facts import SYNTHETIC_PREFIX
from impulse.replay.properties import ByteValue, Property, StructValue

CLASS_NAME = "TAGame.Replay_Soccar_TA"
RECORD_FPS = 30.0
"""Frames a second that the game aims at (real headers)."""
KEYFRAME_DELAY_S = 10.0
"""Time between keyframes (real headers)."""


def make_header(
    match: Match,
    version: FormatVersion,
    *,
    replay_id: str,
    match_guid: str,
    plan: RecordingPlan,
    clock_ahead: timedelta = timedelta(),
) -> ReplayHeader:
    """Return the header of a recording.

    Args:
        match: what was recorded.
        version: format version.
        replay_id: 32 hex digits, identity of the recording.
        match_guid: 32 hex digits, identity of the match; only the latest version stores it.
        plan: who recorded, whose statistics are listed first, and what is told of the match.
        clock_ahead: how far the recorder's clock was ahead of the match's start when the recording was saved.
    """
    start = datetime.strptime(version.date, "%Y-%m-%d").replace(tzinfo=UTC)
    start += timedelta(seconds=Draws(match.seed, "date").integer(0, 86_000))
    changelist = int(version.build.rsplit(".", 1)[-1])
    blue, orange = match.final_scores
    properties = [_int("TeamSize", match.team_size)]
    if match.is_forfeit:
        properties.append(Property("bForfeit", "BoolProperty", value=True))
    properties += [_int(f"Team{team}Score", score) for team, score in enumerate((blue, orange)) if score]
    if version == LATEST:
        properties.append(Property("TotalSecondsPlayed", "FloatProperty", _seconds_played(match)))
        properties.append(Property("MatchStartEpoch", "QWordProperty", int(start.timestamp())))
        if plan.is_unfinished:
            properties += [_int("WinningTeam", -1), Property("bIsUnfinishedMatchReplay", "BoolProperty", value=True)]
        elif match.winner:
            properties.append(_int("WinningTeam", match.winner))
    properties.append(Property("Goals", "ArrayProperty", tuple(_goals(match))))
    properties.append(Property("HighLights", "ArrayProperty", ()))
    there = [
        _whole_match(match, number)
        for number, (joined, left) in enumerate(zip(match.joined, match.left, strict=True))
        if joined < left == match.frames  # who has left is not listed
    ]
    stats = tuple(_player_stats(who, version) for who in there)
    first = plan.recorder % len(stats) if stats else 0
    properties.append(Property("PlayerStats", "ArrayProperty", stats[first:] + stats[:first]))
    # Version counters and limits are those of real headers of 2026; the parser ignores them in any version.
    properties += [
        _text("ReplayName", f"{SYNTHETIC_PREFIX}{match.seed}"),
        _int("ReplayVersion", 8),
        _int("ReplayLastSaveVersion", 9),
        _int("GameVersion", 30),
        _int("BuildID", 0),
        _int("Changelist", changelist),
        _text("BuildVersion", version.build),
        _int("ReserveMegabytes", 4),
        Property("RecordFPS", "FloatProperty", RECORD_FPS),
        Property("KeyframeDelay", "FloatProperty", KEYFRAME_DELAY_S),
        _int("MaxChannels", MAX_CHANNELS),
        _int("MaxReplaySizeMB", 10),
        _text("Id", replay_id),
    ]
    if version == LATEST and plan.guid in (GuidPlace.USUAL, GuidPlace.OTHERWISE):
        properties.append(_text("MatchGUID" if plan.guid is GuidPlace.USUAL else "MatchGuid", match_guid))
    properties += [
        *([_text("PlayerName", there[first].player.name)] if there and version != LATEST else []),
        Property("MapName", "NameProperty", match.map_name),
        _text("Date", (start + clock_ahead).strftime("%Y-%m-%d %H-%M-%S")),
        _int("NumFrames", match.frames),
        Property("MatchType", "NameProperty", version.match_type),
    ]
    return ReplayHeader(version.major, version.minor, version.net, CLASS_NAME, tuple(properties), end=0)


def _seconds_played(match: Match) -> float:
    return abs(float(match.seconds_remaining[0] - match.seconds_remaining[-1]))


def _int(name: str, value: int) -> Property:
    return Property(name, "IntProperty", value)


def _text(name: str, value: str) -> Property:
    return Property(name, "StrProperty", value)


def _byte(name: str, value: int, array_index: int = 0) -> Property:
    return Property(name, "ByteProperty", ByteValue("None", value), array_index)


def _qword(name: str, value: int, array_index: int = 0) -> Property:
    return Property(name, "QWordProperty", value, array_index)


def _struct(name: str, kind: str, *properties: Property) -> Property:
    return Property(name, "StructProperty", StructValue(kind, properties))


def _goals(match: Match) -> list[tuple[Property, ...]]:
    return [
        (
            _int("frame", goal.frame),
            _text("PlayerName", match.players[goal.scorer].player.name),
            _int("PlayerTeam", goal.team),
        )
        for goal in match.goals
    ]


def _whole_match(match: Match, number: int) -> MatchPlayer:
    """Return a player with what he did for either team, in the one he ends in."""
    parts = [match.players[part] for part in match.parts_of(number)]
    goals, assists = sum(part.goals for part in parts), sum(part.assists for part in parts)
    return replace(match.players[number], goals=goals, assists=assists)


def _player_stats(who: MatchPlayer, version: FormatVersion) -> tuple[Property, ...]:
    platform = Property(
        "Platform", "ByteProperty", ByteValue("OnlinePlatform", f"OnlinePlatform_{who.player.platform.value}")
    )
    return (
        _player_id(who.player, platform, version),
        _text("Name", who.player.name),
        platform,
        _qword("OnlineID", who.player.number),
        *(
            _int(name, value)
            for name, value in (
                ("Team", who.team),
                ("Score", who.score),
                ("Goals", who.goals),
                ("Assists", who.assists),
                ("Saves", 0),
                ("Shots", who.shots),
            )
        ),
        Property("bBot", "BoolProperty", value=who.player.platform is Platform.BOT),
    )


def _player_id(player: Player, platform: Property, version: FormatVersion) -> Property:
    block = bytes(40)
    if player.platform is Platform.PLAYSTATION:
        block = attributes.playstation_block(player, version)[:-8].ljust(40, b"\0")
    words = [int.from_bytes(block[start : start + 8], "little") for start in range(0, 40, 8)]
    handle = _struct(
        "Handle",
        "SceNpOnlineId",
        _qword("Data", words[0]),
        _qword("Data", words[1], 1),
        _byte("Term", 0),
        *(_byte("Dummy", 0, index) for index in range(3)),
    )
    return _struct(
        "PlayerID",
        "UniqueNetId",
        _qword("Uid", player.number),
        _struct("NpId", "SceNpId", handle, _qword("Opt", words[2]), _qword("Reserved", words[3])),
        _text("EpicAccountId", player.account if player.platform is Platform.EPIC else ""),
        platform,
        _byte("SplitscreenID", player.local_id),
    )
