"""Events of a replay on request, by the parser's own rules: touches, passes, pickups, flips, ..., and spans such as possessions.

Owns: the form of the events table. What all kinds have is a column each; the rest is the event's detail, a JSON object.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from impulse.decoding.array_call import call_events, id_text, reading_raw_data
from impulse.decoding.parsed_file import ParsedFile
from impulse.replay.facts import TEAMS

USES = ("decoding",)
"""What this product uses beside the ground rooms; its digest covers them."""

BETWEEN_TEAMS = {"fifty_fifty": "team_one_player"}
"""Kinds of events that are of both teams, and the field that has orange's player. The parser gives blue's as the player of the event,
and the winner as its team, so that a won one would be lost by whom it names."""

TOUCH = "touch"

PLAIN_TAG = {"group", "value"}
"""What a class has that needs no detail."""

COUNTS = ("goals", "assists", "saves", "shots")
"""What events and header both count of a player."""

Row = dict[str, Any]
Stints = Sequence[Mapping[str, Any]]


def make_events(file: ParsedFile) -> dict[str, list[Row]]:
    """Return the replay's rows of the events table, in the order of their network frames.

    Raises:
        ReplayError: the parser refused the replay, or what it gives is not of the form expected; the reason code says how.
    """
    people = dict(file.people())
    events = call_events(file.path)
    with reading_raw_data():
        rows = [_row(event, file, people) for event in events]
    rows.sort(
        key=lambda row: (row["frame"], row["kind"], _order(row["player"]), row["detail"])
    )  # the parser's order varies
    return {"events": [{"replay_id": file.replay_id, "event": number, **row} for number, row in enumerate(rows)]}


def differences(rows: Iterable[Mapping[str, Any]], file: ParsedFile) -> list[str]:
    """Return whose counts by events are not those of the header, as ``name: goals 1, header 2; shots 3, header 4``.

    Left out is of whom the header tells nothing, and who shares an account, whose events name nobody.

    Args:
        rows: of the events table.
        file: the replay.
    """
    counted: Counter[tuple[int | None, str]] = Counter()
    for row in rows:
        if row["kind"] == "core_player":
            detail = json.loads(row["detail"])
            for count in COUNTS:
                counted[row["player"], count] += detail.get(f"{count}_delta") or 0
    found = []
    for player, account in zip(file.players, file.player_ids, strict=True):
        if player["stats_source"] == "header" and file.player_ids.count(account) == 1:
            differ = [
                f"{count} {mine}, header {player[count]}"
                for count in COUNTS
                if (mine := counted[player["player"], count]) != player[count]
            ]
            if differ:
                found.append(f"{player['name']}: {'; '.join(differ)}")
    return found


def _order(number: int | None) -> int:
    return -1 if number is None else number


def _row(event: Mapping[str, Any], file: ParsedFile, people: Mapping[str, Stints]) -> Row:
    meta, payload = event["meta"], event["payload"].get("payload") or {}
    if meta["stream"] == TOUCH:
        meta = _of_touch(meta, payload)
    orange = BETWEEN_TEAMS.get(meta["stream"])
    timing, team = meta["timing"], None if orange else meta.get("team_is_team_0")
    start, is_span = ("start_", True) if timing["type"] == "span" else ("", False)
    time, end = timing[f"{start}time"], timing["end_time"] if is_span else None
    team = None if team is None else TEAMS[not team]
    row, end_row = file.row_at(time), None if end is None else file.row_at(end)
    mine = _stint(meta.get("primary_player"), people, team, row)
    other = _stint(payload.get(orange) if orange else meta.get("secondary_player"), people, None, row)
    tags = payload.get("tags")
    return {
        "kind": meta["stream"],
        "frame": timing[f"{start}frame"],
        "end_frame": timing["end_frame"] if is_span else None,
        "time": time,
        "end_time": end,
        "row": row,
        "end_row": end_row,
        "team": None if orange else team or mine.get("team"),
        "player": mine.get("player"),
        "slot": mine.get("slot"),
        "other_player": other.get("player"),
        "other_slot": other.get("slot"),
        **_place("player", meta),
        **_place("ball", meta),
        "confidence": meta.get("confidence"),
        "tags": None if tags is None else sorted(map(_tag, tags)),
        "detail": _detail(meta, payload, people),
    }


def _of_touch(meta: Mapping[str, Any], payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a touch as the moment that it is.

    The parser gives many as the span of the ball's movement after it, which may begin half a second later, and with the player's
    position at the end of that. What it tells of the movement is in the detail.
    """
    at_touch = {
        "timing": {"type": "moment", "frame": payload["frame"], "time": payload["time"]},
        "ball_position": payload["ball_position"],
    }
    is_of_movement = meta["timing"]["type"] == "span"
    return {**meta, **at_touch, **({"player_position": None} if is_of_movement else {})}


def _tag(tag: Mapping[str, Any]) -> str:
    """Return a class as text; that of a goal has evidence beside it, which the detail has."""
    return tag["kind"] if "kind" in tag else f"{tag['group']}={tag['value']}"


def _place(whose: str, meta: Mapping[str, Any]) -> Row:
    place = meta.get(f"{whose}_position") or (None, None, None)
    return {f"{whose}_{axis}": value for axis, value in zip("xyz", place, strict=True)}


def _stint(
    remote_id: Mapping[str, Any] | None, people: Mapping[str, Stints], team: str | None, row: int | None
) -> Mapping[str, Any]:
    """Return in which stint somebody was: in that of the team, else in the last one that had begun; empty for nobody."""
    stints = people.get(id_text(remote_id), ()) if remote_id else ()
    mine = [stint for stint in stints if team is None or stint["team"] == team] or stints
    begun = [stint for stint in mine if row is None or (stint["first_row"] or 0) <= row]
    return next(iter([*begun[-1:], *mine]), {})


def _detail(meta: Mapping[str, Any], payload: Mapping[str, Any], people: Mapping[str, Stints]) -> str:
    """Return what no column says as JSON, with numbers of the players table in place of accounts."""
    timing, team = meta["timing"], meta.get("team_is_team_0")
    said = {
        "frame": timing.get("start_frame"),
        "time": timing.get("start_time"),
        **timing,
        "player": meta.get("primary_player"),
        "player_id": meta.get("primary_player"),
        "is_team_0": team,
        "team_is_team_0": team,
        **{name: meta.get(name) for name in ("player_position", "ball_position", "confidence")},
    }
    rest = {
        name: _plain(value, people)
        for name, value in payload.items()
        if not (name in said and said[name] == value)
        and not (name == "tags" and all(tag.keys() == PLAIN_TAG for tag in value))
    }
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any, people: Mapping[str, Stints]) -> Any:  # noqa: ANN401 - whatever JSON knows
    """Return a value with people as numbers, and with as many digits as a float32 has."""
    if isinstance(value, float):
        return float(str(np.float32(value)))
    if isinstance(value, list | tuple):
        return [_plain(item, people) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1 and next(iter(value))[0].isupper():  # an account: fields have small letters
        account = id_text(value)
        return people[account][0]["player"] if people.get(account) else account
    return {name: _plain(item, people) for name, item in value.items()}
