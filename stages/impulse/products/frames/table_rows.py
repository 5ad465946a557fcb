"""Rows of the tables that one replay gives: its facts, players, goals and demolitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from impulse.decoding import array_call
from impulse.decoding.decoded import DecodedReplay
from impulse.products.frames.build import Frames
from impulse.products.frames.goals import Goal
from impulse.products.frames.players import Player
from impulse.replay.modes import game_mode
from impulse.schema.row_seconds import seconds_shown


def replay_facts(
    decoded: DecodedReplay, frames: Frames, *, objects: Sequence[str], demolitions_told: bool
) -> dict[str, Any]:
    """What parsing adds to a replay's row of the manifest."""
    season = decoded.meta.get("season") or {}
    era, number = season.get("era"), season.get("number")
    mode = game_mode(decoded.playlist_id, objects)
    return {
        "playlist_id": decoded.playlist_id,
        "mode": mode.value if mode else None,
        "season": f"{era} {number}" if era else None,
        "recorded_seconds": float(frames.time[-1] - frames.time[0]) if len(frames.time) else 0.0,
        "balls_at_once": decoded.balls_at_once,
        "demolitions_known": demolitions_told,
        "decoder": "exact" if decoded.why_exact else "array",
        "why_exact": ";".join(decoded.why_exact) or None,
        "parser_version": array_call.parser_version(),
    }


def player_rows(replay_id: str, players: Sequence[Player], frames: Frames) -> list[dict[str, Any]]:
    """Return the replay's rows of the players table."""
    rows = []
    shown = seconds_shown(frames.held, frames.frame_time)
    for player, slot, presence in zip(players, frames.slots, frames.presences, strict=True):
        present = presence.present
        where = np.flatnonzero(present)
        rows.append(
            {
                "replay_id": replay_id,
                "slot": slot,
                "team": player.team,
                "name": player.name,
                "platform": player.platform,
                "player_id": player.player_id,
                "is_bot": player.is_bot,
                "rows_present": len(where),
                "first_row": int(where[0]) if len(where) else None,
                "last_row": int(where[-1]) if len(where) else None,
                "seconds_on_field": float(shown[present].sum()),
                **player.stats,
            }
        )
    return rows


def goal_rows(replay_id: str, players: Sequence[dict[str, Any]], goals: Sequence[Goal]) -> list[dict[str, Any]]:
    """Return the replay's rows of the goals table."""
    rows = []
    for number, goal in enumerate(goals):
        slots = [player["slot"] for player in players if player["team"] == goal.team and player["name"] == goal.scorer]
        rows.append(
            {
                "replay_id": replay_id,
                "goal": number,
                "frame": goal.frame,
                "team": goal.team,
                "scorer": goal.scorer,
                "slot": slots[0] if len(slots) == 1 else None,
                "row": goal.row,
                "time": goal.time,
                "time_source": goal.time_source,
            }
        )
    return rows


def demolition_rows(replay_id: str, frames: Frames) -> list[dict[str, Any]]:
    """Return the replay's rows of the demolitions table."""
    slots = frames.slots
    rows = []
    for victim, presence in zip(slots, frames.presences, strict=True):
        for onset in presence.onsets:
            attacker = int(presence.attacker[onset])
            rows.append(
                {
                    "replay_id": replay_id,
                    "row": int(onset),
                    "time": float(frames.time[onset]),
                    "victim_slot": victim,
                    "attacker_slot": slots[attacker] if attacker < len(slots) else None,
                }
            )
    return sorted(rows, key=lambda row: (row["row"], row["victim_slot"]))
