"""Parts of a match, as recordings that start late or end early show them.

Owns: what a recording knows of what happened outside of it: nothing but scores and current states.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from impulse.demo.match.controls import NEUTRAL
from impulse.demo.match.truth import (
    BoostReport,
    CarLife,
    Demolition,
    Goal,
    Match,
    MatchPlayer,
    PadEvent,
    Play,
    Touch,
)
from impulse.errors import ConfigError

Event = TypeVar("Event", Goal, Demolition, PadEvent, Touch, BoostReport)


def cut(match: Match, *, first: int, stop: int) -> Match:
    """Return frames ``first`` to ``stop`` (excluded) of a match.

    A car that is a wreck in the first frame is left out, as nothing says whose it was.

    Raises:
        ConfigError: the match does not have these frames.
    """
    if not 0 <= first < stop <= match.frames:
        raise ConfigError("cut", f"frames {first}..{stop} are not within 0..{match.frames}")
    span = slice(first, stop)
    lives = _lives(match.lives, first, stop)
    has_car = np.zeros((stop - first, len(match.players)), dtype=bool)
    for life in lives:
        has_car[life.first : life.stop, life.player] = True
    delta = match.delta[span].copy()
    delta[0] = 0
    boost = match.boost[span] * has_car
    resumed = [BoostReport(0, life.player, round(float(boost[0, life.player]))) for life in lives if not life.first]
    return replace(
        match,
        players=_players(match, first, stop),
        start_scores=_scores_before(match, first + 1),
        final_scores=_scores_before(match, stop),
        time=match.time[span],
        delta=delta,
        seconds_remaining=match.seconds_remaining[span],
        state=match.state[span],
        countdown=match.countdown[span],
        is_ball_hit=match.is_ball_hit[span],
        ball=match.ball[span],
        cars=match.cars[span].blanked(~has_car),
        has_car=has_car,
        is_demolished=match.is_demolished[span] & has_car,
        boost=boost,
        component_counts=match.component_counts[span] * has_car[..., None],
        throttle=np.where(has_car, match.throttle[span], NEUTRAL).astype(np.uint8),
        steer=np.where(has_car, match.steer[span], NEUTRAL).astype(np.uint8),
        handbrake=match.handbrake[span] & has_car,
        dodge_torque=match.dodge_torque[span] * has_car[..., None],
        air_inputs=match.air_inputs[span] * has_car[..., None],
        plays=_plays(match.plays, first, stop),
        lives=lives,
        goals=_events(match.goals, first, stop),
        demolitions=_events(match.demolitions, first, stop),
        pad_events=_pad_events(match.pad_events, first, stop),
        touches=_events(match.touches, first, stop),
        boost_reports=(*resumed, *_events(match.boost_reports, first, stop)),
        joined=tuple(_clipped(frame, first, stop) for frame in match.joined),
        left=tuple(_clipped(frame, first, stop) for frame in match.left),
    )


def _clipped(frame: int, first: int, stop: int) -> int:
    return min(max(frame, first), stop) - first


def _events(events: Iterable[Event], first: int, stop: int) -> tuple[Event, ...]:
    """Return the events after the first frame, which shows their outcome, and before the last."""
    return tuple(replace(event, frame=event.frame - first) for event in events if first < event.frame < stop)


def _pad_events(events: Iterable[PadEvent], first: int, stop: int) -> tuple[PadEvent, ...]:
    """Return the events of boost pads; those never picked up in this part do not appear in it."""
    kept = []
    used = set()
    for event in _events(events, first, stop):
        if event.player is not None:
            used.add(event.pad)
        if event.pad in used:
            kept.append(event)
    return tuple(kept)


def _lives(lives: Iterable[CarLife], first: int, stop: int) -> tuple[CarLife, ...]:
    kept = []
    for life in lives:
        demolished = None if life.demolished is None or life.demolished >= stop else life.demolished - first
        is_wreck = demolished is not None and demolished <= 0
        if life.stop > first and life.first < stop and not is_wreck:
            start, end = _clipped(life.first, first, stop), _clipped(life.stop, first, stop)
            kept.append(CarLife(life.player, start, end, demolished))
    return tuple(kept)


def _plays(plays: Iterable[Play], first: int, stop: int) -> tuple[Play, ...]:
    return tuple(
        Play(*(_clipped(frame, first, stop) for frame in (play.first, play.go, play.hit, play.end, play.stop)))
        for play in plays
        if play.stop > first and play.first < stop
    )


def _players(match: Match, first: int, stop: int) -> tuple[MatchPlayer, ...]:
    """Return the players with what they had done by the end of the part, and whether they come or go in it."""
    unseen = [goal for goal in match.goals if goal.frame >= stop]
    return tuple(
        replace(
            who,
            goals=who.goals - sum(goal.scorer == number for goal in unseen),
            assists=who.assists - sum(goal.assistant == number for goal in unseen),
            is_late=match.joined[number] > first,
            is_leaver=match.left[number] < stop,
        )
        for number, who in enumerate(match.players)
    )


def _scores_before(match: Match, frame: int) -> tuple[int, int]:
    return max((goal.scores for goal in match.goals if goal.frame < frame), default=match.start_scores)
