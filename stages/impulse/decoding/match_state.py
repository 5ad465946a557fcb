"""Clock, phase and countdown of the match, in each network frame, as far as they were sent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from impulse.decoding.attributes import BALL_HIT, CLOCK, COUNTDOWN, MATCH, PLAYLIST, STATE, UNLIMITED_TIME
from impulse.decoding.walk import Update, Walk

MATCH_FEATURES = {
    "clock": ("SecondsRemaining", CLOCK),
    "state": ("ReplicatedStateName", STATE),
    "countdown": ("ReplicatedGameStateTimeRemaining", COUNTDOWN),
    "ball_hit": ("BallHasBeenHit", BALL_HIT),
}
"""What is told of the match: the parser's feature, and the attribute that it shows."""

Floats = npt.NDArray[np.float32]


def match_values(walk: Walk) -> dict[str, Floats]:
    """Return (frames,) values of each attribute of :data:`MATCH`; NaN before the first one was sent.

    A match of unlimited time has no clock, though seconds are counted.
    """
    ordered = played_matches(walk)
    values = {name: _over_lives(walk, name, ordered) for name in MATCH}
    unlimited = _over_lives(walk, UNLIMITED_TIME, ordered) > 0
    values[CLOCK][unlimited] = np.nan
    return values


def played_matches(walk: Walk) -> list[int]:
    """Return the lives of the actors that tell of the match, in order.

    Where there are several, those with a clock: a recording may also hold the match that people came from, which is over.
    """
    lives = {update.life for name in MATCH for update in walk.updates.get(name, ())}
    with_clock = {update.life for update in walk.updates.get(CLOCK, ())}
    return sorted(with_clock or lives)


def playlist_of(walk: Walk) -> int | None:
    """Return the game's number of the playlist; None when it was not sent."""
    updates = walk.updates.get(PLAYLIST)
    return int(updates[0].value) if updates else None


def _over_lives(walk: Walk, name: str, lives: Sequence[int]) -> Floats:
    values = np.full(len(walk.times), np.nan, dtype=np.float32)
    updates = walk.updates.get(name, ())
    for life in lives:
        start, end = walk.lives[life].start, walk.lives[life].end
        values[start:end] = held([update for update in updates if update.life == life], start, end)
    return values


def held(updates: Sequence[Update], start: int, end: int) -> Floats:
    """Return (end - start,) the last value sent before or in each network frame; NaN before the first."""
    frames = [update.frame for update in updates]
    values = np.array([np.nan, *(float(update.value) for update in updates)], dtype=np.float32)
    return values[np.searchsorted(frames, np.arange(start, end), side="right")]
