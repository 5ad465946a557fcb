"""Columns of the replays table that tell of the match as a whole, each from wherever the file tells it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from impulse.decoding.decoded import DecodedReplay
from impulse.products.frames.build import Frames
from impulse.replay.container import ReplayHeader
from impulse.replay.facts import TEAMS, header_facts, header_winner, is_unfinished
from impulse.replay.modes import game_mode, mutators_of
from impulse.schema.frames import KICKOFF_STATE

SEASONS_KNOWN_UNTIL = datetime(2026, 6, 10) + timedelta(days=77)  # noqa: DTZ001 - headers have local times
"""The parser, 1.5.1, knows when seasons began, the last one on 2026-06-10; the shortest season of free to play lasted 77 days."""


def match_columns(
    decoded: DecodedReplay, frames: Frames, header: ReplayHeader, objects: Sequence[str]
) -> dict[str, Any]:
    """Return the columns that parse adds of the match.

    Args:
        decoded: the replay.
        frames: made of it.
        header: the file's.
        objects: its table.
    """
    facts, told = header_facts(header), decoded.match
    mode = game_mode(decoded.playlist_id, objects, told.items)
    # Nothing is known of files in which both are there and differ. The header's is written once, for the match that was recorded.
    guid = facts["match_guid"] or told.guid
    is_overtime = None if told.has_unlimited_time else told.is_overtime or _shows_overtime(frames)
    is_over = is_overtime or (not told.has_unlimited_time and _ran_out(frames))
    by_network = None if is_unfinished(header) and not told.is_forfeit else told.is_forfeit
    return {
        "match_guid": guid,
        "is_forfeit": _is_forfeit(facts["is_forfeit"], by_network),
        "winner": header_winner(header) or (_winner_by_score(facts, header) if is_over else None),
        "is_overtime": is_overtime,
        "has_unlimited_time": told.has_unlimited_time,
        "mutators": mutators_of(told.rules, mode),
        "server_name": told.server_name,
        "server_region": told.server_region,
        "blue_name": told.team_names[0],
        "orange_name": told.team_names[1],
        "playlist_id": decoded.playlist_id,
        "mode": mode.value if mode else None,
        "season": season(decoded.meta, facts["date"]),
    }


def season(meta: dict[str, Any], date: datetime | None) -> str | None:
    """Return the season by the parser; None where it guesses: before free to play, and after the last one that it knows."""
    found = meta.get("season") or {}
    if found.get("era") != "FreeToPlay" or date is None or date >= SEASONS_KNOWN_UNTIL:
        return None
    return f"{found['era']} {found['number']}"


def _is_forfeit(by_header: bool | None, by_network: bool | None) -> bool | None:
    if by_header is None or by_network is None:
        return by_network if by_header is None else by_header
    return by_header or by_network


def _ran_out(frames: Frames) -> bool:
    """Tell whether time had run out when the recording was saved; where it had not, the match may have gone on."""
    clock = frames.table["seconds_remaining"].drop_null()
    return len(clock) > 0 and clock[-1].as_py() <= 0


def _winner_by_score(facts: dict[str, Any], header: ReplayHeader) -> str | None:
    """Return the team with the higher score where the header tells no winner, nor that there is none."""
    blue, orange = (facts[f"{team}_score"] for team in TEAMS)
    return None if header.get("WinningTeam") is not None or blue == orange else TEAMS[int(orange > blue)]


def _shows_overtime(frames: Frames) -> bool | None:
    """Tell whether the frames show a kickoff with no time left; None where clock or phase are never told."""
    clock, state = frames.table["seconds_remaining"], frames.table["game_state"]
    if clock.null_count == len(clock) or state.null_count == len(state):
        return None
    if KICKOFF_STATE not in frames.state_names:
        return False
    in_kickoff = frames.states == frames.state_names.index(KICKOFF_STATE)
    # As a list, because Arrow imports pandas (35 MB) to compare with a number or to make an array of numpy.
    return any(seconds == 0 for seconds, is_kickoff in zip(clock.to_pylist(), in_kickoff, strict=True) if is_kickoff)
