"""Which recordings show the same match: links between recordings, in steps of falling certainty, each with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from impulse.config.dedupe import DedupeParams
from impulse.dedupe.fingerprint import Comparison, Tolerances, compare, fingerprint, same_matches
from impulse.dedupe.recordings import Recording
from impulse.tables.linked import linked_sets

Preference = Callable[[Recording], Any]
"""Sort key of recordings; the smallest one is the recording to keep."""


class Step(StrEnum):
    """What links two recordings, the surest first."""

    BYTES = "bytes"
    """The files have the same bytes."""
    RECORDING = "recording"
    """The header's ``Id`` is the same."""
    MATCH_GUID = "match_guid"
    """The header's ``MatchGUID`` is the same."""
    FINGERPRINT = "fingerprint"
    """All facts that recordings of one match share are the same, and the rest agrees within tolerances."""


@dataclass(frozen=True, slots=True)
class Link:
    """A pair of recordings that was looked at."""

    replay_id: str
    other_replay_id: str
    """The one of the two that is preferred."""
    step: Step
    value: str
    """What both have: hash, id or fingerprint."""
    evidence: str
    """The same in words; for a pair that is not merged, why not."""
    is_merged: bool = True
    comparison: Comparison | None = None

    def row(self) -> dict[str, Any]:
        """Return the row of the table of pairs."""
        compared = self.comparison
        return {
            "replay_id": self.replay_id,
            "other_replay_id": self.other_replay_id,
            "step": self.step.value,
            "merged": self.is_merged,
            "value": self.value,
            "evidence": self.evidence,
            "goals": compared.goals if compared else None,
            "goal_difference_seconds": compared.goal_difference_seconds if compared else None,
            "start_difference_seconds": compared.start_difference_seconds if compared else None,
            "zone_difference_minutes": compared.zone_difference_minutes if compared else None,
            "length_difference_seconds": compared.length_difference_seconds if compared else None,
        }


def link_by_ids(recordings: Sequence[Recording], params: DedupeParams, preference: Preference) -> Iterator[Link]:
    """Yield the links between recordings with the same bytes, recording id or match guid.

    Every recording is linked to the preferred one with the same value.

    Args:
        recordings: the recordings.
        params: which ids count.
        preference: orders recordings, the preferred one first.
    """
    for group in _sharing(recordings, lambda recording: recording.sha256):
        yield from _star(group, Step.BYTES, group[0].sha256, f"same bytes, SHA-256 {group[0].sha256}", preference)
    if params.by_recording:
        for group in _sharing(recordings, lambda recording: recording.recording_id):
            value = group[0].recording_id or ""
            yield from _star(group, Step.RECORDING, value, f"recording id {value}", preference)
    if params.by_match_guid:
        for group in _sharing(recordings, lambda recording: recording.match_guid):
            value = group[0].match_guid or ""
            yield from _star(group, Step.MATCH_GUID, value, f"match guid {value}", preference)


def link_by_fingerprint(
    recordings: Iterable[Recording], tolerances: Tolerances, preference: Preference
) -> Iterator[Link]:
    """Yield the links between recordings that show the same match by their facts; one of each known match goes in."""
    for group in same_matches(recordings, tolerances):
        best = min(group, key=preference)
        for recording in group:
            if recording is not best:
                compared = compare(best, recording)
                yield Link(
                    recording.replay_id,
                    best.replay_id,
                    Step.FINGERPRINT,
                    fingerprint(best),
                    f"same map, players, teams, score and scorers; {describe(compared)}",
                    comparison=compared,
                )


def describe(compared: Comparison) -> str:
    """Return a comparison as text."""
    zone = compared.zone_difference_minutes
    apart = f" (clocks differ by {zone:+d} min as time zones do)" if zone else ""
    return (
        f"{compared.goals} goals at the same times within {compared.goal_difference_seconds:.2f} s, "
        f"starts {abs(compared.start_difference_seconds):.0f} s apart{apart}, "
        f"lengths {abs(compared.length_difference_seconds):.0f} s apart"
    )


def connected(recordings: Sequence[Recording], links: Iterable[Link]) -> list[list[Recording]]:
    """Return the recordings in groups that links connect, directly or through others; order is kept."""
    by_id = {recording.replay_id: recording for recording in recordings}
    pairs = ((link.replay_id, link.other_replay_id) for link in links)
    return [[by_id[name] for name in group] for group in linked_sets(by_id, pairs)]


def paths_to(replay_id: str, neighbours: Mapping[str, Sequence[Link]]) -> dict[str, list[Link]]:
    """Return the fewest links that lead from each connected recording to this one, nearest to the other first."""
    paths: dict[str, list[Link]] = {replay_id: []}
    waiting = [replay_id]
    for here in waiting:
        for link in neighbours.get(here, ()):
            there = link.replay_id if link.other_replay_id == here else link.other_replay_id
            if there not in paths:
                paths[there] = [link, *paths[here]]
                waiting.append(there)
    return paths


def _sharing(recordings: Iterable[Recording], value_of: Callable[[Recording], str | None]) -> list[list[Recording]]:
    """Return groups of two and more recordings with the same value."""
    groups: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        value = value_of(recording)
        if value:
            groups[value].append(recording)
    return [group for group in groups.values() if len(group) > 1]


def _star(group: Sequence[Recording], step: Step, value: str, evidence: str, preference: Preference) -> Iterator[Link]:
    best = min(group, key=preference)
    for recording in group:
        if recording is not best:
            yield Link(recording.replay_id, best.replay_id, step, value, evidence)
