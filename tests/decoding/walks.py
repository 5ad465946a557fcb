"""Walks through network frames that nobody recorded: a few actors, and what they send."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from impulse.decoding.walk import Life, Update, Walk

FRAMES_A_SECOND = 32


def walk_of(
    frames: int,
    lives: Sequence[tuple[str, int, int]],
    updates: Mapping[str, Sequence[tuple[int, int, Any]]],
    *,
    keyframes: Iterable[int] = (),
) -> Walk:
    """Return a walk.

    Args:
        frames: how many network frames there are.
        lives: archetype, first and last frame (exclusive) of each actor; the n-th has the id n.
        updates: attribute to frame, number of the life and value of each update.
        keyframes: those that tell everything again.
    """
    actors = defaultdict(list)
    for number in range(len(lives)):
        actors[number].append(number)
    deltas = np.full(frames, 1 / FRAMES_A_SECOND, dtype=np.float32)
    return Walk(
        times=np.cumsum(deltas, dtype=np.float32),
        deltas=deltas,
        lives=[Life(number, *life) for number, life in enumerate(lives)],
        updates={name: [Update(*update) for update in sent] for name, sent in updates.items()},
        actors=dict(actors),
        keyframes=frozenset(keyframes),
    )


def to(actor: int) -> dict[str, Any]:
    """Return the value of a link to an actor."""
    return {"active": True, "actor": actor}


def body(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> tuple[float, ...]:
    """Return the values of a body that is still, at a place."""
    return (x, y, z, 0.0, 0.0, 0.0, 1.0, *6 * [0.0])
