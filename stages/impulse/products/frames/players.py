"""The players of a replay: platform ids in one form, bots, what they did and what they play with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from impulse.decoding.decoded import DecodedReplay
from impulse.decoding.listed import listed_entries
from impulse.decoding.people import NO_ACCOUNT, Person
from impulse.decoding.setups import Setup
from impulse.decoding.statistics import Statistics
from impulse.replay.container import ReplayHeader
from impulse.replay.facts import TEAMS, HeaderPlayer, header_players
from impulse.schema.car_bodies import HITBOX_OF_BODY, NAME_OF_BODY

COUNTS = ("score", "goals", "assists", "saves", "shots")
"""What the header lists of a player."""


CAMERA = {
    "camera_fov": "fov",
    "camera_height": "height",
    "camera_angle": "angle",
    "camera_distance": "distance",
    "camera_stiffness": "stiffness",
    "camera_swivel_speed": "swivel",
    "camera_transition_speed": "transition",
}
"""Columns of the camera, and the parser's words for them."""

PARTS = (
    "decal", "wheels", "rocket_trail", "antenna", "topper", "engine_audio", "trail", "goal_explosion", "banner",
)  # fmt: skip
"""What a loadout has beside the body; the parser has more numbers, of which nobody says what they are."""


@dataclass(frozen=True, slots=True)
class Player:
    """One player as the network data and the header know them."""

    team: str
    name: str
    platform: str
    player_id: str
    local_id: int
    id_text: str
    """The account as the parser writes it; a guest's is that of his host."""
    is_bot: bool
    facts: Mapping[str, Any]
    """What else a row of the players table has: what the player did, and what he plays with."""


def read_players(decoded: DecodedReplay, header: ReplayHeader) -> list[Player]:
    """Return the players in the order of the people.

    Args:
        decoded: people, blue first, and what the network data says of them.
        header: lists who was there at the end.
    """
    listed = listed_entries(decoded.people, header_players(header))
    sent = decoded.statistics or [None] * len(decoded.people)
    called = {_numbered(person.remote_id): ":".join(platform_and_id(person.remote_id)) for person in decoded.people}
    return [
        _player(person, listed.get(number), statistics, setup, called)
        for number, (person, statistics, setup) in enumerate(zip(decoded.people, sent, decoded.setups, strict=True))
    ]


def _numbered(remote_id: Mapping[str, Any]) -> tuple[str, str]:
    """Return platform and number of an account; a PlayStation's name is left out of some entries, its number of none since 2018."""
    ((kind, value),) = remote_id.items()
    number = str(value.get("online_id")) if isinstance(value, dict) else str(value)
    return kind, json.dumps(value, sort_keys=True) if number in NO_ACCOUNT else number


def _player(
    person: Person,
    listed: HeaderPlayer | None,
    sent: Statistics | None,
    setup: Setup,
    called: Mapping[tuple[str, str], str],
) -> Player:
    platform, player_id = platform_and_id(person.remote_id)
    return Player(
        team=TEAMS[person.team or 0],
        name=person.name or (listed.name if listed else None) or player_id,
        platform=platform,
        player_id=player_id,
        local_id=person.local_id,
        id_text=person.id_text,
        is_bot=person.is_bot or (listed is not None and listed.is_bot),
        facts={**_statistics(listed, sent), **_equipment(setup, called)},
    )


def _statistics(listed: HeaderPlayer | None, sent: Statistics | None) -> dict[str, Any]:
    """Return what a player did, by the header where it lists him, and where the two sources differ."""
    told = {} if sent is None else {name: sent[name] for name in COUNTS if sent[name] is not None}
    counts = listed.stats if listed else told
    source = "header" if listed else "network" if told else None
    differ = [name for name in told if told[name] != counts[name]]
    return {
        **{name: counts.get(name) for name in COUNTS},
        "demolitions": None if sent is None else sent["demolitions"],
        "is_mvp": None if sent is None else sent["is_mvp"],
        "stats_source": source,
        "stats_differ": ";".join(differ) if listed and told else None,
    }


def _equipment(setup: Setup, called: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """Return what a player plays with; null is what the file does not tell.

    Args:
        setup: what was sent.
        called: platform and number of everyone's account, and what the tables call it.
    """
    body, leader = setup.loadout.get("body"), setup.party_leader
    return {
        "car_body": NAME_OF_BODY.get(body) if body else None,
        "car_body_id": body,
        "hitbox": HITBOX_OF_BODY.get(body) if body else None,
        **{column: setup.camera.get(name) for column, name in CAMERA.items()},
        "steering_sensitivity": setup.steering,
        "title": setup.title,
        "title_id": setup.title_number,
        "party_leader": (called.get(_numbered(leader)) or ":".join(platform_and_id(leader))) if leader else None,
        "loadout": json.dumps({part: setup.loadout[part] for part in PARTS if part in setup.loadout}) if body else None,
    }


def platform_and_id(remote_id: Mapping[str, Any]) -> tuple[str, str]:
    """Return platform and id of an account as the players table has them, from the parser's form."""
    ((kind, value),) = remote_id.items()
    if isinstance(value, dict):
        # Consoles carry a structure. PlayStation's numeric id is a placeholder in old files, its name never is.
        known = value.get("name") or value.get("online_id")
        return kind.lower(), str(known) if known else json.dumps(value, sort_keys=True)
    return kind.lower(), str(value)
