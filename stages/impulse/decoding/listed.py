"""The people whom the header lists, found among those of the network data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from impulse.decoding.people import Person
from impulse.replay.facts import TEAMS, HeaderPlayer


def listed_people(
    people: Sequence[Person], entries: Sequence[HeaderPlayer]
) -> Iterator[tuple[HeaderPlayer, Person | None]]:
    """Yield each entry of the header's list with the person it is about: by account, else by team and name; None for nobody.

    Args:
        people: those of the network data.
        entries: the header's list of those who were there at the end.
    """
    for entry in entries:
        found = [person for person in people if _account(person) in entry.accounts]
        if len(found) != 1:  # a guest has his host's account; bots and PlayStations of before 2018 have none
            found = [
                person
                for person in found or people
                if (person.name, TEAMS[person.team or 0]) == (entry.name, entry.team)
            ]
        yield entry, found[0] if found else None


def _account(person: Person) -> str | None:
    """Return the account as the header writes it: a number, or an Epic id."""
    kind, value = next(iter(person.remote_id.items()))
    if kind == "SplitScreen":
        return None
    return str(value.get("online_id") if isinstance(value, Mapping) else value)
