"""What people of real matches did and played with, held against header and raw attributes, read apart from the product's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import subtr_actor
from tests.decoding.test_decoders_agree import real_files

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import MatchPlan, Recording, generate
from impulse.demo.match import equipment
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.car_bodies import HITBOX_OF_BODY

LOOK = 100
"""Network frames from whose values the table of players tells what people play with."""
COUNTS = ("Score", "Goals", "Assists", "Saves", "Shots")
CAMERA = {"swivel_speed": "swivel", "transition_speed": "transition"}
"""Columns of the camera that the raw attribute calls otherwise."""
SETTINGS = ("fov", "height", "angle", "distance", "stiffness", "swivel_speed", "transition_speed")
TEAMS = ("blue", "orange")


def accounts_of(line: Mapping[str, Any]) -> set[str]:
    """Return numbers and ids by which a line of the header calls its player."""
    epic = ((line.get("PlayerID") or {}).get("fields") or {}).get("EpicAccountId")
    return {str(value) for value in (line.get("OnlineID"), epic) if value not in (None, "", 0, "0")}


def number_and_name(remote_id: Mapping[str, Any]) -> tuple[str, str]:
    """Return the account's number as the header has it, and what the table of players calls it."""
    (account,) = remote_id.values()
    if isinstance(account, Mapping):
        return str(account["online_id"]), str(account.get("name") or account["online_id"])
    return str(account), str(account)


def sent_at_first(replay: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return by account what was sent of people and their cameras in the first network frames; actors keep their ids there."""
    names = replay["objects"]
    accounts: dict[int, str] = {}
    cameras: dict[int, int] = {}
    sent: dict[int, dict[str, Any]] = {}
    for frame in (replay["network_frames"] or {}).get("frames", [])[:LOOK]:
        for update in frame["updated_actors"]:
            actor, name = update["actor_id"], names[update["object_id"]].split(":")[-1]
            (value,) = update["attribute"].values()
            if name == "UniqueId":
                accounts[actor] = number_and_name(value["remote_id"])[1]
            elif name == "PRI":
                cameras[actor] = value["actor"]
            elif name in ("ClientLoadouts", "ClientLoadout", "ProfileSettings", "CameraSettings"):
                sent.setdefault(actor, {})[name] = value
    found: dict[str, dict[str, Any]] = {}
    for actor, values in sent.items():
        if (account := accounts.get(cameras.get(actor, actor))) is not None:
            found.setdefault(account, {}).update(values)
    return found


def check_statistics(replay: Mapping[str, Any], players: list[dict[str, Any]]) -> int:
    """Hold players against the header's lines that name an account, and return how many there were."""
    lines = [line for line in replay["properties"].get("PlayerStats") or () if accounts_of(line)]
    checked = 0
    for player in players:
        number = str(player["player_id"])
        mine = [line for line in lines if number in accounts_of(line)]
        if player["platform"] == "playstation":
            mine = [line for line in lines if line["Name"] == player["name"] and TEAMS[line["Team"]] == player["team"]]
        if len(mine) == 1 and sum(str(other["player_id"]) == number for other in players) == 1:
            assert {name: player[name.lower()] for name in COUNTS} == {name: mine[0][name] for name in COUNTS}
            assert player["stats_source"] == "header"
            checked += 1
    return checked


def cameras_of(replay: Mapping[str, Any]) -> list[list[float | None]]:
    """Return all settings of cameras that are ever sent."""
    numbers = {
        number
        for number, name in enumerate(replay["objects"])
        if name in ("TAGame.CameraSettingsActor_TA:ProfileSettings", "TAGame.PRI_TA:CameraSettings")
    }
    return [
        settings_of(next(iter(update["attribute"].values())))
        for frame in (replay["network_frames"] or {}).get("frames", [])
        for update in frame["updated_actors"]
        if update["object_id"] in numbers
    ]


def settings_of(camera: Mapping[str, Any]) -> list[float | None]:
    return [camera.get(CAMERA.get(name, name)) for name in SETTINGS]


def check_equipment(
    sent: Mapping[str, Mapping[str, Any]], players: list[dict[str, Any]], cameras: list[list[float | None]]
) -> int:
    """Hold cars and cameras against what was sent of the account, and return of how many.

    Who has no camera at first has none, or one that is sent later.
    """
    checked = 0
    for player in players:
        if (values := sent.get(str(player["player_id"]))) is None:
            continue
        cars = values.get("ClientLoadouts") or values.get("ClientLoadout")
        if cars is not None:
            assert player["car_body_id"] == cars.get(player["team"], cars)["body"]
            checked += 1
        found = [player[f"camera_{name}"] for name in SETTINGS]
        if camera := values.get("ProfileSettings") or values.get("CameraSettings"):
            assert found == settings_of(camera)
        else:
            assert found in [settings_of({}), *cameras]
    return checked


@pytest.mark.heavy
def test_people_of_real_matches_are_told_as_sent(real_replays: Path) -> None:
    """Statistics equal the header for everyone whose account it lists, car bodies and cameras are those that were sent."""
    params = replace(ParsingConfig.get_preset("minimal").params(), slots_per_team=8)
    listed = equipped = 0
    for path in real_files(real_replays):
        if path.parent.name == "people":
            continue  # whose headers and entries do not belong together, on purpose
        try:
            players = parse_replay(path, params).players
        except ReplayError:
            continue
        replay = subtr_actor.parse_replay(path.read_bytes())
        listed += check_statistics(replay, players)
        equipped += check_equipment(sent_at_first(replay), players, cameras_of(replay))
    assert listed > 150
    assert equipped > 200


@pytest.mark.heavy
def test_hitboxes_are_those_of_the_parsers_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its table is reached through replays only: for every body a car that has it."""
    path = tmp_path / "bodies.replay"
    for body, hitbox in HITBOX_OF_BODY.items():
        monkeypatch.setattr(equipment, "BODIES", (body,))
        path.write_bytes(Recording(generate(MatchPlan(seed=1, team_size=1, duration_seconds=1, goals=0))).data)
        meta = subtr_actor.get_replay_meta(path)["replay_meta"]
        (player,) = meta["team_zero"]
        assert (player["car_body_id"], player["car_hitbox_family"].lower()) == (body, hitbox)
