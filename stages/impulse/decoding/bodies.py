"""Rigid bodies of a walk: every update in one table, and which one each network frame shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from impulse.decoding.array_call import NO_BODY
from impulse.decoding.attributes import BODY
from impulse.decoding.walk import Walk

POSITIONS_SINCE, ROTATIONS_SINCE = 5, 7
"""Network versions that brought positions in hundredths of uu, and rotations as quaternions."""

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Bodies:
    """All updates of rigid bodies, those of one actor together and in order."""

    values: Floats
    """(updates + 1, 13) position, quaternion, velocity, angular velocity in the parser's units; the last is no body."""
    frames: Indices
    """(updates,) network frame of each."""
    spans: dict[int, tuple[int, int]]
    """Where the updates of a life are."""

    def shown(self, life: int, start: int, end: int) -> Indices:
        """Return (end - start,) the number of the update that each network frame shows of an actor; -1 before the first."""
        first, last = self.spans.get(life, (0, 0))
        found = np.searchsorted(self.frames[first:last], np.arange(start, end), side="right")
        return np.where(found > 0, first + found - 1, -1)


def bodies_of(walk: Walk, net_version: int | None) -> Bodies:
    """Return the rigid bodies of a replay.

    Args:
        walk: with the attribute :data:`~impulse.decoding.attributes.BODY`.
        net_version: the header's; None in files of 2015 to 2017.
    """
    updates = walk.updates.get(BODY, ())
    every = chain.from_iterable(update.value for update in updates)
    raw = np.fromiter(every, np.float32, 13 * len(updates)).reshape(len(updates), 13)
    lives = np.array([update.life for update in updates], dtype=np.intp)
    order = np.argsort(lives, kind="stable")
    values = np.concatenate([_in_units_of_today(raw[order], net_version), NO_BODY[np.newaxis]])
    frames = np.array([update.frame for update in updates], dtype=np.intp)[order]
    found, starts = np.unique(lives[order], return_index=True)
    ends = np.append(starts[1:], len(updates))[: len(found)]
    spans = {int(life): (int(start), int(end)) for life, start, end in zip(found, starts, ends, strict=True)}
    return Bodies(values, frames, spans)


def _in_units_of_today(raw: Floats, net_version: int | None) -> Floats:
    if net_version is None or net_version < POSITIONS_SINCE:
        raw[:, :3] *= np.float32(100)
        raw[:, 7:] *= np.float32(10)
    if net_version is None or net_version < ROTATIONS_SINCE:
        raw[:, 3:7] = _quaternions(raw[:, 3:6])
    return raw


def _quaternions(turns: Floats) -> Floats:
    """Return (n, 4) quaternions of old rotations: (n, 3) pitch, yaw, roll in half turns, roll against today's sense."""
    pitch, yaw, roll = (turns * np.array([np.pi, np.pi, -np.pi], dtype=np.float32) * np.float32(0.5)).T
    (sx, cx), (sy, cy), (sz, cz) = ((np.sin(half), np.cos(half)) for half in (roll, pitch, yaw))
    return np.stack(
        [
            sx * cy * cz - cx * sy * sz,
            cx * sy * cz + sx * cy * sz,
            cx * cy * sz - sx * sy * cz,
            cx * cy * cz + sx * sy * sz,
        ],
        axis=1,
    )
