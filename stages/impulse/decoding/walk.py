"""Every network frame of a replay, read once: who was there, and which values were sent when.

The parser's raw decode gives millions of small objects. They are walked once, and what was asked for is kept as plain
lists, so that whatever needs raw values (frames, later controls) shares one walk.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import subtr_actor

from impulse.decoding.array_call import reading_raw_data, translated_errors
from impulse.decoding.attributes import BODY
from impulse.decoding.body_values import body_values


class Update(NamedTuple):
    """One value that was sent."""

    frame: int
    """Network frame."""
    life: int
    """Whose it is: an index into :attr:`Walk.lives`."""
    value: Any
    """As the parser writes it, without its type's name; of a body its :func:`~impulse.decoding.body_values.body_values`."""


@dataclass(slots=True)
class Life:
    """One actor, from the frame that spawned it to the one that removed it.

    Ids are used again, so an id alone says nothing. At a keyframe the game writes all actors again; those go on living.
    """

    actor: int
    archetype: str
    start: int
    """First network frame."""
    end: int
    """The network frame that removed it; the number of frames for one that stayed."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a replay's network frames hold of the attributes that were asked for."""

    times: npt.NDArray[np.float32]
    """(frames,) s."""
    deltas: npt.NDArray[np.float32]
    """(frames,) s since the frame before, as the file says."""
    lives: Sequence[Life]
    """In the order of their start."""
    updates: Mapping[str, Sequence[Update]]
    """Attribute to its updates, in the order of the stream."""
    actors: Mapping[int, Sequence[int]]
    """Actor id to its lives, in order."""
    keyframes: frozenset[int]
    """Network frames that write living actors again, with values that may be old."""

    def life_at(self, actor: int, frame: int) -> int | None:
        """Return the life that an actor's id meant in a frame, also in the one that removed it; None for nobody."""
        found = None
        for number in self.actors.get(actor, ()):
            if self.lives[number].start > frame:
                break
            if self.lives[number].end >= frame:
                found = number
        return found


@dataclass(slots=True)
class _Shared:
    """What the products that are made of one replay want, so that one walk serves them."""

    attributes: frozenset[str]
    walks: list[tuple[bytes, frozenset[str], Walk]] = field(default_factory=list)
    """The last walk, with the bytes and the attributes that it was made of."""


_SHARED: ContextVar[_Shared | None] = ContextVar("shared", default=None)


@contextmanager
def one_walk(attributes: Collection[str]) -> Iterator[None]:
    """Let all walks of the same bytes within be one, which keeps these attributes beside those that are asked for."""
    token = _SHARED.set(_Shared(frozenset(attributes)))
    try:
        yield
    finally:
        _SHARED.reset(token)


def walk_replay(data: bytes, attributes: Collection[str]) -> Walk:
    """Decode a replay and keep some of its attributes, and within :func:`one_walk` the ones named there.

    Args:
        data: the file's bytes.
        attributes: names such as ``TAGame.RBActor_TA:ReplicatedRBState``.

    Raises:
        ReplayError: the parser refused the replay; the reason code says how.
    """
    shared = _SHARED.get()
    if shared is None:
        return _decoded(data, attributes)
    for known, kept, walk in shared.walks:
        if kept.issuperset(attributes) and known == data:
            return walk
    wanted = shared.attributes.union(attributes)
    walk = _decoded(data, wanted)
    shared.walks[:] = [(data, wanted, walk)]
    return walk


def _decoded(data: bytes, attributes: Collection[str]) -> Walk:
    with no_garbage_collection():
        with translated_errors():
            replay = subtr_actor.parse_replay(data)
        with reading_raw_data():
            frames = (replay["network_frames"] or {}).get("frames", [])
            return _walk(frames, replay["objects"], attributes)


def _walk(frames: list[Mapping[str, Any]], objects: Sequence[str], attributes: Collection[str]) -> Walk:
    updates: defaultdict[str, list[Update]] = defaultdict(list)
    wanted = {number: updates[name].append for number, name in enumerate(objects) if name in attributes}
    bodies = {number for number, name in enumerate(objects) if name == BODY}
    lives: list[Life] = []
    actors: defaultdict[int, list[int]] = defaultdict(list)
    alive: dict[int, int] = {}
    keyframes = set()
    times, deltas, count = [], [], len(frames)
    for number, frame in enumerate(frames):
        times.append(frame["time"])
        deltas.append(frame["delta"])
        gone = set()
        for actor in frame["deleted_actors"]:
            if (life := alive.pop(actor, None)) is not None:
                lives[life].end = number
            else:
                gone.add(actor)  # it comes and goes in this network frame
        for spawned in frame["new_actors"]:
            actor, archetype = spawned["actor_id"], objects[spawned["object_id"]]
            if (life := alive.get(actor)) is not None:
                if lives[life].archetype == archetype:
                    keyframes.add(number)
                    continue
                lives[life].end = number
            if actor not in gone:
                alive[actor] = len(lives)
            actors[actor].append(len(lives))
            lives.append(Life(actor, archetype, number, number if actor in gone else count))
        for update in frame["updated_actors"]:
            keep = wanted.get(update["object_id"])
            if keep is not None and (life := alive.get(update["actor_id"])) is not None:
                (value,) = update["attribute"].values()
                keep(Update(number, life, body_values(value) if update["object_id"] in bodies else value))
        frames[number] = {}  # frees what was read
    return Walk(
        np.array(times, np.float32),
        np.array(deltas, np.float32),
        lives,
        dict(updates),
        dict(actors),
        frozenset(keyframes),
    )


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python from looking for cycles among millions of new objects that have none: it takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
