"""What people play with: car and its parts, camera, steering, title, party, as the network data tells it.

All of it is sent when a person appears, and hardly ever again, so the first network frames tell it: what counts is what was sent in
the first :data:`LOOK_FRAMES` network frames, of whoever came later in as many from his entry into a team on. Of 226 people of real
files 11 have a camera that is told only after that; a walk through the whole file then tells the first one, and a start none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from impulse.decoding.attributes import (
    CAMERA,
    CAMERA_OF_2015,
    CAMERA_OWNER,
    LOADOUT_OF_2015,
    LOADOUT_TEXTS,
    LOADOUTS,
    PARTY_LEADER,
    STEERING,
    TITLE_NUMBER,
)
from impulse.decoding.first_frames import LOOK_FRAMES
from impulse.decoding.people import Person
from impulse.decoding.walk import Walk

DEFAULT_STEERING = 1.0
"""What the game does not send, because it is what everyone begins with: of 211 people in files that know the attribute, 116
have no value, and no value is 1."""

_SIDES = ("blue", "orange")


@dataclass(frozen=True, slots=True)
class Setup:
    """What one person plays with; None and empty is what the file does not tell."""

    loadout: Mapping[str, int] = field(default_factory=dict)
    """Product number of each part in the person's own team: body, wheels, ..., in the parser's words; not those of parts that
    he has none of, which are 0."""
    camera: Mapping[str, float] = field(default_factory=dict)
    """fov, height, angle, distance, stiffness, swivel, and in later files transition."""
    steering: float | None = None
    title: str | None = None
    """The game's own word for it."""
    title_number: int | None = None
    """What came before the word; 0 for none."""
    party_leader: Mapping[str, Any] | None = None
    """Account of whoever leads the person's party, as the parser writes it."""


def setups_of(walk: Walk, people: Sequence[Person]) -> tuple[Setup, ...]:
    """Return what each person plays with.

    Args:
        walk: through the first network frames or all, with :data:`~impulse.decoding.attributes.FOR_SETUPS`.
        people: in it.
    """
    return tuple(_setup(walk, person) for person in people)


def _setup(walk: Walk, person: Person) -> Setup:
    if not person.entries:
        return Setup()
    begin = min(walk.lives[life].start for life in person.teams or person.entries)  # a spectator's entry tells nothing
    end = LOOK_FRAMES if begin < LOOK_FRAMES else begin + LOOK_FRAMES
    entries = frozenset(person.entries)
    side = _SIDES[person.team or 0]

    def last(*names: str) -> Any:  # noqa: ANN401  (as the parser writes it)
        return next((sent[-1] for name in names if (sent := list(_values(walk, name, entries, end)))), None)

    looks, texts = last(LOADOUTS, LOADOUT_OF_2015), last(LOADOUT_TEXTS)
    parts = {} if looks is None else looks.get(side, looks)
    leader = last(PARTY_LEADER)
    return Setup(
        loadout={
            name: value for name, value in parts.items() if isinstance(value, int) and value and name != "version"
        },
        camera={name: value for name, value in _camera(walk, entries, end).items() if value is not None},
        steering=_steering(last(STEERING), person, is_known=STEERING in walk.updates),
        title=None if texts is None else _title(texts[side]),
        title_number=last(TITLE_NUMBER),
        party_leader=None if leader is None else leader["remote_id"],
    )


def _values(walk: Walk, name: str, lives: frozenset[int], end: float) -> Iterator[Any]:
    """Yield what was sent of some actors before a network frame."""
    for update in walk.updates.get(name, ()):
        if update.frame >= end:
            return
        if update.life in lives and update.value is not None:
            yield update.value


def _camera(walk: Walk, entries: frozenset[int], end: int) -> Mapping[str, float | None]:
    """Return the settings of a person's camera, which is an actor of its own, but in the first year."""
    for until, place in ((float(end), -1), (inf, 0)):
        cameras = frozenset(
            update.life
            for update in walk.updates.get(CAMERA_OWNER, ())
            if update.frame < until and walk.life_at(update.value["actor"], update.frame) in entries
        )
        sent = list(_values(walk, CAMERA, cameras, until)) or list(_values(walk, CAMERA_OF_2015, entries, until))
        if sent:
            found: Mapping[str, float | None] = sent[place]
            return found
    return {}


def _steering(sent: float | None, person: Person, *, is_known: bool) -> float | None:
    return DEFAULT_STEERING if sent is None and is_known and not person.is_bot else sent


def _title(slots: Sequence[Sequence[Mapping[str, Any]]]) -> str | None:
    """Return the title among the properties of a loadout's parts."""
    return next((item["value"]["Title"] for slot in slots for item in slot if "Title" in item["value"]), None)
