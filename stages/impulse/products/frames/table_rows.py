"""Rows of the tables that one replay gives: its facts, players, stints, goals and demolitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from impulse.decoding import array_call
from impulse.decoding.decoded import DecodedReplay
from impulse.decoding.listed import listed_people
from impulse.products.frames.build import Frames
from impulse.products.frames.goals import Goal
from impulse.products.frames.match_columns import match_columns
from impulse.products.frames.players import Player
from impulse.replay.container import ReplayHeader
from impulse.replay.facts import TEAMS, header_players
from impulse.schema.row_seconds import seconds_shown

Row = Mapping[str, Any]


def replay_facts(
    decoded: DecodedReplay, frames: Frames, header: ReplayHeader, *, objects: Sequence[str], demolitions_told: bool
) -> dict[str, Any]:
    """What parsing adds to a replay's row of the manifest."""
    people = (*decoded.people, *decoded.without_car)
    missing = [entry.name for entry, person in listed_people(people, header_players(header)) if person is None]
    return {
        **match_columns(decoded, frames, header, objects),
        "recorded_seconds": float(frames.time[-1] - frames.time[0]) if len(frames.time) else 0.0,
        "balls_at_once": decoded.balls_at_once,
        "people_missing": missing,
        "demolitions_known": demolitions_told,
        "decoder": "exact" if decoded.why_exact else "array",
        "why_exact": ";".join(decoded.why_exact) or None,
        "parser_version": array_call.parser_version(),
    }


def player_rows(replay_id: str, players: Sequence[Player], stints: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the replay's rows of the players table.

    Args:
        replay_id: identity of the rows.
        players: everyone, in the order of the people.
        stints: rows of :func:`stint_rows`.
    """
    rows = []
    for number, player in enumerate(players):
        mine = [stint for stint in stints if stint["player"] == number]
        last = max(
            mine,
            key=lambda stint: (-1 if stint["last_row"] is None else stint["last_row"], stint["team"] == player.team),
        )
        rows.append(
            {
                "replay_id": replay_id,
                "player": number,
                "slot": last["slot"],
                "team": last["team"],
                "name": player.name,
                "platform": player.platform,
                "player_id": player.player_id,
                "local_id": player.local_id,
                "is_guest": player.local_id > 0,
                "is_bot": player.is_bot,
                "rows_present": sum(stint["rows_present"] for stint in mine),
                "first_row": min((stint["first_row"] for stint in mine if stint["rows_present"]), default=None),
                "last_row": max((stint["last_row"] for stint in mine if stint["rows_present"]), default=None),
                "seconds_on_field": sum(stint["seconds_on_field"] for stint in mine),
                **player.facts,
            }
        )
    return rows


def stint_rows(replay_id: str, frames: Frames) -> list[dict[str, Any]]:
    """Return the replay's rows of the stints table, by slot and first row."""
    rows = []
    shown = seconds_shown(frames.held, frames.frame_time)
    for (person, team), slot, presence in zip(frames.stints, frames.slots, frames.presences, strict=True):
        where = np.flatnonzero(presence.present)
        rows.append(
            {
                "replay_id": replay_id,
                "player": person,
                "team": TEAMS[team],
                "slot": slot,
                "first_row": int(where[0]) if len(where) else None,
                "last_row": int(where[-1]) if len(where) else None,
                "rows_present": len(where),
                "seconds_on_field": float(shown[presence.present].sum()),
            }
        )
    return sorted(rows, key=lambda row: (row["slot"], -1 if row["first_row"] is None else row["first_row"]))


def goal_rows(
    replay_id: str, players: Sequence[Row], stints: Sequence[Row], goals: Sequence[Goal]
) -> list[dict[str, Any]]:
    """Return the replay's rows of the goals table.

    Args:
        replay_id: identity of the rows.
        players: its rows of the players table.
        stints: its rows of the stints table.
        goals: the goals; a scorer is known by his team then and his name.
    """
    rows = []
    for number, goal in enumerate(goals):
        scorers = [
            stint for stint in stints if stint["team"] == goal.team and players[stint["player"]]["name"] == goal.scorer
        ]
        scorer: Row = scorers[0] if len(scorers) == 1 else {}
        rows.append(
            {
                "replay_id": replay_id,
                "goal": number,
                "frame": goal.frame,
                "team": goal.team,
                "scorer": goal.scorer,
                "player": scorer.get("player"),
                "slot": scorer.get("slot"),
                "row": goal.row,
                "time": goal.time,
                "time_source": goal.time_source,
            }
        )
    return rows


def demolition_rows(replay_id: str, frames: Frames) -> list[dict[str, Any]]:
    """Return the replay's rows of the demolitions table."""
    slots, people = frames.slots, [stint.person for stint in frames.stints]
    rows = []
    for victim, presence in enumerate(frames.presences):
        for onset in presence.onsets:
            attacker = int(presence.attacker[onset])
            is_known = attacker < len(slots)
            rows.append(
                {
                    "replay_id": replay_id,
                    "row": int(onset),
                    "time": float(frames.time[onset]),
                    "victim_player": people[victim],
                    "victim_slot": slots[victim],
                    "attacker_player": people[attacker] if is_known else None,
                    "attacker_slot": slots[attacker] if is_known else None,
                }
            )
    return sorted(rows, key=lambda row: (row["row"], row["victim_slot"]))
