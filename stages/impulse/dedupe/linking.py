"""Which recordings show the same match: pairs of recordings, in steps of falling certainty, each with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
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
    """The match guid is the same, from the header or the network data."""
    FINGERPRINT = "fingerprint"
    """All facts that recordings of one match share are the same, and the rest agrees within tolerances."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of recordings that was looked at."""

    replay_id: str
    other_replay_id: str
    """Of a merged pair the one that is preferred."""
    step: Step
    """What was compared; the fingerprint for pairs that are not merged."""
    value: str
    """What both have: hash, id or fingerprint; empty for a pair that is not merged."""
    evidence: str
    """The same in words; for a pair that is not merged, why not."""
    is_merged: bool = True
    comparison: Comparison | None = None

    def row(self) -> dict[str, Any]:
        """Return the row of the table of pairs."""
        return {**asdict(self), "merged": self.is_merged, **(asdict(self.comparison) if self.comparison else {})}


def link_by_ids(recordings: Sequence[Recording], params: DedupeParams, preference: Preference) -> Iterator[Pair]:
    """Yield pairs of recordings with the same bytes, recording id or match guid.

    Every recording is paired with the preferred one of the same value.

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
) -> Iterator[Pair]:
    """Yield pairs of recordings that show the same match by their facts; one of each known match goes in."""
    for group in same_matches(recordings, tolerances):
        best = min(group, key=preference)
        for recording in group:
            if recording is not best:
                compared = compare(best, recording)
                yield Pair(
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
        f"saved {abs(compared.saved_difference_seconds):.0f} s apart{apart}, "
        f"lengths {abs(compared.length_difference_seconds):.0f} s apart"
    )


def connected(recordings: Sequence[Recording], pairs: Iterable[Pair]) -> list[list[Recording]]:
    """Return the recordings in groups that pairs link, directly or through others; order is kept."""
    by_id = {recording.replay_id: recording for recording in recordings}
    ids = ((pair.replay_id, pair.other_replay_id) for pair in pairs)
    return [[by_id[name] for name in group] for group in linked_sets(by_id, ids)]


def paths_to(replay_id: str, neighbours: Mapping[str, Sequence[Pair]]) -> dict[str, list[Pair]]:
    """Return the fewest pairs that lead from each connected recording to this one, nearest to the other first."""
    paths: dict[str, list[Pair]] = {replay_id: []}
    waiting = [replay_id]
    for here in waiting:
        for pair in neighbours.get(here, ()):
            there = pair.replay_id if pair.other_replay_id == here else pair.other_replay_id
            if there not in paths:
                paths[there] = [pair, *paths[here]]
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


def _star(group: Sequence[Recording], step: Step, value: str, evidence: str, preference: Preference) -> Iterator[Pair]:
    best = min(group, key=preference)
    for recording in group:
        if recording is not best:
            yield Pair(recording.replay_id, best.replay_id, step, value, evidence)
