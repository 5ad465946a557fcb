"""The players of a replay: platform ids in one form, bots, header statistics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from impulse.decoding.people import Person
from impulse.replay.container import ReplayHeader
from impulse.replay.facts import TEAMS, HeaderPlayer, header_players


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
    stats: Mapping[str, int | None]
    """score, goals, assists, saves, shots; all None when the header does not list the player."""


def read_players(people: Sequence[Person], header: ReplayHeader) -> list[Player]:
    """Return the players in the order of the people.

    Args:
        people: blue first.
        header: lists who was there at the end.
    """
    listed = _listed(people, header_players(header))
    return [_player(person, listed.get(number)) for number, person in enumerate(people)]


def _player(person: Person, listed: HeaderPlayer | None) -> Player:
    kind, value = next(iter(person.remote_id.items()))
    return Player(
        team=TEAMS[person.team or 0],
        name=person.name or (listed.name if listed else None) or _platform_id(value),
        platform=kind.lower(),
        player_id=_platform_id(value),
        local_id=person.local_id,
        id_text=person.id_text,
        is_bot=person.is_bot or (listed is not None and listed.is_bot),
        stats=listed.stats if listed else dict.fromkeys(("score", "goals", "assists", "saves", "shots")),
    )


def _listed(people: Sequence[Person], entries: Sequence[HeaderPlayer]) -> dict[int, HeaderPlayer]:
    """Return the header's entry of each person by number: by account, else where team and name are nobody else's."""
    found: dict[int, HeaderPlayer] = {}
    accounts = {account: entry for entry in entries for account in entry.accounts}
    for number, person in enumerate(people):
        if (account := _account(person)) in accounts:
            found[number] = accounts.pop(account)
    left = [entry for entry in entries if entry not in found.values()]
    waiting = [(number, person) for number, person in enumerate(people) if number not in found]
    for number, person in waiting:
        same_name = [entry for entry in left if (entry.team, entry.name) == (TEAMS[person.team or 0], person.name)]
        namesakes = [other for _, other in waiting if (other.team, other.name) == (person.team, person.name)]
        if len(same_name) == 1 and len(namesakes) == 1:
            found[number] = same_name[0]
    return found


def _account(person: Person) -> str:
    """Return the account as the header writes it: a number, or an Epic id."""
    kind, value = next(iter(person.remote_id.items()))
    return "" if kind == "SplitScreen" else str(value.get("online_id") if isinstance(value, dict) else value)


def _platform_id(value: object) -> str:
    if isinstance(value, dict):
        # Consoles carry a structure. PlayStation's numeric id is a placeholder in old files, its name never is.
        known = value.get("name") or value.get("online_id")
        return str(known) if known else json.dumps(value, sort_keys=True)
    return str(value)
