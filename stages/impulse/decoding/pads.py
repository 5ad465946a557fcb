"""Boost pads of a walk: who picked up which when, when it was there again, and where in the standard arena it is.

A pad is an actor of the map with a name of its own, which comes up when it is first used. What is sent of it is a state, who emptied
it or that it is there, and keyframes send it again. So a pickup is a new state with a car. Since 2019 states have a count that grows
by two with each pickup, so of an empty pad only one that is ahead is new. A kickoff takes pickups back, and their counts: the keyframe
there, or the network frame before it, may show the car of an older pickup, and the next one may have the last count again. The car
is gone from the state (-1) where its actor was removed; that is no pickup. Places are no part of a file, they are found by where cars
are at pickups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from impulse.decoding.attributes import PICKUPS
from impulse.decoding.bodies import Bodies
from impulse.decoding.walk import Update, Walk
from impulse.schema.pads import BIG, PAD_PLACES, SMALL, STANDARD_MAPS, PadSize, size_of

BOOST_PAD = "VehiclePickup_Boost"
"""Part of a pad's name."""

REACH_UU = 500.0
"""A car that picks a pad up is nearer to its centre; two pads are more than twice as far apart. In 41 recordings of 2016 to 2026 with
the standard pads, 99 % are within 325 uu, and all but what was told late within 460; the median of a pad of another arena is 629."""

OTHER_ARENA = 0.1
"""Share of pads that fit no place, from which on the arena is another."""

PADS_OF_AN_UNKNOWN_MAP = 8
"""As many must be where the standard arena has them, if no recording showed yet that a map has it."""

COUNTS = 256
"""The count of pickups is a byte; a state that is less than half of that ahead is new."""

NOBODY = -1
"""Instead of a car that is gone."""

KICKOFF_JUMP_SECONDS = 1.0
"""A recording leaves out more time before a kickoff, and at no other time."""

RESPAWN_SLACK_SECONDS = 0.5
"""A return that is told this close to a pad's time tells its size; a kickoff brings it back earlier."""


@dataclass(frozen=True, slots=True)
class Pickup:
    """One time that a pad was emptied."""

    frame: int
    """Network frame that tells it."""
    car: int | None
    """Life of the car; None where the file names one that is not there."""
    back: int | None
    """Network frame that tells that the pad is there again; None where none does."""


@dataclass(slots=True)
class Pad:
    """One pad that the recording tells of."""

    name: str
    """As the game calls it, without the map's part."""
    pickups: list[Pickup] = field(default_factory=list)
    """In order."""
    known_from: int = 0
    """Network frame from which on its state is known: pads that were empty when the recording began are when they come back."""
    place: int | None = None
    """Number in :data:`~impulse.schema.pads.PAD_PLACES`; None where that is not known."""
    size: PadSize | None = None

    @property
    def turns(self) -> Iterator[tuple[Pickup, Pickup | None]]:
        """Each pickup, and the one after it."""
        return zip(self.pickups, [*self.pickups[1:], None], strict=False)


def pads_of(walk: Walk, bodies: Bodies, map_name: str | None) -> list[Pad]:
    """Return all pads that a recording tells of, by their names.

    Args:
        walk: with :data:`~impulse.decoding.attributes.FOR_PADS`.
        bodies: the walk's.
        map_name: the header's.
    """
    updates: defaultdict[str, list[Update]] = defaultdict(list)
    for name in PICKUPS:
        for update in walk.updates.get(name, ()):
            updates[walk.lives[update.life].archetype].append(update)
    actors = {name: _lives_of(walk, name) for name in updates}
    pads = [_read(name, walk, updates[name], actors[name]) for name in sorted(updates) if BOOST_PAD in name]
    for pad in pads:
        pad.size = _size_by_time(pad, walk)
    _find_places(pads, bodies, map_name)
    return pads


def _lives_of(walk: Walk, archetype: str) -> list[int]:
    return [number for number, life in enumerate(walk.lives) if life.archetype == archetype]


def _read(archetype: str, walk: Walk, updates: Sequence[Update], lives: Sequence[int]) -> Pad:
    """Return a pad with its pickups, from its states in order, and from actors that end: a new one without a state is there."""
    pad = Pad(archetype.rsplit(".", 1)[-1])
    ends = {walk.lives[life].end for life in lives} - {len(walk.times)}
    resets = ends & {walk.lives[life].start for life in lives}  # a kickoff writes all actors anew
    sent = {update.frame for update in updates}
    told = [(frame, None) for frame in sorted(ends - sent)] + [(update.frame, update.value) for update in updates]
    taken: tuple[int, int | None] | None = None  # network frame and car of the pickup that emptied the pad
    count, car, is_empty = None, None, False
    for number, (frame, value) in enumerate(sorted(told, key=lambda item: item[0])):
        if value is None or value["instigator"] is None:
            if taken is not None:
                pad.pickups.append(Pickup(*taken, frame))
            elif is_empty or number == 0:
                pad.known_from = frame
            taken, is_empty = None, False
        elif _is_new(value, count, car if is_empty else None, is_reset=not resets.isdisjoint((frame, frame + 1))):
            if taken is not None:
                pad.pickups.append(Pickup(*taken, None))
            elif is_empty:
                pad.known_from = frame
            count, car, is_empty = value["picked_up"], value["instigator"], True
            taken = (frame, walk.life_at(car, frame)) if frame > 0 else None  # that was before the recording
        elif number == 0:
            is_empty = True  # whoever emptied it was gone before the recording
    if taken is not None:
        pad.pickups.append(Pickup(*taken, None))
    elif is_empty:
        pad.known_from = len(walk.times)
    return pad


def _is_new(state: Mapping[str, Any], last_count: int | bool | None, empty_by: int | None, *, is_reset: bool) -> bool:
    """Tell whether a state with a car is a pickup.

    Args:
        state: the state.
        last_count: count of the pickup before; True in files without one, None for the first.
        empty_by: id of the car that the pad is empty of; None where it is there.
        is_reset: whether a kickoff may have taken pickups back.
    """
    count, car = state["picked_up"], state["instigator"]
    if car == NOBODY:
        return False
    if isinstance(count, bool) or last_count is None:
        return bool(car != empty_by)
    is_ahead = 0 < (count - last_count) % COUNTS < COUNTS // 2
    return is_ahead or (empty_by is None and not is_reset)


def _size_by_time(pad: Pad, walk: Walk) -> PadSize | None:
    """Return the size that a pad's returns tell, where they agree; after a kickoff all pads are there, so those tell nothing."""
    sizes = set()
    for pickup in pad.pickups:
        if pickup.back is None:
            continue
        times = walk.times[pickup.frame : pickup.back + 1]
        if np.diff(times).max(initial=0.0) < KICKOFF_JUMP_SECONDS:
            sizes |= {
                size
                for size in (SMALL, BIG)
                if abs(times[-1] - times[0] - size.respawn_seconds) < RESPAWN_SLACK_SECONDS
            }
    return sizes.pop() if len(sizes) == 1 else None


def _find_places(pads: Sequence[Pad], bodies: Bodies, map_name: str | None) -> None:
    """Set the place of each pad that is where the standard arena has one, unless the pads show that the arena is another."""
    nearest = [_nearest(pad, bodies) for pad in pads]
    fitting = [place for place in nearest if place is not None]
    used = sum(any(pickup.car is not None for pickup in pad.pickups) for pad in pads)
    is_known = (map_name or "").lower() in STANDARD_MAPS
    if used - len(fitting) > OTHER_ARENA * used or len(fitting) < (1 if is_known else PADS_OF_AN_UNKNOWN_MAP):
        return
    for pad, place in zip(pads, nearest, strict=True):
        if place is not None:
            pad.place, pad.size = place, size_of(place)


def _nearest(pad: Pad, bodies: Bodies) -> int | None:
    """Return the place that is nearest to the cars that emptied a pad, in the middle of its pickups; None where none is in reach."""
    shown = [
        int(bodies.shown(pickup.car, pickup.frame, pickup.frame + 1)[0])
        for pickup in pad.pickups
        if pickup.car is not None
    ]
    at = bodies.values[[number for number in shown if number >= 0], :3]
    if not len(at):
        return None
    distances = np.median(np.linalg.norm(at[:, np.newaxis] - np.array(PAD_PLACES, np.float32), axis=2), axis=0)
    place = int(np.argmin(distances))
    return place if distances[place] <= REACH_UU else None
