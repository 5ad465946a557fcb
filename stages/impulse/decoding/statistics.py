"""What people did by the scoreboard: which of the header's lines is whose, and what the network data says of everyone.

The header lists whoever was there at the end, with the final counts; the network data has everyone, up to its last frame, and
only a walk through all of it has the last values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from impulse.decoding.attributes import STATISTICS
from impulse.decoding.people import Person
from impulse.decoding.walk import Walk
from impulse.replay.facts import TEAMS, HeaderPlayer

Statistics = Mapping[str, int | None]
"""Name of a count to its value."""

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

_NO_ACCOUNT = ("", "0", "1")
"""Old recordings number people of PlayStation so who have another number, or none, in the header."""


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
        alone = shared[str(person.remote_id)] == 1  # else the names of host and guest tell whose it is
        return _is_account_of(entry, person) and (alone or _is_called(entry, person))

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
    has_account = _account(person) not in _NO_ACCOUNT
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


def sent_statistics(walk: Walk, people: Sequence[Person]) -> tuple[Statistics, ...]:
    """Return score, goals, assists, saves, shots and demolitions of each person as the network data tells them last.

    A count that is never sent of somebody is 0, which the game leaves out: of 231 people whom the headers of 71 files list, it
    was so for all 437 counts but one, a goal in the last frame. None is what a file has no attribute for. A person who comes
    back gets an entry that counts from 0 again (real file), or begins with what he had.

    Args:
        walk: through the whole replay, with :data:`~impulse.decoding.attributes.STATISTICS`.
        people: of the replay.
    """
    entries = {life: number for number, person in enumerate(people) for life in person.entries}
    counts: list[dict[str, int | None]] = [{} for _ in people]
    for name, attribute in STATISTICS.items():
        sent = walk.updates.get(attribute)
        for mine in counts:
            mine[name] = None if sent is None else 0
        lasts: dict[int, int] = {}
        begun: dict[int, int] = {}
        for update in sent or ():
            if update.life in entries:
                lasts[update.life] = update.value
                if update.frame == walk.lives[update.life].start:
                    begun[update.life] = update.value
        for life, last in lasts.items():
            person = entries[life]
            is_first = life == people[person].entries[0]
            counts[person][name] = (counts[person][name] or 0) + last - (0 if is_first else begun.get(life, 0))
    return tuple(counts)
