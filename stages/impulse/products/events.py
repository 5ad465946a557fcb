"""Events of a replay on request: touches, boost pickups, shots, saves, assists, goals, demolitions, refreshed dodges.

They come from the parser's frame data, which takes seconds a match; the tables that are always there cost nothing extra.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.decoding.array_call import decode_frames, id_text, reading_raw_data

USES = ("decoding",)
"""What this product uses beside the ground rooms; its digest covers them."""

TEAMS = ("blue", "orange")


def make_events(
    path: Path,
    *,
    replay_id: str,
    players: Sequence[Mapping[str, Any]],
    player_ids: Sequence[str],
    stints: Sequence[Mapping[str, Any]],
    frame_time: npt.NDArray[np.float32],
) -> list[dict[str, Any]]:
    """Return the replay's rows of the events table, in the order of their network frames.

    Args:
        path: the file.
        replay_id: identity of the rows.
        players: its rows of the players table.
        player_ids: their ids as the parser writes them; it knows no difference between those who have one in common.
        stints: its rows of the stints table.
        frame_time: (rows,) time in s of the network frame of each row; an event belongs to the first row at or after it.

    Raises:
        ReplayError: the parser refused the replay, or its frame data is not of the form expected; the reason code says how.
    """
    alone = {name for name, count in Counter(player_ids).items() if count == 1}
    by_id = {
        name: [stint for stint in stints if stint["player"] == player["player"]]
        for name, player in zip(player_ids, players, strict=True)
        if name in alone
    }
    data = decode_frames(path)
    with reading_raw_data():
        rows = [_row(event, kind, team, by_id, frame_time) for kind, event, team in _events(data)]
    rows.sort(key=lambda row: (row["frame"], row["kind"], -1 if row["slot"] is None else row["slot"]))
    return [{"replay_id": replay_id, **row} for row in rows]


def _row(
    event: Mapping[str, Any],
    kind: str,
    team: str | None,
    by_id: Mapping[str, Sequence[Mapping[str, Any]]],
    frame_time: npt.NDArray[np.float32],
) -> dict[str, Any]:
    x, y, z = _position(event)
    at = int(np.searchsorted(frame_time, np.float32(event["time"])))
    stint = _stint(by_id.get(id_text(event["player"]), ()) if event.get("player") else (), team, at)
    return {
        "kind": kind,
        "frame": event["frame"],
        "time": event["time"],
        "row": at if at < len(frame_time) else None,
        "team": team or stint.get("team"),
        "player": stint.get("player"),
        "slot": stint.get("slot"),
        "player_x": x,
        "player_y": y,
        "player_z": z,
    }


def _stint(stints: Sequence[Mapping[str, Any]], team: str | None, row: int) -> Mapping[str, Any]:
    """Return in which of a player's stints an event was: in that of its team, else in the last that began before it."""
    mine = [stint for stint in stints if team is None or stint["team"] == team] or stints
    order = sorted(mine, key=lambda stint: stint["first_row"] or 0)
    begun = [stint for stint in order if (stint["first_row"] or 0) <= row]
    return next(iter([*begun[-1:], *order]), {})


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


def _position(event: Mapping[str, Any]) -> Sequence[float | None]:
    """Return x, y, z of the player: some events name them, others list them, and some do not tell."""
    position = event.get("player_position") or (None, None, None)
    return [position[axis] for axis in "xyz"] if isinstance(position, Mapping) else position
