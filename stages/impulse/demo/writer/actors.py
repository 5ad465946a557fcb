"""Actors of a recording: which numbers they have, and the records that create, update and remove them.

Owns: actor ids and instance names, and the bit strings of records other than rigid bodies.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.truth import GAME_STATES, GameState
from impulse.demo.writer import attributes, classes
from impulse.demo.writer.bits import ONE, ZERO, Bits, bounded, int32, join
from impulse.demo.writer.classes import MAX_CHANNELS, ObjectTable
from impulse.demo.writer.version import FormatVersion

# Order of records within a frame, between its time (0) and its last bit (7); rigid bodies are at 4. A
# reader applies deletions, then spawns, then updates. Keyframes come last: a respawn before a deletion would
# bring the actor back.
DESTROYED, SPAWNED, UPDATED, RIGID_BODIES, DEMOLISHED, RESPAWNED = range(1, 7)

NOT_REPEATED = ("HitTeamNum", "ReplicatedExplosionData", "ReplicatedStatEvent")
"""Attributes that tell of an event. The game repeats some, and readers then count the event again."""
DEMOLITION, PICKUP = "ReplicatedDemolish", "PickupData"
"""Two more of these."""
HIDDEN = "Engine.Actor:bHidden"
"""What is told of a wreck, and of nothing else."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor from spawn to removal."""

    id: int
    archetype: str
    start: Bits
    """What opens every update of the actor: present, id, alive, not new, one attribute follows."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of one frame."""

    frame: int
    order: int
    bits: Bits


class Stage:
    """The actors of a recording and the records about them."""

    def __init__(self, table: ObjectTable, version: FormatVersion) -> None:
        """Start with an empty stage."""
        self.table = table
        self.version = version
        self.records: list[Record] = []
        self.names = ["None", *(state.value for state in GAME_STATES)]
        """Name table: game states, then instance names."""
        self._instances: dict[str, int] = defaultdict(int)
        # The first ids are the boost pads', which appear in no particular order.
        self._next_id = len(table.pads) + 1
        self._freed: deque[int] = deque()
        self._log: list[tuple[int, int, int, str, Bits]] = []

    def state_index(self, state: GameState) -> int:
        """Return the position of a game state's name in the name table."""
        return self.names.index(state.value)

    def spawn(self, frame: int, archetype: str, *, place: tuple[float, float, float] = (0, 0, 0)) -> Actor:
        """Create an actor; spawns of all but boost pads must be called in the order of frames.

        Args:
            frame: frame of the spawn.
            archetype: what it is spawned from.
            place: where, in uu; boost pads have their place from the map.
        """
        if archetype in self.table.pads:
            number = self.table.pads.index(archetype) + 1
        elif self._next_id < MAX_CHANNELS:
            number, self._next_id = self._next_id, self._next_id + 1
        else:  # fewer than a hundred actors live at a time, so the oldest free id was freed long ago
            number = self._freed.popleft()
        opening = join(ONE, bounded(number, MAX_CHANNELS), ONE)
        actor = Actor(number, archetype, join(opening, ZERO, ONE))
        parts = [opening, ONE]
        if self.version.has_name_index:
            parts.append(int32(len(self.names)))
            self.names.append(self._instance_name(archetype))
        parts += [ZERO, int32(self.table.index(archetype))]
        if archetype not in self.table.pads:
            parts.append(attributes.vector(place, self.version))
        if archetype in classes.BODIES:
            # No pitch, yaw, roll: the rigid body of the same frame gives the rotation.
            parts.append(Bits(0, 3))
        self._add(frame, SPAWNED, number, "", join(*parts))
        return actor

    def update(self, frame: int, actor: Actor, field: str, value: Bits, *, order: int = UPDATED) -> None:
        """Change an attribute of an actor, before the rigid bodies of the frame or, by ``order``, after them."""
        self._add(
            frame, order, actor.id, field, join(actor.start, self.table.field_id(actor.archetype, field), value, ZERO)
        )

    def start_update(self, actor: Actor, field: str) -> Bits:
        """Return what comes before the value of an attribute."""
        return join(actor.start, self.table.field_id(actor.archetype, field))

    def destroy(self, frame: int, actor: Actor) -> None:
        """Remove an actor; its id is free for another from the next frame on."""
        self._add(frame, DESTROYED, actor.id, "", join(ONE, bounded(actor.id, MAX_CHANNELS), ZERO))
        self._freed.append(actor.id)

    def repeat_actors(self, keyframes: list[int], *, repeats_demolitions: bool, repeats_pads: bool) -> None:
        """Write every living actor again at the end of each of these ascending frames, wrecks behind all others."""
        chosen = ((DEMOLITION, repeats_demolitions), (PICKUP, repeats_pads))
        events = (*NOT_REPEATED, *(word for word, is_repeated in chosen if not is_repeated))
        log = sorted(self._log, key=lambda entry: entry[:2])
        alive: dict[int, dict[str, Bits]] = {}
        position = 0
        for frame in keyframes:
            while position < len(log) and log[position][0] <= frame:
                _, order, number, field, bits = log[position]
                position += 1
                if order == DESTROYED:
                    del alive[number]
                elif order == SPAWNED:
                    alive[number] = {"": bits}
                elif not any(word in field for word in events):
                    alive[number][field] = bits
            for known in sorted(alive.values(), key=lambda known: HIDDEN in known):
                self.records += [Record(frame, RESPAWNED, bits) for bits in known.values()]

    def _add(self, frame: int, order: int, number: int, field: str, bits: Bits) -> None:
        self.records.append(Record(frame, order, bits))
        self._log.append((frame, order, number, field, bits))

    def _instance_name(self, archetype: str) -> str:
        """Return an unused name in the game's style, such as ``Car_Default_3``; a pad has the map's."""
        short = archetype.rsplit(".", 1)[-1].removeprefix("Default__")
        if archetype in self.table.pads:
            return short
        self._instances[short] += 1
        return f"{short}_{self._instances[short]}"


def changes(values: NDArray[np.generic], *, before: int) -> list[int]:
    """Return where a (N,) series differs from its last value, which was ``before`` at the start."""
    last = np.concatenate([[before], values[:-1]])
    found: list[int] = np.flatnonzero(values != last).tolist()
    return found
