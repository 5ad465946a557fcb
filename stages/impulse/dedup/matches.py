"""Which recordings show the same match, and which of them represents it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from impulse.config.params import DedupeParams
from impulse.rejects import Reason


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one recording."""

    replay_id: str
    match_key: str
    match_key_source: str
    kept_replay_id: str
    reason: Reason | None
    """None for the recording that represents its match."""
    evidence: str

    def row(self) -> dict[str, Any]:
        """Return the row of the fates table."""
        return {
            "replay_id": self.replay_id,
            "match_key": self.match_key,
            "match_key_source": self.match_key_source,
            "kept": self.reason is None,
            "kept_replay_id": self.kept_replay_id,
            "reason": self.reason.value if self.reason else "",
            "evidence": self.evidence,
        }


def decide_fates(recordings: Iterable[Mapping[str, Any]], params: DedupeParams) -> list[Fate]:
    """Group recordings by match and choose one of each group.

    The outcome does not depend on the order of the recordings. The chosen one shows the most network frames, then the
    longest time; ties go to the smallest id.

    Args:
        recordings: rows with replay_id, sha256, recording_id, match_guid, frames_shown and recorded_seconds.
        params: which identities count.

    Returns:
        One fate for each recording, sorted by replay id.
    """
    rows = sorted(recordings, key=lambda row: row["replay_id"])
    fates = []
    for group in _group(rows, params):
        best = min(group, key=_preference)
        key, source = _match_key(group)
        for row in group:
            reason, evidence = (None, "") if row is best else _why(row, best)
            fates.append(Fate(row["replay_id"], key, source, best["replay_id"], reason, evidence))
    return sorted(fates, key=lambda fate: fate.replay_id)


def _group(rows: Sequence[Mapping[str, Any]], params: DedupeParams) -> list[list[Mapping[str, Any]]]:
    leader = list(range(len(rows)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    first_with: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        for name, counts in (("recording_id", params.by_recording), ("match_guid", params.by_match_guid)):
            if counts and row[name]:
                other = first_with.setdefault((name, row[name]), index)
                leader[find(index)] = find(other)
    groups: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[find(index)].append(row)
    return list(groups.values())


def _preference(row: Mapping[str, Any]) -> tuple[int, float, str]:
    return -row["frames_shown"], -row["recorded_seconds"], row["replay_id"]


def _match_key(group: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the surest identity that any recording of the match has; the bytes themselves as a last resort.

    The prefixes keep keys of different kinds apart.
    """
    for name, prefix in (("match_guid", ""), ("recording_id", "recording-")):
        known = sorted(row[name] for row in group if row[name])
        if known:
            return prefix + known[0].lower(), name
    return f"sha256-{group[0]['sha256'][:32]}", "sha256"


def _why(row: Mapping[str, Any], best: Mapping[str, Any]) -> tuple[Reason, str]:
    if row["recording_id"] and row["recording_id"] == best["recording_id"]:
        return Reason.SAME_RECORDING, f"recording id {row['recording_id']}"
    return Reason.SAME_MATCH, f"match guid {row['match_guid']}" if row[
        "match_guid"
    ] else "linked through a third recording"
