"""Which ball plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from impulse.decoding.attributes import BALL_MATCH
from impulse.decoding.bodies import Bodies
from impulse.decoding.match_state import played_matches
from impulse.decoding.walk import Walk

CENTRE_UU, LOW_UU = 1.0, 200.0
"""How far from the centre of the field, along x and y, and above the ground the ball may come that waits for a kickoff."""

BALL_ARCHETYPE = "ball"
"""What the archetype of every ball says, in any case: ``Archetypes.Ball.Ball_Puck``, ``...CubeBall``."""


@dataclass(frozen=True, slots=True)
class PlayedBall:
    """The ball that plays, through all its lives."""

    shown: npt.NDArray[np.intp]
    """(frames,) number of the body's update that each network frame shows; -1 without a ball."""
    untold: npt.NDArray[np.bool_]
    """(frames,) there are several balls, and nothing says which one plays."""
    at_once: int
    """Most balls in one network frame."""


def played_ball(walk: Walk, bodies: Bodies) -> PlayedBall:
    """Find the ball that plays in each network frame.

    A ball of a match that is not played is none. Of several, it is the one of the kind that comes in the centre: modes with
    obstacles that are balls too bring those elsewhere. Where that says nothing, or there are two of that kind, it is untold.
    """
    frames = len(walk.times)
    shown = np.full(frames, -1, dtype=np.intp)
    elsewhere = _of_other_matches(walk)
    balls = [life for life in bodies.spans if is_ball(walk.lives[life].archetype) and life not in elsewhere]
    kinds = {life: walk.lives[life].archetype for life in balls}
    of_centre = {kinds[life] for life in balls if _lay_in_centre(bodies, life)}
    count, played = np.zeros(frames, dtype=np.int16), np.zeros(frames, dtype=np.int16)
    for life in sorted(balls, key=lambda life: (kinds[life] in of_centre, walk.lives[life].start)):
        span = slice(walk.lives[life].start, walk.lives[life].end)
        count[span] += 1
        played[span] += kinds[life] in of_centre
        shown[span] = bodies.shown(life, span.start, span.stop)  # those of the centre come last and win
    untold = (count > 1) & (played != 1)
    shown[untold] = -1
    return PlayedBall(shown, untold, int(count.max(initial=0)))


def is_ball(archetype: str) -> bool:
    """Tell whether an actor with a body is a ball, by the last word of its archetype."""
    return BALL_ARCHETYPE in archetype.rsplit(".", 1)[-1].lower() or ".Ball." in archetype


def several_balls(walk: Walk) -> bool:
    """Tell whether two balls are there at once, or more kinds of them than one, by actors alone."""
    balls = [life for life in walk.lives if ".Ball." in life.archetype]
    return len({life.archetype for life in balls}) > 1 or _overlap(sorted((life.start, life.end) for life in balls))


def _overlap(spans: Sequence[tuple[int, int]]) -> bool:
    return any(later[0] < earlier[1] for earlier, later in pairwise(spans))


def _lay_in_centre(bodies: Bodies, life: int) -> bool:
    first = bodies.values[bodies.spans[life][0]]
    return bool((np.abs(first[:2]) <= CENTRE_UU).all() and first[2] < LOW_UU)


def _of_other_matches(walk: Walk) -> set[int]:
    played = set(played_matches(walk))
    matches = (
        (update.life, walk.life_at(update.value["actor"], update.frame)) for update in walk.updates.get(BALL_MATCH, ())
    )
    return {ball for ball, match in matches if match is not None and match not in played}
