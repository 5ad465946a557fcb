"""The people of a replay, from their entries in the network data: account, name, teams, bot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from impulse.decoding.array_call import id_text
from impulse.decoding.attributes import PAWN_PLAYER, PLAYER_ID, PLAYER_IS_BOT, PLAYER_NAME, PLAYER_TEAM
from impulse.decoding.walk import Walk

LOBBY_FRAMES = 302
"""Network frames in which the parser's array call looks for players; it refuses replays with later ones."""

BOT_IDS_FROM = 2**32 - 1
"""The parser calls a bot, which has no account, by this number less the id of its entry."""

ENTRY_IDS = 2**16
"""More than there are ids of entries at a time: what tells the numbers of bots apart whose entries had the same id."""

NO_ACCOUNT = ("", "0", "1")
"""What stands in an id that says nothing: of files before 2018 every PlayStation has the number 1 (and a name),
whatever the header says."""


@dataclass(slots=True)
class Person:
    """Somebody at one screen: an account and a number at it, a bot, or one of whom nothing but a car is told."""

    remote_id: dict[str, Any]
    """The account as the parser writes it; guests at a split screen have their host's."""
    entries: list[int]
    """Lives of his entries, in order: a new one each time he comes."""
    is_bot: bool = False
    local_id: int = 0
    """Number at the screen; a guest has another than 0."""
    name: str | None = None
    """The last one that was sent of his last entry."""
    team: int | None = None
    """0 blue, 1 orange; the one he was in last while he had a car. Without a car the one he had when play began, or his first."""
    first_frame: int = 0
    """Network frame of his first entry with an account or as a bot."""
    teams: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """For each entry that has one, the network frames from which it was in another team, and the team."""

    @property
    def id_text(self) -> str:
        """The account as the parser writes it: a guest's is that of his host."""
        return id_text(self.remote_id)

    def team_at(self, entry: int, frame: int) -> int:
        """Return the team of one of his entries in a network frame; who has left it belongs to it until he is in another."""
        changes = self.teams.get(entry) or next(iter(self.teams.values()))
        return next((team for start, team in reversed(changes) if start <= frame), changes[0][1])


class Stint(NamedTuple):
    """One person in one team: one block of the decoded array, one slot."""

    person: int
    """His number in the list of people."""
    team: int
    """0 blue, 1 orange."""


def people_of(walk: Walk) -> list[Person]:
    """Return everyone who has an entry with a team, blue first, each team by the text of the ids as the parser sorts them.

    Entries of an account are one person, whoever leaves and comes back. Those without a team are nobody's: spectators,
    referees, seats that were not taken; they tell no name either.
    """
    people: dict[str, Person] = {}
    by_entry: dict[int, Person] = {}
    for update in walk.updates.get(PLAYER_ID, ()):
        if update.life not in by_entry and (key := _account(update.value)):
            person = Person(update.value["remote_id"], [], local_id=update.value["local_id"], first_frame=update.frame)
            _add_entry(people.setdefault(key, person), update.life, by_entry)
    _add_others(walk, people, by_entry)
    for update in walk.updates.get(PLAYER_TEAM, ()):
        team = _team(walk, update.value["actor"], update.frame)
        if update.life in by_entry and team is not None:
            _join_team(by_entry[update.life], update.life, team, update.frame)
    names = {update.life: update.value for update in walk.updates.get(PLAYER_NAME, ())}
    for life in sorted(names.keys() & by_entry.keys()):  # keyframes send the names of old entries again
        if life in by_entry[life].teams:
            by_entry[life].name = names[life]
    with_team = [person for person in people.values() if person.team is not None]
    return sorted(with_team, key=lambda person: order(person, person.team))


def order(person: Person, team: int | None) -> tuple[int, str, int, int]:
    """Return what people are sorted by who are in a team: the team, then as the parser does, guests behind their host."""
    return team or 0, person.id_text, person.local_id, person.entries[0] if person.entries else -1


def stints_of(
    people: Sequence[Person], last_driven: Mapping[Stint, int]
) -> tuple[list[Person], list[Stint], list[Stint]]:
    """Return who was there, in order and each in his last team, and their stints, as they are and as they were numbered.

    Args:
        people: from :func:`people_of`.
        last_driven: for each stint in which a car was seen, the last network frame with it. Who came before play and never
            had a car is there too.
    """
    mine: dict[int, list[Stint]] = {number: [] for number in range(len(people))}
    for stint in sorted(last_driven, key=lambda stint: last_driven[stint]):
        mine[stint.person].append(stint)
    for number, person in enumerate(people):
        if not mine[number] and person.first_frame < LOBBY_FRAMES:
            mine[number].append(Stint(number, person.team or 0))
    here = [number for number, stints in mine.items() if stints]
    for number in here:
        people[number].team = mine[number][-1].team
    here.sort(key=lambda number: order(people[number], people[number].team))
    before = [stint for number in here for stint in mine[number]]
    before.sort(key=lambda stint: order(people[stint.person], stint.team))
    places = {number: place for place, number in enumerate(here)}
    return [people[number] for number in here], [Stint(places[number], team) for number, team in before], before


def _add_entry(person: Person, life: int, by_entry: dict[int, Person]) -> None:
    by_entry[life] = person
    person.entries.append(life)


def _add_others(walk: Walk, people: dict[str, Person], by_entry: dict[int, Person]) -> None:
    """Add those without an account: bots, and whoever has a car although no id, or one that identifies nobody, was sent."""
    bots = {update.life: update.frame for update in reversed(walk.updates.get(PLAYER_IS_BOT, ())) if update.value}
    ids = {update.life: update.value for update in walk.updates.get(PLAYER_ID, ())}
    links = (walk.life_at(update.value["actor"], update.frame) for update in walk.updates.get(PAWN_PLAYER, ()))
    drivers = {life for life in links if life is not None}
    for life in sorted((bots.keys() | drivers) - by_entry.keys()):
        number = BOT_IDS_FROM - walk.lives[life].actor
        while str(number) in people:
            number -= ENTRY_IDS
        remote_id, local_id = {"SplitScreen": number}, 0
        if life in ids and life not in bots:
            remote_id, local_id = ids[life]["remote_id"], ids[life]["local_id"]
        first = bots.get(life, walk.lives[life].start)
        person = Person(remote_id, [], is_bot=life in bots, local_id=local_id, first_frame=first)
        _add_entry(people.setdefault(str(number), person), life, by_entry)


def _join_team(person: Person, entry: int, team: int, frame: int) -> None:
    if person.team is None or frame < LOBBY_FRAMES:
        person.team = team
    changes = person.teams.setdefault(entry, [])
    if not changes or changes[-1][1] != team:
        changes.append((frame, team))


def _team(walk: Walk, actor: int, frame: int) -> int | None:
    life = walk.life_at(actor, frame)
    return None if life is None else team_number(walk.lives[life].archetype)


def team_number(archetype: str) -> int:
    """Return the number of a team by its actor's archetype, ``Archetypes.Teams.Team0`` or ``Team1``."""
    return 0 if archetype.endswith("0") else 1


def _account(unique_id: Mapping[str, Any]) -> str | None:
    """Return account and local id as one key; None for an id that identifies nobody, which several people may have."""
    kind, account = next(iter(unique_id["remote_id"].items()))
    names: Iterable[Any] = (
        (account.get("name"), account.get("online_id")) if isinstance(account, Mapping) else (account,)
    )
    if kind == "SplitScreen" or all(str(name or "") in NO_ACCOUNT for name in names):
        return None
    return json.dumps([unique_id["remote_id"], unique_id["local_id"]], sort_keys=True)
