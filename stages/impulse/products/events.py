"""Events of a replay on request: touches, boost pickups, shots, saves, assists, goals, demolitions, refreshed dodges.

They come from the parser's frame data, which takes seconds a match; the tables that are always there cost nothing extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.decoding.array_call import id_text

TEAMS = ("blue", "orange")


def event_rows(
    replay_id: str,
    data: Mapping[str, Any],
    *,
    slots: Mapping[str, int],
    teams: Mapping[str, str],
    frame_time: npt.NDArray[np.float32],
) -> list[dict[str, Any]]:
    """Return the replay's rows of the events table, in the order of their network frames.

    Args:
        replay_id: identity of the rows.
        data: the parser's frame data.
        slots: slot of each player by the text of the id.
        teams: team of each player by the text of the id.
        frame_time: (rows,) time in s of the network frame of each row; an event belongs to the first row at or after it.
    """
    rows = []
    for kind, event, team in _events(data):
        who = id_text(event["player"]) if event.get("player") else None
        position = event.get("player_position") or {}
        at = int(np.searchsorted(frame_time, np.float32(event["time"])))
        rows.append(
            {
                "replay_id": replay_id,
                "kind": kind,
                "frame": event["frame"],
                "time": event["time"],
                "row": at if at < len(frame_time) else None,
                "team": team or teams.get(who or ""),
                "slot": slots.get(who or ""),
                "player_x": position.get("x"),
                "player_y": position.get("y"),
                "player_z": position.get("z"),
            }
        )
    return sorted(rows, key=lambda row: (row["frame"], row["kind"], -1 if row["slot"] is None else row["slot"]))


def _events(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str | None]]:
    """Yield kind, event and, where only the event tells it, the team."""
    for event in data["touch_events"]:
        yield "touch", event, TEAMS[not event["team_is_team_0"]]
    for event in data["boost_pad_events"]:
        if isinstance(event["kind"], Mapping) and "PickedUp" in event["kind"]:
            yield "boost_pickup", event, None
    for event in data["player_stat_events"]:
        yield event["kind"].lower(), event, TEAMS[not event["is_team_0"]]
    for event in data["goal_events"]:
        yield "goal", event, TEAMS[not event["scoring_team_is_team_0"]]
    for event in data["demolish_infos"]:
        yield "demolition", {**event, "player": event["attacker"], "player_position": event["attacker_location"]}, None
    for event in data["dodge_refreshed_events"]:
        yield "dodge_refresh", event, None
