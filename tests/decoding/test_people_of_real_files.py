"""The people of all real files against their raw attributes, by an account of its own: nothing here comes from the decoder."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import subtr_actor
from tests.decoding.test_decoders_agree import UNNOTICED, real_files, settings

from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.sampling import Decoder

DRIVEN_S = 2.0
"""Who drives for longer must have a row."""
ENTRY, STATE = "Engine.PlayerReplicationInfo:", "TAGame.GameEvent_TA:ReplicatedStateName"
DRIVER = "Engine.Pawn:PlayerReplicationInfo"


class Raw(NamedTuple):
    """What a file tells of people."""

    driven: dict[Any, float]
    """Seconds in cars of each person: account and local id, or the name of who has none."""
    names: dict[Any, set[str]]
    """Last names of the entries of each person that had a team."""
    listed: list[str]
    """Names in the header's statistics."""
    kickoffs: list[float]
    """Times in s at which a countdown ended."""


def raw(path: Path) -> Raw:
    replay = subtr_actor.parse_replay(path.read_bytes())
    objects, names_of_states = replay["objects"], replay["names"]
    entries: dict[int, dict[str, Any]] = {}
    done: list[dict[str, Any]] = []
    at_wheel: dict[int, tuple[dict[str, Any], float]] = {}
    alive: dict[int, int] = {}
    kickoffs, state = [], ""
    time = 0.0

    def leave(car: int) -> None:
        entry, since = at_wheel.pop(car, ({}, 0.0))
        if entry:
            entry["driven"] += max(time - since, 0.0)

    for frame in replay["network_frames"]["frames"]:
        time = frame["time"]
        for actor in frame["deleted_actors"]:
            leave(actor)
            alive.pop(actor, None)
            entries.pop(actor, None)
        for spawned in frame["new_actors"]:
            if alive.get(spawned["actor_id"]) != spawned["object_id"]:
                leave(spawned["actor_id"])
                entries.pop(spawned["actor_id"], None)
            alive[spawned["actor_id"]] = spawned["object_id"]
        for update in frame["updated_actors"]:
            name, actor = objects[update["object_id"]], update["actor_id"]
            (value,) = update["attribute"].values()
            if name.startswith(ENTRY):
                if actor not in entries:
                    entries[actor] = {"driven": 0.0}
                    done.append(entries[actor])
                if name != f"{ENTRY}Team" or value["actor"] >= 0:
                    entries[actor][name.removeprefix(ENTRY)] = value
            elif name == DRIVER and (actor not in at_wheel or at_wheel[actor][0] is not entries.get(value["actor"])):
                leave(actor)
                if value["actor"] in entries:
                    at_wheel[actor] = (entries[value["actor"]], time)
            elif name == STATE:
                if (state, names_of_states[value]) == ("Countdown", "Active"):
                    kickoffs.append(time)
                state = names_of_states[value]
    for car in list(at_wheel):
        leave(car)
    driven: dict[Any, float] = defaultdict(float)
    names: dict[Any, set[str]] = defaultdict(set)
    for entry in done:
        driven[_person(entry)] += entry["driven"]
        if "Team" in entry and "PlayerName" in entry:
            names[_person(entry)].add(entry["PlayerName"])
    listed = [dict(player)["Name"] for player in dict(replay["properties"]).get("PlayerStats", ())]
    return Raw(driven, names, listed, kickoffs)


def _person(entry: dict[str, Any]) -> Any:
    if "UniqueId" not in entry:
        return entry.get("PlayerName")
    (account,) = entry["UniqueId"]["remote_id"].values()
    account = account.get("name") or account["online_id"] if isinstance(account, dict) else account
    return str(account), entry["UniqueId"]["local_id"]


def _at_kickoffs(parsed: ParsedReplay, kickoffs: list[float]) -> set[str]:
    """Return the slots whose car is in the other half in the last row before a kickoff."""
    frame_time = parsed.frames["frame_time"].to_numpy()
    rows = [int(np.searchsorted(frame_time, np.float32(time))) - 1 for time in kickoffs]
    found = set()
    for stint in parsed.stints:
        y = parsed.frames[f"p{stint['slot']}_pos_y"].to_pylist()
        side = 1 if stint["team"] == "blue" else -1
        found |= {f"p{stint['slot']}" for row in rows if row >= 0 and (y[row] or 0.0) * side > 500}
    return found


@pytest.mark.heavy
def test_everyone_who_drives_or_is_listed_has_a_row(real_replays: Path) -> None:
    """By the last name that was sent, and each on his side at every kickoff."""
    lost, unlisted, misnamed, wrong = [], [], [], []
    looked_at = np.zeros(3, dtype=int)
    for path in (path for path in real_files(real_replays) if path.name not in UNNOTICED):
        parsed, told = parse_replay(path, settings(Decoder.auto, slots_per_team=8)), raw(path)
        rows = {
            row["name"] if row["is_bot"] else (row["player_id"], row["local_id"]): row
            for row in parsed.players
            if row["rows_present"]
        }
        lost += [(path.name, who) for who, seconds in told.driven.items() if seconds > DRIVEN_S and who not in rows]
        misnamed += [(path.name, who) for who, row in rows.items() if row["name"] not in told.names.get(who, ())]
        reasons = parsed.facts["people_missing"]
        without_car = {name for who, names in told.names.items() if not told.driven[who] for name in names}
        there = {row["name"] for row in parsed.players} | {*reasons} | without_car
        unlisted += [(path.name, name) for name in told.listed if name not in there]
        if parsed.facts["mode"] != "knockout":  # where everybody is in one team
            wrong += [(path.name, slot) for slot in _at_kickoffs(parsed, told.kickoffs)]
        looked_at += [len(rows), len(told.listed), len(told.kickoffs)]
    assert (looked_at > 100).all()
    assert (lost, unlisted, misnamed, wrong) == ([], [], [], [])
