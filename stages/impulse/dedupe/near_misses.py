"""Pairs that look like one match and are not merged, with the reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from impulse.dedupe.fingerprint import Comparison, Tolerances, compare, contradictions, is_comparable
from impulse.dedupe.linking import Pair, Step, describe
from impulse.dedupe.recordings import Recording

MOST_PER_SCENE = 10
"""Pairs that are listed of one map, team size, score and set of players."""


def near_misses(
    recordings: Sequence[Recording], match_keys: Mapping[str, str], tolerances: Tolerances
) -> Iterator[Pair]:
    """Yield pairs with the same map, team size, score and players that belong to different matches.

    Neighbours by the time of saving are compared, at most :data:`MOST_PER_SCENE` pairs of a scene, so that there are never more
    pairs than recordings. Pairs with different match guids are certain, and not listed.
    """
    scenes: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        if recording.scene:
            scenes[recording.scene].append(recording)
    for alike in scenes.values():
        listed = 0
        for one, other in pairwise(sorted(alike, key=lambda recording: (recording.saved_at or 0, recording.replay_id))):
            is_certain = bool(one.match_guid and other.match_guid and one.match_guid != other.match_guid)
            if match_keys[one.replay_id] == match_keys[other.replay_id] or is_certain:
                continue
            if listed == MOST_PER_SCENE:
                break
            listed += 1
            yield Pair(
                one.replay_id,
                other.replay_id,
                Step.FINGERPRINT,
                "",
                f"same map, players and score, but {_difference(one, other, tolerances)}",
                is_merged=False,
                comparison=_comparison(one, other, tolerances),
            )


def _comparison(one: Recording, other: Recording, tolerances: Tolerances) -> Comparison | None:
    if one.facts == other.facts and is_comparable(one, tolerances) and is_comparable(other, tolerances):
        return compare(one, other)
    return None


def _difference(one: Recording, other: Recording, tolerances: Tolerances) -> str:
    for recording in (one, other):
        if not is_comparable(recording, tolerances):
            return f"{recording.replay_id} says too little: {_lack(recording, tolerances)}"
    if one.facts != other.facts:
        return "kind of match, order of goals or scorers differ"
    found = contradictions([one, other], tolerances)
    return "; ".join(found) if found else describe(compare(one, other))


def _lack(recording: Recording, tolerances: Tolerances) -> str:
    if recording.n_goals < tolerances.min_goals:
        return f"{recording.n_goals} goals, at least {tolerances.min_goals} needed"
    if recording.goal_seconds is None:
        return "the rows do not show every goal of the header"
    if recording.saved_at is None:
        return "the header has no date"
    return "fewer than two players with an id, or no map or team size in the header"
