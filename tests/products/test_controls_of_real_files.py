"""Recorded controls of real replays against the attributes of the file, which are read here apart from the decoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subtr_actor
from tests.paths import REPLAYS

from impulse.config.parse import ParseParams
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.features import FEATURE_PRESETS

NAMES = {
    "throttle": "TAGame.Vehicle_TA:ReplicatedThrottle",
    "steer": "TAGame.Vehicle_TA:ReplicatedSteer",
    "handbrake": "TAGame.Vehicle_TA:bReplicatedHandbrake",
}
WANTED = {*NAMES.values(), "Engine.Pawn:PlayerReplicationInfo", "Engine.PlayerReplicationInfo:PlayerName"}
FILES = [path for kind in ("match", "clip") for path in sorted((REPLAYS / kind).glob("*.replay"))]


def raw_controls(path: Path, times: np.ndarray) -> Iterator[dict[str, Mapping[str, Any]]]:
    """Yield for each time what the latest car of everyone, by name, was sent so far; of names that two people have nothing."""
    replay = subtr_actor.parse_replay(path.read_bytes())
    objects: list[str] = replay["objects"]
    actors: dict[int, dict[str, Any]] = {}
    wanted = {number for number, name in enumerate(objects) if name in WANTED}
    row = 0
    for number, frame in enumerate(replay["network_frames"]["frames"]):
        for actor in frame["deleted_actors"]:
            actors.pop(actor, None)
        for new in frame["new_actors"]:
            if new["actor_id"] not in actors or actors[new["actor_id"]]["object"] != new["object_id"]:
                actors[new["actor_id"]] = {"object": new["object_id"], "since": number}
        for update in frame["updated_actors"]:
            if update["object_id"] in wanted and update["actor_id"] in actors:
                (value,) = update["attribute"].values()
                actors[update["actor_id"]][objects[update["object_id"]]] = value
        while row < len(times) and times[row] <= np.float32(frame["time"]):
            yield _by_name(actors)
            row += 1


def _by_name(actors: Mapping[int, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    names = Counter(actor.get("Engine.PlayerReplicationInfo:PlayerName") for actor in actors.values())
    found: dict[str, Mapping[str, Any]] = {}
    for car in sorted(actors.values(), key=lambda actor: actor["since"]):
        link = car.get("Engine.Pawn:PlayerReplicationInfo")
        entry = actors.get(link["actor"], {}) if link else {}
        name = entry.get("Engine.PlayerReplicationInfo:PlayerName")
        if name and names[name] == 1:
            found[name] = car
    return found


def expected(name: str, car: Mapping[str, Any]) -> float | None:
    """Return a control as the file's last value has it; neutral if only others were sent, None if none was."""
    sent = car.get(NAMES[name])
    if sent is None:
        return 0.0 if any(other in car for other in NAMES.values()) else None
    if name == "handbrake":
        return float(sent)
    return float(sent - 128) / (127 if sent > 128 else 128)


def parsed_of(path: Path) -> ParsedReplay:
    preset = FEATURE_PRESETS["standard"]
    params = ParseParams(
        fps=5.0,
        controls=True,
        global_features=list(preset.global_features),
        player_features=list(preset.player_features),
    )
    return parse_replay(path, params)


@pytest.mark.heavy
@pytest.mark.usefixtures("real_replays")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_recorded_controls_equal_the_raw_attributes(path: Path) -> None:
    """Every value of every row in which a player drives, and null where the file has told nothing."""
    parsed = parsed_of(path)
    controls = parsed.controls
    assert controls is not None
    columns = {name: controls[name].to_pylist() for name in controls.column_names}
    frames = {name: parsed.frames[name].to_pylist() for name in parsed.frames.column_names if "_pos_x" in name}
    names = {row["player"]: row["name"] for row in parsed.players}
    compared = driven = 0
    for row, cars in enumerate(raw_controls(path, parsed.frames["frame_time"].to_numpy())):
        for stint in parsed.stints:
            inside = stint["first_row"] is not None and stint["first_row"] <= row <= stint["last_row"]
            if not inside or frames[f"p{stint['slot']}_pos_x"][row] is None:
                continue
            driven += 1
            if (car := cars.get(names[stint["player"]])) is None:
                continue
            compared += 1
            for name in NAMES:
                found, value = columns[f"p{stint['slot']}_control_{name}"][row], expected(name, car)
                assert (found is None) == (value is None), (row, stint, name, found, value)
                assert found is None or abs(found - (value or 0.0)) < 1e-6, (row, stint, name, found, value)

    assert compared >= 0.9 * driven or len(set(names.values())) < len(names), "who drives is known by name"
