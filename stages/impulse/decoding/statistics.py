"""What people did by the scoreboard, as the network data says it of everyone, up to its last frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from impulse.decoding.attributes import MVP, STATISTICS
from impulse.decoding.people import Person
from impulse.decoding.walk import Walk

Statistics = Mapping[str, int | None]
"""Name of a count to its value; ``is_mvp`` is a truth value."""


def sent_statistics(walk: Walk, people: Sequence[Person]) -> tuple[Statistics, ...]:
    """Return score, goals, assists, saves, shots and demolitions of each person as the network data tells them last, and the MVP.

    A count that is never sent of somebody is 0, which the game leaves out: of 231 people whom the headers of 71 files list, it
    was so for all 437 counts but one, a goal in the last frame. None is what a file has no attribute for. A person who comes
    back gets an entry that counts from 0 again (real file), or begins with what he had.

    Args:
        walk: through the whole replay, with :data:`~impulse.decoding.attributes.FOR_FRAMES`.
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
    best = {entries.get(update.life) for update in walk.updates.get(MVP, ()) if update.value}
    for number, mine in enumerate(counts):
        mine["is_mvp"] = number in best if best else None
    return tuple(counts)
