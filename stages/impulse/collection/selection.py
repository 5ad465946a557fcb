"""Which replays to download, and which of several uploads of one recording is taken.

Everything here follows from ids and outcomes alone, never from the order in which files came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from impulse.collection.folder import ReplayFolder, source_path
from impulse.collection.ledger import LOST, Fate, Outcome
from impulse.replay.reasons import Reason
from impulse.tables.rejects import Reject

REASONS = {
    Outcome.PENDING: Reason.NOT_FETCHED,
    Outcome.GONE: Reason.GONE,
    Outcome.FORBIDDEN: Reason.FORBIDDEN,
    Outcome.FAILED: Reason.DOWNLOAD_FAILED,
}
"""Why a replay without a file has none, where its fate names no reason of its own."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a folder holds of the replays that were asked for."""

    rows: list[dict[str, Any]]
    """Rows of the manifest."""
    rejected: list[Reject]
    fates: list[Fate]
    """Every replay with its final outcome."""
    players: list[dict[str, Any]] = field(default_factory=list)
    """Players that the API lists for the replays of the manifest."""


def reconcile(fates: Iterable[Fate], folder: ReplayFolder, *, retry_failed: bool) -> dict[str, Fate]:
    """Return what is known of each replay once the ledger and the folder agree."""
    found: dict[str, Fate] = {}
    known: set[str] = set()
    """Hashes of the files that are there."""
    for fate in fates:
        if folder.is_there(fate):
            found[fate.replay.id] = _known(fate, Outcome.DOWNLOADED)
        elif (adopted := folder.adopted(fate)) is not None:
            found[fate.replay.id] = adopted
        else:
            found[fate.replay.id] = fate
            continue
        known.add(found[fate.replay.id].sha256 or "")
    for replay_id, fate in found.items():
        if folder.is_there(fate):
            continue
        # The copy of a file that is there under another id was removed on purpose.
        is_copy = fate.sha256 is not None and fate.sha256 in known
        if is_copy:
            found[replay_id] = _known(fate, Outcome.DOWNLOADED)
        elif fate.outcome not in LOST or retry_failed:
            found[replay_id] = replace(_known(fate, Outcome.PENDING), sha256=None, bytes=None)
    return found


def choose(fates: Mapping[str, Fate]) -> list[Fate]:
    """Return the replays that are needed and not there: of each recording the first upload that can be had."""
    by_recording: dict[str, list[Fate]] = defaultdict(list)
    for fate in fates.values():
        by_recording[fate.replay.recording_id or f"upload {fate.replay.id}"].append(fate)
    chosen = []
    for uploads in by_recording.values():
        hoped_for = sorted(
            (fate for fate in uploads if fate.outcome not in LOST), key=lambda fate: fate.replay.precedence
        )
        if hoped_for and hoped_for[0].outcome is Outcome.PENDING:
            chosen.append(hoped_for[0])
    return sorted(chosen, key=lambda fate: fate.replay.precedence)


def settle(fates: Mapping[str, Fate], folder: ReplayFolder, group_paths: Mapping[str, str | None]) -> Settled:
    """Return the manifest and the fate of every replay, and keep one file of several with the same bytes."""
    rows: list[dict[str, Any]] = []
    players: list[dict[str, Any]] = []
    final: dict[str, Fate] = {}
    taken: dict[str, Fate] = {}
    """The replay that is taken, by recording id and by hash."""
    listed: dict[str, Fate] = {}
    """The same by the recording id that the API lists."""
    for fate in sorted(fates.values(), key=lambda fate: fate.replay.precedence):
        if fate.outcome is not Outcome.DOWNLOADED:
            continue
        first = taken.get(f"sha256 {fate.sha256}")
        if first is not None:
            folder.remove(fate)
            final[fate.replay.id] = _duplicate(fate, first, Reason.DUPLICATE_BYTES)
            continue
        _bring_home(fate, fates.values(), folder)
        row = folder.manifest_row(fate, group_paths.get(fate.replay.id))
        recording = f"recording {row['recording_id']}"
        first = taken.get(recording) if row["recording_id"] else None
        taken[f"sha256 {fate.sha256}"] = first or fate
        if first is not None:
            final[fate.replay.id] = _duplicate(fate, first, Reason.DUPLICATE_RECORDING)
            continue
        taken[recording] = final[fate.replay.id] = fate
        rows.append(row)
        players += fate.replay.listed_players()
        if fate.replay.recording_id:
            listed.setdefault(fate.replay.recording_id, fate)
    for fate in fates.values():
        if fate.outcome is Outcome.DOWNLOADED:
            continue
        first = listed.get(fate.replay.recording_id or "")
        is_spare = first is not None and fate.outcome in (Outcome.PENDING, Outcome.DUPLICATE)
        final[fate.replay.id] = _duplicate(fate, first, Reason.DUPLICATE_RECORDING) if first and is_spare else fate
    ordered = [final[replay_id] for replay_id in sorted(final)]
    return Settled(
        rows, [_reject(fate) for fate in ordered if fate.outcome is not Outcome.DOWNLOADED], ordered, players
    )


def _known(fate: Fate, outcome: Outcome) -> Fate:
    """Return a fate without what an earlier outcome left in it."""
    return replace(fate, outcome=outcome, reason=None, detail=None, duplicate_of=None)


def _bring_home(fate: Fate, fates: Iterable[Fate], folder: ReplayFolder) -> None:
    """Give a replay its file back when only a copy of it, under another id, was kept."""
    if not folder.holds(fate):
        copy = next(other for other in fates if other.sha256 == fate.sha256 and folder.holds(other))
        folder.rename(copy, name_of=fate)


def _duplicate(fate: Fate, first: Fate, reason: Reason) -> Fate:
    what = "bytes" if reason is Reason.DUPLICATE_BYTES else "recording"
    return replace(
        fate,
        outcome=Outcome.DUPLICATE,
        reason=reason.value,
        detail=f"same {what} as {first.replay.replay_id}",
        duplicate_of=first.replay.id,
    )


def _reject(fate: Fate) -> Reject:
    reason = Reason(fate.reason) if fate.reason else REASONS[fate.outcome]
    return Reject(fate.replay.replay_id, source_path(fate), "fetch", reason, fate.detail or "")
