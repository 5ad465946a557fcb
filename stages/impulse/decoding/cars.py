"""Which car each person drives in which network frame, and what ended it: the part of the actor model that people are in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from impulse.decoding.attributes import COMPONENT_CAR, DEMOLITIONS, PAWN_PLAYER
from impulse.decoding.people import LOBBY_FRAMES, Person, Stint
from impulse.decoding.walk import Update, Walk

LATE_FRAMES = 10
"""Links come with what they link, or up to three network frames later, or with a keyframe."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A person at the wheel of one car, for one team."""

    stint: Stint
    car: int
    """Life of the car."""
    start: int
    end: int
    """Network frames from the link on until the car is removed, demolished, given to another, or driven for the other team."""


@dataclass(frozen=True, slots=True)
class Demolition:
    """The end of one car; it is sent again at keyframes and while the wreck lies about, and counts once."""

    frame: int
    victim: Stint
    attacker: Stint | None
    """None when the file names nobody who plays."""
    wreck_end: int
    """Network frame that removed the wreck."""


def drives_and_demolitions(walk: Walk, people: Sequence[Person]) -> tuple[list[Drive], list[Demolition]]:
    """Return who drove which car, in the order of the cars' spawns, and the demolitions in order."""
    drivers = _drivers(walk, people)
    ends = _demolished(walk)
    drives: list[Drive] = []
    demolitions: list[Demolition] = []
    for car in sorted(drivers):
        links, wreck_end = drivers[car], walk.lives[car].end
        wrecked, attacker_car = ends.get(car, (wreck_end, None))
        stops = [*(start for start, _ in links[1:]), wreck_end]
        for (start, stint), stop in zip(links, stops, strict=True):
            if start < min(stop, wrecked):
                drives.append(Drive(stint, car, start, min(stop, wrecked)))
        if car in ends and (victim := _driver_at(links, wrecked)) is not None:
            if wrecked == walk.lives[car].start and _is_waiting(victim, wrecked, drives, demolitions):
                continue  # the same wreck, written again as another actor
            attacker = None if attacker_car is None else _driver_at(drivers.get(attacker_car, ()), wrecked)
            demolitions.append(Demolition(wrecked, victim, attacker, wreck_end))
    real = [demolition for demolition in demolitions if not _is_departure(demolition, drives)]
    return drives, sorted(real, key=lambda demolition: (demolition.frame, demolition.victim))


def _is_departure(demolition: Demolition, drives: Sequence[Drive]) -> bool:
    """Tell whether a car was taken away because its driver left, or handed over to another: the game tells that in the same words.

    Then nobody is named as attacker, and while others get new cars the driver never does.
    """
    later = {drive.stint.person for drive in drives if drive.start > demolition.frame}
    return demolition.attacker is None and bool(later) and demolition.victim.person not in later


def _is_waiting(victim: Stint, frame: int, drives: Sequence[Drive], demolitions: Sequence[Demolition]) -> bool:
    """Tell whether somebody who was demolished has had no car since."""
    before = [
        demolition.frame for demolition in demolitions if demolition.victim == victim and demolition.frame < frame
    ]
    return bool(before) and not any(drive.stint == victim and max(before) < drive.start < frame for drive in drives)


def _drivers(walk: Walk, people: Sequence[Person]) -> dict[int, list[tuple[int, Stint]]]:
    """Return for each car the network frames from which it is driven by another person or for another team."""
    by_entry = {entry: number for number, person in enumerate(people) for entry in person.entries}
    links: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for update in walk.updates.get(PAWN_PLAYER, ()):
        entry = walk.life_at(update.value["actor"], update.frame)
        if entry is None or entry not in by_entry:
            continue  # the link of a wreck is cut; it still is its driver's
        mine = links[update.life]
        if not mine or by_entry[mine[-1][1]] != by_entry[entry]:
            mine.append((_linked_since(walk, update, is_first=not mine), entry))
    drivers = {}
    for car, entries in links.items():
        stops = [*(start for start, _ in entries[1:]), walk.lives[car].end]
        drivers[car] = [
            (since, Stint(by_entry[entry], team))
            for (start, entry), stop in zip(entries, stops, strict=True)
            for since, team in _teams_while(people[by_entry[entry]], entry, start, stop)
        ]
    return drivers


def _teams_while(person: Person, entry: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the network frames from which a car is driven for another team, and the team.

    A car that comes or goes within some network frames of the change was there for one team only.
    """
    team = person.team_at(entry, min(start + LATE_FRAMES, max(start, stop - 1)))
    yield start, team
    for frame, other in person.teams.get(entry, ()):
        if start + LATE_FRAMES < frame < stop - LATE_FRAMES and other != team:
            yield frame, other
            team = other


def _demolished(walk: Walk) -> dict[int, tuple[int, int | None]]:
    """Return for each car that was demolished the network frame and the attacking car; None for nobody."""
    ends: dict[int, tuple[int, int | None]] = {}
    for name in DEMOLITIONS:
        for update in walk.updates.get(name, ()):
            victim, attacker = (_car(walk, update.value[side], update.frame) for side in ("victim", "attacker"))
            if victim is not None and (victim not in ends or update.frame < ends[victim][0]):
                ends[victim] = (update.frame, attacker)
    return ends


def _car(walk: Walk, value: int | Mapping[str, int], frame: int) -> int | None:
    return walk.life_at(value if isinstance(value, int) else value["actor"], frame)


def _driver_at(links: Sequence[tuple[int, Stint]], frame: int) -> Stint | None:
    return next((stint for start, stint in reversed(links) if start <= frame), links[0][1] if links else None)


def components(walk: Walk, kind: str) -> dict[int, list[tuple[int, int, int]]]:
    """Return for each car the lives of its components of a kind, each with the network frames from and to which it is its own.

    Args:
        walk: with the attribute :data:`~impulse.decoding.attributes.COMPONENT_CAR`.
        kind: how the archetype's name ends, for example ``Boost``.
    """
    links: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for update in walk.updates.get(COMPONENT_CAR, ()):
        if is_kind(walk.lives[update.life].archetype, kind):
            car = walk.life_at(update.value["actor"], update.frame)
            mine = links[update.life]
            if car is not None and (not mine or mine[-1][1] != car):
                mine.append((_linked_since(walk, update, is_first=not mine), car))
    found: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for life in sorted(links):
        ends = [*(start for start, _ in links[life][1:]), walk.lives[life].end]
        for (start, car), end in zip(links[life], ends, strict=True):
            found[car].append((start, end, life))
    return dict(found)


def _linked_since(walk: Walk, update: Update, *, is_first: bool) -> int:
    """Return the network frame from which a link holds.

    Links that are sent while a recording begins tell who was there from its start: bots are linked some network frames
    after their cars appear, and the parser looks ahead in the same way. Those that come with the next keyframe only, as
    in summer 2016, tell it too. In the few network frames that others are late, a car has no parts yet.
    """
    born = walk.lives[update.life].start
    by_keyframe = update.frame in walk.keyframes and update.frame - born > LATE_FRAMES
    return born if is_first and (update.frame < LOBBY_FRAMES or by_keyframe) else update.frame


@cache
def is_kind(archetype: str, kind: str) -> bool:
    """Tell whether a component's archetype, ``...CarComponent_Jump`` or ``...:Jump``, is of a kind."""
    return archetype.replace(":", ".").replace("_", ".").split(".")[-1] == kind
