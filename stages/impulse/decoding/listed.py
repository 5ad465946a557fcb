"""The people whom the header lists, found among those of the network data: which line is surely whose, and which could be.

The header lists whoever was there at the end, with the final counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from impulse.decoding.people import NO_ACCOUNT, Person
from impulse.replay.facts import TEAMS, HeaderPlayer

_PLATFORMS = {
    "Steam": ("Steam",),
    "PS3": ("PlayStation",),
    "PS4": ("PlayStation",),
    "Dingo": ("Xbox",),
    "NNX": ("Switch", "PsyNet"),
    "Epic": ("Epic",),
    "QQ": ("QQ",),
}
"""The header's platforms, and how the parser calls the ids that the network data has of their people (real files)."""


def listed_entries(people: Sequence[Person], entries: Sequence[HeaderPlayer]) -> dict[int, HeaderPlayer]:
    """Return the header's entry of each person by number, where it is surely his.

    It is the one of his platform and account; else the only one of his team and name, if nobody else could be meant and
    nothing says that it is about another account.

    Args:
        people: of the replay.
        entries: of the header.
    """
    shared = Counter(str(person.remote_id) for person in people)

    def is_his_account(entry: HeaderPlayer, person: Person) -> bool:
        alone = shared[str(person.remote_id)] == 1  # else the number at the screen and the name tell whose it is
        return _is_account_of(entry, person) and (
            alone or _is_called(entry, person) or 0 < entry.local_id == person.local_id
        )

    def is_his_name(entry: HeaderPlayer, person: Person) -> bool:
        return _is_called(entry, person) and not _is_another(entry, person, shared)

    found: dict[int, HeaderPlayer] = {}
    for is_his in (is_his_account, is_his_name):
        free = [entry for entry in entries if all(entry is not taken for taken in found.values())]
        fits = {
            number: [entry for entry in free if is_his(entry, person)]
            for number, person in enumerate(people)
            if number not in found
        }
        claims = Counter(id(entry) for mine in fits.values() for entry in mine)
        found |= {number: mine[0] for number, mine in fits.items() if len(mine) == 1 and claims[id(mine[0])] == 1}
    return found


def _is_called(entry: HeaderPlayer, person: Person) -> bool:
    return (entry.team, entry.name) == (TEAMS[person.team or 0], person.name)


def _is_account_of(entry: HeaderPlayer, person: Person) -> bool:
    return _is_of_platform(entry, person) and _account(person) in entry.accounts


def _is_another(entry: HeaderPlayer, person: Person, shared: Mapping[str, int]) -> bool:
    """Tell whether accounts say that an entry is somebody else's; those of guests, who play on their hosts', say nothing."""
    if shared[str(person.remote_id)] > 1:
        return False
    has_account = _account(person) not in NO_ACCOUNT
    return not _is_of_platform(entry, person) or bool(has_account and entry.accounts)


def _is_of_platform(entry: HeaderPlayer, person: Person) -> bool:
    ((kind, _),) = person.remote_id.items()
    if entry.platform is None:
        return kind == "SplitScreen"
    return kind in _PLATFORMS.get(entry.platform, (kind,))


def _account(person: Person) -> str:
    """Return the account as the header writes it: a number, or an Epic id; empty for bots."""
    ((kind, value),) = person.remote_id.items()
    return "" if kind == "SplitScreen" else str(value.get("online_id") if isinstance(value, dict) else value)


def listed_people(
    people: Sequence[Person], entries: Sequence[HeaderPlayer]
) -> Iterator[tuple[HeaderPlayer, Person | None]]:
    """Yield each entry of the header's list with somebody whom it could be about, each person once.

    Whose it surely is, :func:`listed_entries` says. What it leaves may be about somebody of that account, else of that team and name
    whom no account contradicts. None stands for nobody.

    Args:
        people: those of the network data.
        entries: the header's list of those who were there at the end.
    """
    sure = {id(entry): number for number, entry in listed_entries(people, entries).items()}
    shared = Counter(str(person.remote_id) for person in people)
    free = [number for number in range(len(people)) if number not in sure.values()]
    for entry in entries:
        number = sure.get(id(entry))
        if number is None:
            of_account = [other for other in free if _is_account_of(entry, people[other])]
            of_name = [
                other
                for other in free
                if _is_called(entry, people[other]) and not _is_another(entry, people[other], shared)
            ]
            number = next(iter([*of_account, *of_name]), None)
            if number is not None:
                free.remove(number)
        yield entry, None if number is None else people[number]
