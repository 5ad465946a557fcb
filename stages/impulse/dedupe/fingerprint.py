"""The fingerprint: which recordings without a common id show the same match, as far as that is beyond doubt.

Recordings can be one match when all facts that do not depend on the recorder are equal (map, team size, kind of match,
players and their teams, score, the order of goals and scorers) and what depends on the recorder agrees within tolerances: the
times between the goals, the length, and when it was saved, apart from the difference of two time zones.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from impulse.config.dedupe import DedupeParams
from impulse.dedupe.recordings import Recording

ZONE_SECONDS = 900
"""Time zones differ by whole quarters of an hour (IANA time zone database: +05:45, +08:45, +12:45 are the odd ones)."""
MAX_ZONE_DIFFERENCE_SECONDS = 26 * 3600
"""From UTC-12 to UTC+14."""

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far two recordings of one match may lie apart."""

    goal_seconds: float
    """For each goal's time after the first goal."""
    window_seconds: float
    """For when they were saved, apart from time zones, and for the length."""
    min_goals: int
    """Goals that must agree."""

    @classmethod
    def of(cls, params: DedupeParams, *, row_seconds: float) -> Tolerances:
        """Return the tolerances for frames whose rows lie so far apart.

        A goal is known to a row, so the time between two goals to two rows. Where rows are so coarse that this is more
        than the recordings' own tolerance, one goal more must agree.
        """
        rounding = 2 * row_seconds
        needed = params.min_goals + (1 if rounding > params.goal_tolerance_seconds else 0)
        return cls(params.goal_tolerance_seconds + rounding, params.window_seconds, needed)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two recordings say about one match."""

    goals: int
    goal_difference_seconds: float
    """Largest difference of a goal's time after the first goal."""
    saved_difference_seconds: float
    """Difference of the times at which they were saved, second minus first, without that of the time zones."""
    zone_difference_minutes: int
    """Difference of the time zones, second minus first."""
    length_difference_seconds: float


def fingerprint(recording: Recording) -> str:
    """Return a hash of the facts that all recordings of the match share, 32 hex digits."""
    return hashlib.sha256(recording.facts.encode()).hexdigest()[:32]


def is_comparable(recording: Recording, tolerances: Tolerances) -> bool:
    """Tell whether a recording says enough to be compared."""
    return (
        bool(recording.facts)
        and recording.goal_seconds is not None
        and recording.n_goals >= tolerances.min_goals
        and recording.saved_at is not None
    )


def compare(one: Recording, other: Recording) -> Comparison:
    """Compare two recordings that are comparable and have the same facts."""
    assert one.goal_seconds is not None
    assert other.goal_seconds is not None
    assert one.saved_at is not None
    assert other.saved_at is not None
    apart = other.saved_at - one.saved_at
    zones = round(apart / ZONE_SECONDS)
    return Comparison(
        goals=one.n_goals,
        goal_difference_seconds=max(abs(a - b) for a, b in zip(one.goal_seconds, other.goal_seconds, strict=True)),
        saved_difference_seconds=float(apart - zones * ZONE_SECONDS),
        zone_difference_minutes=zones * ZONE_SECONDS // 60,
        length_difference_seconds=other.recorded_seconds - one.recorded_seconds,
    )


def same_matches(recordings: Iterable[Recording], tolerances: Tolerances) -> Iterator[list[Recording]]:
    """Yield groups of recordings that show the same match, each group in the order in which they came.

    Candidates are split at every gap wider than a tolerance until no gap is left. What is left must then agree as a
    whole: when its ends lie further apart than a tolerance, or when facts of some contradict (different match guids,
    playlists or playing times), nothing of it is merged. So no chain of similar recordings joins different matches,
    and the outcome for recordings that are kept stays the same when the others are gone.

    Args:
        recordings: at most one of each match that is known by ids.
        tolerances: how far recordings of one match may lie apart.
    """
    by_facts: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        if is_comparable(recording, tolerances):
            by_facts[recording.facts].append(recording)
    for candidates in by_facts.values():
        if len(candidates) == 1:
            continue
        space = _Space.of(candidates, tolerances)
        for group in space.split():
            members = [candidates[index] for index in sorted(group.tolist())]
            if len(members) > 1 and space.is_narrow(group) and not contradictions(members, tolerances):
                yield members


def contradictions(group: Sequence[Recording], tolerances: Tolerances) -> list[str]:
    """Return what recordings that are alike otherwise say differently, in words."""
    found = []
    for name, values in (
        ("match guids", {recording.match_guid for recording in group} - {None}),
        ("playlists", {recording.playlist_id for recording in group} - {None}),
    ):
        if len(values) > 1:
            found.append(f"{name} differ")
    played = [recording.match_seconds for recording in group if recording.match_seconds is not None]
    if played and max(played) - min(played) > tolerances.window_seconds:
        found.append(f"playing times differ by {max(played) - min(played):.0f} s")
    return found


@dataclass(frozen=True, slots=True)
class _Space:
    """Candidates as points: one coordinate for each quantity that has a tolerance."""

    coordinates: Values
    """(coordinates, candidates) s."""
    tolerances: Values
    """(coordinates,) s."""
    phases: Values
    """(candidates,) s: when it was saved within a quarter of an hour, on a circle."""
    window_seconds: float

    @classmethod
    def of(cls, candidates: Sequence[Recording], tolerances: Tolerances) -> _Space:
        saved = np.array([recording.saved_at for recording in candidates], dtype=np.float64)
        lengths = np.array([recording.recorded_seconds for recording in candidates], dtype=np.float64)
        goals = np.array([recording.goal_seconds for recording in candidates], dtype=np.float64).T
        window = tolerances.window_seconds
        limits = [MAX_ZONE_DIFFERENCE_SECONDS + window, window, *[tolerances.goal_seconds] * (len(goals) - 1)]
        return cls(np.vstack([saved, lengths, goals[1:]]), np.array(limits), saved % ZONE_SECONDS, window)

    def split(self) -> Iterator[Indices]:
        waiting: list[Indices] = [np.arange(self.coordinates.shape[1])]
        while waiting:
            group = waiting.pop()
            parts = self._parts(group)
            if len(parts) == 1:
                yield group
            else:
                waiting += parts

    def is_narrow(self, group: Indices) -> bool:
        values = self.coordinates[:, group]
        arc = ZONE_SECONDS - _gaps(np.sort(self.phases[group])).max()
        return bool((np.ptp(values, axis=1) <= self.tolerances).all() and arc <= self.window_seconds)

    def _parts(self, group: Indices) -> list[Indices]:
        for values, tolerance in zip(self.coordinates, self.tolerances, strict=True):
            order = group[np.argsort(values[group], kind="stable")]
            cuts = np.flatnonzero(np.diff(values[order]) > tolerance) + 1
            if len(cuts):
                return np.split(order, cuts)
        order = group[np.argsort(self.phases[group], kind="stable")]
        cuts = np.flatnonzero(_gaps(self.phases[order]) > self.window_seconds) + 1
        if len(cuts) < 2:  # one gap does not part a circle
            return [group]
        return np.split(np.roll(order, -cuts[0]), cuts[1:] - cuts[0])


def _gaps(sorted_phases: Values) -> Values:
    """Return the gap after each of these points on the circle, the last one to the first."""
    gaps: Values = np.diff(sorted_phases, append=sorted_phases[0] + ZONE_SECONDS)
    return gaps
