"""The goals of a match: those that its header lists or its score counts, each with its time from what tells it best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import numpy.typing as npt

from impulse.replay.facts import HeaderGoal
from impulse.schema.frames import GOAL_STATE

SAME_GOAL_SECONDS = 2.0
"""Two words about a goal that lie closer are about the same one: header, score and state differ by two network frames or a
row, and even without a celebration a kickoff takes longer."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal. What is not known is None."""

    team: str
    """blue or orange."""
    scorer: str | None
    """None where the header does not list the goal."""
    frame: int | None
    """Network frame, from the header or the score."""
    row: int | None = None
    """First row after it."""
    time: float | None = None
    """s."""
    time_source: str | None = None
    """frames, header or score."""


def shown_goals(states: npt.NDArray[np.int32], names: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the first row after each goal that the frames show by the game's own state.

    Args:
        states: (rows,) codes into ``names``, -1 unknown.
        names: names of the states.
    """
    if GOAL_STATE not in names:
        return np.empty(0, dtype=np.intp)
    after = states == names.index(GOAL_STATE)
    return np.flatnonzero(after & ~np.concatenate(([False], after[:-1])))


def find_goals(
    listed: Sequence[HeaderGoal],
    scores: Mapping[str, int],
    *,
    shown: npt.NDArray[np.intp],
    frame_time: npt.NDArray[np.float32],
    time: npt.NDArray[np.float32],
    network_times: npt.NDArray[np.floating] | None = None,
    score_updates: Sequence[tuple[int, str, int]] | None = None,
) -> list[Goal]:
    """Return all goals in the order in which they were scored.

    Those from before the recording come first, others of which nobody knows when come last.

    Args:
        listed: the header's list, by frame.
        scores: the header's score by team. A team that scored more than list and updates tell has goals of which nothing
            else is known, as those from before the recording.
        shown: rows from :func:`shown_goals`.
        frame_time: (rows,) time in s of the network frame that each row shows.
        time: (rows,) time in s of each row.
        network_times: (frames,) time in s of every network frame. Without it frames of the header have no time, and the
            n-th goal of the list is the n-th shown where there are as many.
        score_updates: network frame, team and new score, in their order; needs ``network_times``.
    """
    goals = [Goal(goal.team, goal.scorer, goal.frame) for goal in listed]
    untaken: list[int] = []
    if network_times is not None:
        goals = [_timed(goal, "header", network_times, frame_time) for goal in goals]
        for frame, team in _increases(score_updates or ()):
            counted = _timed(Goal(team, None, frame), "score", network_times, frame_time)
            if _nearest([goal.time if goal.team == team else None for goal in goals], counted.time) is None:
                goals.append(counted)
        for row in shown.tolist():
            open_times = [None if goal.time_source == "frames" else goal.time for goal in goals]
            place = _nearest(open_times, float(frame_time[row]))
            if place is None:
                untaken.append(row)
            else:
                goals[place] = _shown(goals[place], row, time)
    elif len(shown) == len(goals):
        goals = [_shown(goal, int(row), time) for goal, row in zip(goals, shown, strict=True)]
    lacking = {team: max(0, score - sum(goal.team == team for goal in goals)) for team, score in scores.items()}
    before = [
        Goal(team, None, None)
        for team, score in _scores_at_start(score_updates or ()).items()
        for _ in range(min(score, lacking[team]))
    ]
    unknown = [
        Goal(team, None, None)
        for team, count in lacking.items()
        for _ in range(count - sum(g.team == team for g in before))
    ]
    if len(unknown) == len(untaken) and len({goal.team for goal in unknown}) == 1:
        unknown = [_shown(goal, row, time) for goal, row in zip(unknown, untaken, strict=True)]
    return [*before, *sorted([*goals, *unknown], key=lambda goal: inf if goal.time is None else goal.time)]


def _scores_at_start(updates: Iterable[tuple[int, str, int]]) -> dict[str, int]:
    """Return the score that the first network frame tells by team: those goals were scored before the recording."""
    return {team: score for frame, team, score in updates if frame == 0}


def _increases(updates: Iterable[tuple[int, str, int]]) -> Iterator[tuple[int, str]]:
    """Yield network frame and team of each goal that a score tells; what the first frame tells was scored before."""
    before: dict[str, int] = {}
    for frame, team, score in updates:
        if frame > 0 and score == before.get(team, 0) + 1:
            yield frame, team
        before[team] = score


def _timed(
    goal: Goal, source: str, network_times: npt.NDArray[np.floating], frame_time: npt.NDArray[np.float32]
) -> Goal:
    """Return a goal with the time of its network frame, which may be the one after the last, and the first row from then on."""
    if not goal.frame or goal.frame > len(network_times):
        return goal
    at = np.float32(network_times[min(goal.frame, len(network_times) - 1)])
    row = int(np.searchsorted(frame_time, at))
    return replace(goal, row=row if row < len(frame_time) else None, time=float(at), time_source=source)


def _shown(goal: Goal, row: int, time: npt.NDArray[np.float32]) -> Goal:
    return replace(goal, row=row, time=float(time[row]), time_source="frames")


def _nearest(times: Sequence[float | None], at: float | None) -> int | None:
    """Return the place of the time that is nearest to another one and means the same goal."""
    if at is None:
        return None
    apart = [inf if time is None else abs(time - at) for time in times]
    place = min(range(len(apart)), key=apart.__getitem__, default=None)
    return place if place is not None and apart[place] <= SAME_GOAL_SECONDS else None
