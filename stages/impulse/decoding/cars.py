"""Which car each person drives in which network frame, and what ended it: the part of the actor model that people are in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from impulse.decoding.attributes import COMPONENT_CAR, DEMOLITIONS, PAWN_PLAYER
from impulse.decoding.people import LOBBY_FRAMES, Person
from impulse.decoding.walk import Update, Walk

LATE_FRAMES = 10
"""Links come with what they link, or up to three network frames later, or with a keyframe."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A person at the wheel of one car."""

    person: int
    car: int
    """Life of the car."""
    start: int
    end: int
    """Network frames from the link on until the car is removed, demolished, or given to another."""


@dataclass(frozen=True, slots=True)
class Demolition:
    """The end of one car; it is sent again at keyframes and while the wreck lies about, and counts once."""

    frame: int
    victim: int
    """Person."""
    attacker: int | None
    """Person; None when the file names nobody who plays."""
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
        for (start, person), (stop, _) in zip(links, [*links[1:], (wreck_end, 0)], strict=True):
            if start < min(stop, wrecked):
                drives.append(Drive(person, car, start, min(stop, wrecked)))
        if car in ends and (victim := _driver_at(links, wrecked)) is not None:
            if wrecked == walk.lives[car].start and _is_waiting(victim, wrecked, drives, demolitions):
                continue  # the same wreck, written again as another actor
            attacker = None if attacker_car is None else _driver_at(drivers.get(attacker_car, ()), wrecked)
            demolitions.append(Demolition(wrecked, victim, attacker, wreck_end))
    return drives, sorted(demolitions, key=lambda demolition: (demolition.frame, demolition.victim))


def _is_waiting(victim: int, frame: int, drives: Sequence[Drive], demolitions: Sequence[Demolition]) -> bool:
    """Tell whether somebody who was demolished has had no car since."""
    before = [
        demolition.frame for demolition in demolitions if demolition.victim == victim and demolition.frame < frame
    ]
    return bool(before) and not any(drive.person == victim and max(before) < drive.start < frame for drive in drives)


def _drivers(walk: Walk, people: Sequence[Person]) -> dict[int, list[tuple[int, int]]]:
    """Return for each car the network frames from which it has another driver, with the person."""
    by_entry = {entry: number for number, person in enumerate(people) for entry in person.entries}
    drivers: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for update in walk.updates.get(PAWN_PLAYER, ()):
        entry = walk.life_at(update.value["actor"], update.frame)
        person = None if entry is None else by_entry.get(entry)
        if person is None:
            continue  # the link of a wreck is cut; it still is its driver's
        links = drivers[update.life]
        if not links or links[-1][1] != person:
            links.append((_linked_since(walk, update, is_first=not links), person))
    return dict(drivers)


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


def _driver_at(links: Sequence[tuple[int, int]], frame: int) -> int | None:
    return next((person for start, person in reversed(links) if start <= frame), links[0][1] if links else None)


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


def is_kind(archetype: str, kind: str) -> bool:
    """Tell whether a component's archetype, ``...CarComponent_Jump`` or ``...:Jump``, is of a kind."""
    return archetype.replace(":", ".").replace("_", ".").split(".")[-1] == kind
