"""The people of a replay, from their entries in the network data: account, name, team, bot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from impulse.decoding.array_call import id_text
from impulse.decoding.attributes import PLAYER_ID, PLAYER_IS_BOT, PLAYER_NAME, PLAYER_TEAM
from impulse.decoding.walk import Walk

LOBBY_FRAMES = 302
"""Network frames in which the parser's array call looks for players; it refuses replays with later ones."""

BOT_IDS_FROM = 2**32 - 1
"""The parser calls a bot, which has no account, by this number less the id of its entry."""


@dataclass(slots=True)
class Person:
    """Somebody with an account, or a bot."""

    remote_id: dict[str, Any]
    """As the parser writes it."""
    entries: list[int]
    """Lives of his entries, in order."""
    is_bot: bool = False
    name: str | None = None
    """The last one that was sent."""
    team: int | None = None
    """0 blue, 1 orange; the one he had when play began, or his first."""
    first_frame: int = 0
    """Network frame of his first entry with an account or as a bot."""

    @property
    def id_text(self) -> str:
        """The id as the parser writes it, unique inside the replay."""
        return id_text(self.remote_id)


def people_of(walk: Walk) -> list[Person]:
    """Return everyone who has an entry with a team, blue first, each team by the text of the ids as the parser sorts them."""
    people: dict[str, Person] = {}
    by_entry: dict[int, Person] = {}
    for update in walk.updates.get(PLAYER_ID, ()):
        remote_id = update.value["remote_id"]
        person = people.setdefault(_key(remote_id), Person(remote_id, [], first_frame=update.frame))
        _add_entry(person, update.life, by_entry)
    for update in walk.updates.get(PLAYER_IS_BOT, ()):
        if update.value and update.life not in by_entry:
            remote_id = {"SplitScreen": BOT_IDS_FROM - walk.lives[update.life].actor}
            person = people.setdefault(_key(remote_id), Person(remote_id, [], is_bot=True, first_frame=update.frame))
            _add_entry(person, update.life, by_entry)
    for update in walk.updates.get(PLAYER_NAME, ()):
        if update.life in by_entry:
            by_entry[update.life].name = update.value
    for update in walk.updates.get(PLAYER_TEAM, ()):
        team = _team(walk, update.value["actor"], update.frame)
        if update.life in by_entry and team is not None:
            _join_team(by_entry[update.life], team, update.frame)
    with_team = [person for person in people.values() if person.team is not None]
    return sorted(with_team, key=lambda person: (person.team, person.id_text))


def _add_entry(person: Person, life: int, by_entry: dict[int, Person]) -> None:
    if by_entry.get(life) is not person:
        by_entry[life] = person
        person.entries.append(life)


def _join_team(person: Person, team: int, frame: int) -> None:
    if person.team is None or frame < LOBBY_FRAMES:
        person.team = team


def _team(walk: Walk, actor: int, frame: int) -> int | None:
    life = walk.life_at(actor, frame)
    return None if life is None else team_number(walk.lives[life].archetype)


def team_number(archetype: str) -> int:
    """Return the number of a team by its actor's archetype, ``Archetypes.Teams.Team0`` or ``Team1``."""
    return 0 if archetype.endswith("0") else 1


def _key(remote_id: Mapping[str, Any]) -> str:
    return json.dumps(remote_id, sort_keys=True)
