"""Which recordings show the same match, which of them represents it, and the key of the match."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from impulse.config.dedupe import DedupeParams, Keep
from impulse.dedupe.fingerprint import Tolerances, fingerprint
from impulse.dedupe.linking import Pair, Preference, Step, connected, link_by_fingerprint, link_by_ids, paths_to
from impulse.dedupe.near_misses import near_misses
from impulse.dedupe.recordings import Recording
from impulse.tables.dedupe_reasons import DedupeReason

_NEVER_UPLOADED = 1 << 62


_REASONS = {Step.BYTES: DedupeReason.DUPLICATE_BYTES, Step.RECORDING: DedupeReason.SAME_RECORDING}
"""Of recordings whose bytes or recording are kept as another file; of others another one of the match is kept."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one recording."""

    replay_id: str
    match_key: str
    match_key_source: str
    kept_replay_id: str
    reason: str | None
    """None for the recording that represents its match."""
    evidence: str

    def row(self) -> dict[str, Any]:
        """Return the row of the table of decisions."""
        return {**asdict(self), "kept": self.reason is None, "reason": self.reason or ""}


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about all recordings, and why."""

    decisions: list[Decision]
    """One for each recording, sorted by replay id."""
    pairs: list[Pair]
    """Pairs that were merged, and pairs that nearly were; sorted."""


def decide(recordings: Iterable[Recording], params: DedupeParams, *, row_seconds: float) -> Decided:
    """Group recordings by match and choose one of each group.

    The outcome does not depend on the order of the recordings. Run again over the kept recordings it gives the same
    decisions and keys.

    Args:
        recordings: the recordings.
        params: which identities count, and what is preferred.
        row_seconds: time between rows of the frames in s.
    """
    ordered = sorted(recordings, key=lambda recording: recording.replay_id)
    preference = preference_of(params)
    tolerances = Tolerances.of(params, row_seconds=row_seconds)
    pairs = list(link_by_ids(ordered, params, preference))
    if params.by_fingerprint:
        best_known = [min(group, key=preference) for group in connected(ordered, pairs)]
        pairs += link_by_fingerprint(best_known, tolerances, preference)
    groups = connected(ordered, pairs)
    best = [min(group, key=preference) for group in groups]
    keys = match_keys(best, params)
    neighbours: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        neighbours[pair.replay_id].append(pair)
        neighbours[pair.other_replay_id].append(pair)
    decisions = []
    for group, kept, (key, source) in zip(groups, best, keys, strict=True):
        paths = paths_to(kept.replay_id, neighbours)
        for recording in group:
            reason, evidence = _why(recording, paths[recording.replay_id])
            decisions.append(Decision(recording.replay_id, key, source, kept.replay_id, reason, evidence))
    if params.by_fingerprint:
        pairs += near_misses(ordered, {decision.replay_id: decision.match_key for decision in decisions}, tolerances)
    return Decided(
        sorted(decisions, key=lambda decision: decision.replay_id),
        sorted(pairs, key=lambda pair: (pair.replay_id, pair.other_replay_id, pair.step)),
    )


def preference_of(params: DedupeParams) -> Preference:
    """Return the sort key of recordings: the preferred one is the smallest.

    Before the criteria of ``dedupe.keep`` comes one that is not a choice: a recording that tells which match it shows
    represents it rather than one that does not, so that the key of a match follows from the recording that is kept.
    """
    criteria: dict[Keep, Preference] = {
        Keep.most_frames: lambda recording: -recording.frames_shown,
        Keep.longest: lambda recording: -recording.recorded_seconds,
        Keep.most_players: lambda recording: -recording.n_players,
        Keep.earliest_upload: lambda recording: (
            _NEVER_UPLOADED if recording.uploaded_at is None else recording.uploaded_at
        ),
        Keep.smallest_id: lambda recording: recording.replay_id,
    }
    chosen = [criteria[Keep(name)] for name in params.keep]

    def key(recording: Recording) -> tuple[Any, ...]:
        identities = (recording.match_guid, recording.facts, recording.recording_id, recording.sha256)
        surest = next(rank for rank, identity in enumerate(identities) if identity)
        return (surest, *(criterion(recording) for criterion in chosen), recording.replay_id)

    return key


def match_keys(kept: Sequence[Recording], params: DedupeParams) -> list[tuple[str, str]]:
    """Return key and source of the key for the kept recordings of different matches.

    A key comes from what all recordings of the match share, so that it stays when one is added: the match guid, else
    the fingerprint, else the recording id, else the bytes. Different matches whose facts are the same by chance take
    the next source. Prefixes keep the sources apart. Identities that are switched off do not count here either.
    """
    candidates = [list(_own_keys(recording, params)) for recording in kept]
    while True:
        counts = Counter(keys[0] for keys in candidates)
        clashing = [keys for keys in candidates if counts[keys[0]] > 1]
        if not clashing:
            return [keys[0] for keys in candidates]
        for keys in clashing:
            keys.pop(0)


def _own_keys(recording: Recording, params: DedupeParams) -> Iterable[tuple[str, str]]:
    if params.by_match_guid and recording.match_guid:
        yield recording.match_guid.lower(), "match_guid"
    if params.by_fingerprint and recording.facts:
        yield f"facts-{fingerprint(recording)}", "fingerprint"
    if params.by_recording and recording.recording_id:
        yield f"recording-{recording.recording_id.lower()}", "recording_id"
    yield f"sha256-{recording.sha256[:32]}", "sha256"


def _why(recording: Recording, path: Sequence[Pair]) -> tuple[str | None, str]:
    """Return why a recording is left out, and the evidence of the pairs that lead to the kept one."""
    if not path:
        return None, ""
    reasons = {_REASONS.get(pair.step, DedupeReason.SAME_MATCH) for pair in path}
    reason = reasons.pop() if len(reasons) == 1 else DedupeReason.SAME_MATCH
    if len(path) == 1:
        return reason, path[0].evidence
    parts = []
    here = recording.replay_id
    for pair in path:
        here = pair.other_replay_id if pair.replay_id == here else pair.replay_id
        parts.append(f"{pair.evidence} (with {here})")
    return reason, "; then ".join(parts)
