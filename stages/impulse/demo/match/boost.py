"""Boost in a synthetic match: who burns it, who picks it up, and what the game reports of it.

Owns: boost pads, and each car's boost. Amounts are raw units: 255 is a full tank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match import arena
from impulse.demo.match.bodies import Bodies
from impulse.demo.match.draws import Draws
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.truth import GAME_STATES, BoostReport, CarLife, GameState, PadEvent

FULL_RAW = 255.0
START_RAW = 85
"""Boost of a new car: a third of a tank (game rule)."""
BURN_RAW_PER_S = 80.0 / 0.93
"""Raw units burnt a second, as the parser counts it (86.02); the game's own rate is 85."""
BURN_WINDOW_S = 1.3
"""Length of the windows in which a player wants to burn boost or not (chosen)."""
BURN_SHARE = 0.2
"""Share of the windows in which he does (chosen)."""
REFILL_FRAMES = 10
"""Least number of frames between two refills, or from the start of burning to one (chosen)."""
SCAN_FRAMES = 3
"""Cars are compared with the pads in every third frame; one too quick to be seen picks nothing up."""


@dataclass(frozen=True, slots=True)
class Tank:
    """Boost of one car over its life of N frames."""

    amounts: NDArray[np.float64]
    """(N,) after each frame."""
    burning: NDArray[np.bool_]
    """(N,)."""
    reports: list[BoostReport]


def find_pad_events(schedule: Schedule, cars: Bodies, *, can_pick_up: NDArray[np.bool_]) -> tuple[PadEvent, ...]:
    """Return who picks up which boost pad, and when pads become available again, in the order of frames.

    Args:
        schedule: F frames.
        cars: (F, P) states.
        can_pick_up: (F, P) whether a player's car is there and whole.
    """
    active = schedule.state == GAME_STATES.index(GameState.ACTIVE)
    frames = np.flatnonzero(active)[::SCAN_FRAMES]
    x, y, z = cars.position[frames].transpose(2, 0, 1)
    dx, dy = x[..., None] - arena.PADS_UU[:, 0], y[..., None] - arena.PADS_UU[:, 1]
    near = dx * dx + dy * dy < arena.PAD_REACH_UU**2
    near &= (can_pick_up[frames] & (z < arena.PAD_REACH_UU.min()))[..., None]
    events: list[PadEvent] = []
    available_from = [0] * len(arena.PADS_UU)
    for row, player, pad in np.argwhere(near).tolist():
        frame = int(frames[row])
        if frame < available_from[pad]:
            continue
        events.append(PadEvent(frame, pad, player))
        back = int(np.searchsorted(schedule.time, schedule.time[frame] + arena.PAD_RESPAWN_S[pad]))
        back = min(back, schedule.plays[schedule.play[frame]].stop)  # a kickoff fills all pads
        available_from[pad] = back + 1
        if back < len(schedule.time):
            events.append(PadEvent(back, pad, None))
    return tuple(sorted(events, key=lambda event: event.frame))


def wants_to_burn(seed: int, schedule: Schedule, *, players: int) -> NDArray[np.bool_]:
    """Return when each player holds the boost button: (F, P)."""
    active = schedule.state == GAME_STATES.index(GameState.ACTIVE)
    window = ((schedule.time - schedule.time[0]) / BURN_WINDOW_S).astype(np.int64)
    wishes = Draws(seed, "boosting").uniforms((int(window[-1]) + 1, players)) < BURN_SHARE
    wanted: NDArray[np.bool_] = wishes[window] & active[:, None]
    return wanted


def full_tanks(lives: Iterable[CarLife], *, wishes: NDArray[np.bool_]) -> list[Tank]:
    """Return the boost of every car where it is unlimited; arguments as for :func:`fill_tanks`."""
    tanks = []
    for life in lives:
        burning = wishes[life.first : life.stop, life.player].copy()
        burning[(life.stop if life.demolished is None else life.demolished) - life.first :] = False
        amounts = np.full(life.stop - life.first, FULL_RAW)
        tanks.append(Tank(amounts, burning, [BoostReport(life.first, life.player, round(FULL_RAW))]))
    return tanks


def fill_tanks(
    schedule: Schedule,
    lives: Iterable[CarLife],
    *,
    wishes: NDArray[np.bool_],
    pad_events: Iterable[PadEvent],
    refills: bool = False,
) -> list[Tank]:
    """Return the boost of every car.

    Args:
        schedule: F frames.
        lives: the cars.
        wishes: (F, P) when each player wants to burn boost.
        pad_events: who picks up which boost pad.
        refills: every so often a tank is filled up to what was reported last while its player burns boost.
    """
    grants: dict[int, list[tuple[int, float | None]]] = defaultdict(list)
    for event in pad_events:
        if event.player is not None:
            grants[event.player].append((event.frame, float(arena.PAD_GRANT_RAW[event.pad])))
    if refills:
        for player in range(wishes.shape[1]):
            # Not right after a start, as then nothing has been burnt.
            due = np.flatnonzero(wishes[REFILL_FRAMES:, player] & wishes[:-REFILL_FRAMES, player]) + REFILL_FRAMES
            grants[player] = sorted(
                [*grants[player], *((int(frame), None) for frame in due[::REFILL_FRAMES])], key=lambda grant: grant[0]
            )
    return [_fill(schedule, life, wishes=wishes[:, life.player], grants=grants[life.player]) for life in lives]


def _fill(
    schedule: Schedule, life: CarLife, *, wishes: NDArray[np.bool_], grants: list[tuple[int, float | None]]
) -> Tank:
    """Follow one car's boost from grant to grant; None grants what is missing to the last report.

    A reader sees a report only if its byte differs from the last one. So whenever a pad's grant would end on the
    byte that was reported last although boost was burnt since, it ends one unit lower.
    """
    amounts = np.empty(life.stop - life.first)
    burning = np.zeros(life.stop - life.first, dtype=bool)
    end = life.stop if life.demolished is None else life.demolished
    reports = [BoostReport(life.first, life.player, START_RAW)]

    def report(frame: int, amount: float) -> None:
        reports.append(BoostReport(frame, life.player, round(amount)))

    amount = float(START_RAW)
    mine = [(frame, grant) for frame, grant in grants if life.first < frame < end]
    starts = [life.first, *(frame for frame, _ in mine)]
    for number, (start, stop) in enumerate(zip(starts, [*starts[1:], end], strict=True)):
        if number:
            last, granted = reports[-1].amount, mine[number - 1][1]
            filled = float(last) if granted is None else min(amount + granted, FULL_RAW)
            if granted is None or round(filled) != last:
                report(start, filled)
            elif abs(amount - last) > 0.5:
                filled = last - 1.0
                report(start, filled)
            amount = filled
        burn = np.where(wishes[start:stop], schedule.delta[start:stop].astype(np.float64) * BURN_RAW_PER_S, 0.0)
        burnt = np.cumsum(burn)
        part = slice(start - life.first, stop - life.first)
        burning[part] = (burn > 0) & (burnt - burn < amount)
        amounts[part] = np.maximum(amount - burnt, 0.0)
        ends = np.flatnonzero(burning[part][:-1] & ~burning[part][1:]) + 1
        for at in ends.tolist():
            left = float(amounts[part][at])
            if round(left) != reports[-1].amount:
                report(start + at, left)
        if stop > start:
            amount = float(amounts[part][-1])
    amounts[end - life.first :] = amount
    return Tank(amounts, burning, reports)
