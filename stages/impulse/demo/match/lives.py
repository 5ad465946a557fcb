"""Cars from spawn to removal: who has one, what it shows, and what its components do.

Owns: the lives of cars, and the frame-by-frame arrays that follow from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.bodies import Bodies
from impulse.demo.match.boost import fill_tanks, full_tanks, wants_to_burn
from impulse.demo.match.incidents import Attendance
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.truth import BOOST, DODGE, BoostReport, CarLife, Demolition, PadEvent

RESPAWN_S = 3.0
"""From a demolition to the new car (game rule)."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Which car each of P players has in each of F frames."""

    has_car: NDArray[np.bool_]
    """(F, P), wrecks included."""
    is_demolished: NDArray[np.bool_]
    """(F, P)."""
    shown_frame: NDArray[np.int64]
    """(F, P) frame whose state a car shows: a wreck stays as it was."""

    def show(self, cars: Bodies) -> Bodies:
        """Return (F, P) moving cars with wrecks frozen and absent cars blank."""
        player = np.arange(self.has_car.shape[1])
        still = self.is_demolished[..., None]
        shown = Bodies(
            cars.position[self.shown_frame, player],
            cars.rotation[self.shown_frame, player],
            np.where(still, 0.0, cars.velocity),
            np.where(still, 0.0, cars.spin),
            self.is_demolished,
        )
        return shown.blanked(~self.has_car)


def make_lives(schedule: Schedule, there: Attendance, *, demolitions: tuple[Demolition, ...]) -> tuple[CarLife, ...]:
    """Return every car: a new one at each kickoff, and three seconds after each demolition."""
    lives = []
    for player, joined in enumerate(there.joined):
        for play in schedule.plays:
            first, stop = max(play.first, joined), min(play.stop, there.left[player])
            for event in demolitions:
                if event.victim == player and first < event.frame < stop:
                    respawn = int(np.searchsorted(schedule.time, schedule.time[event.frame] + RESPAWN_S))
                    lives.append(CarLife(player, first, min(respawn, stop), event.frame))
                    first = min(respawn, stop)
            if first < stop:
                lives.append(CarLife(player, first, stop))
    return tuple(sorted(lives, key=lambda life: (life.first, life.player)))


def presence(lives: tuple[CarLife, ...], *, frames: int, players: int) -> Presence:
    """Return which car each player has when."""
    has_car = np.zeros((frames, players), dtype=bool)
    is_demolished = np.zeros((frames, players), dtype=bool)
    shown_frame = np.repeat(np.arange(frames)[:, None], players, axis=1)
    for life in lives:
        has_car[life.first : life.stop, life.player] = True
        if life.demolished is not None:
            is_demolished[life.demolished : life.stop, life.player] = True
            shown_frame[life.demolished : life.stop, life.player] = life.demolished
    return Presence(has_car, is_demolished, shown_frame)


def run_components(
    seed: int,
    schedule: Schedule,
    *,
    jumping: NDArray[np.bool_],
    lives: tuple[CarLife, ...],
    pad_events: tuple[PadEvent, ...],
    is_unlimited: bool,
    refills: bool,
) -> tuple[NDArray[np.float64], NDArray[np.uint8], tuple[BoostReport, ...]]:
    """Follow the components of every car; each car's start switched off.

    Args:
        seed: seed of the match.
        schedule: F frames.
        jumping: (F, P, 3) when dodge, jump and double jump are active.
        lives: the cars.
        pad_events: who picks up which boost pad.
        is_unlimited: tanks are full all the time.
        refills: tanks are filled up to what was reported last while boost is burnt.

    Returns:
        (F, P) boost in raw units, (F, P, 4) counts as in :attr:`impulse.demo.match.truth.Match.component_counts`, and what
        the game reports of the boost.
    """
    frames, players = jumping.shape[:2]
    wishes = wants_to_burn(seed, schedule, players=players)
    if is_unlimited:
        tanks = full_tanks(lives, wishes=wishes)
    else:
        tanks = fill_tanks(schedule, lives, wishes=wishes, pad_events=pad_events, refills=refills)
    boost = np.zeros((frames, players))
    counts = np.zeros((frames, players, 4), dtype=np.uint8)
    reports = []
    for life, tank in zip(lives, tanks, strict=True):
        span = slice(life.first, life.stop)
        boost[span, life.player] = tank.amounts
        is_on = np.zeros((life.stop - life.first, 4), dtype=bool)
        is_on[:, BOOST] = tank.burning
        whole = (life.stop if life.demolished is None else life.demolished) - life.first
        is_on[1:whole, DODGE:] = jumping[life.first + 1 : life.first + whole, life.player]
        switched = np.diff(is_on, axis=0, prepend=np.zeros((1, 4), dtype=bool))
        counts[span, life.player] = np.cumsum(switched, axis=0).astype(np.uint8)
        reports += tank.reports
    return boost, counts, tuple(sorted(reports, key=lambda report: report.frame))
