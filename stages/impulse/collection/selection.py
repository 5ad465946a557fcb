"""Which replays to download, and which of several uploads of one recording is taken.

Everything here follows from ids and outcomes alone, never from the order in which files came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from impulse.collection.folder import ReplayFolder
from impulse.collection.ledger import LOST, Download, Outcome
from impulse.collection.source import Candidate
from impulse.replay.reasons import Reason
from impulse.tables.rejects import Reject

GIVEN_UP_AFTER = 3
"""Runs, at growing distances, in which a replay failed while others could be had; then another upload is taken."""


def reconcile(
    downloads: Iterable[Download], folder: ReplayFolder, *, retry_failed: bool, max_bytes: int, now: float
) -> dict[str, Download]:
    """Return what is known of each replay once the ledger and the folder agree.

    Args:
        downloads: what the ledger knows.
        folder: has the files.
        retry_failed: whether what was lost is to be tried again.
        max_bytes: size of the largest replay; one that was too large before and is not now is tried again.
        now: time in seconds since 1970; what failed through no fault of its own is tried again when its time has come.
    """
    found: dict[str, Download] = {}
    known: set[str] = set()
    """Hashes of the files that are there."""
    for download in downloads:
        if folder.is_there(download):
            found[download.replay.id] = _known(download, Outcome.DOWNLOADED)
        elif (adopted := folder.adopted(download)) is not None:
            found[download.replay.id] = adopted
        else:
            found[download.replay.id] = download
            continue
        known.add(found[download.replay.id].sha256 or "")
    for replay_id, download in found.items():
        if folder.is_there(download):
            continue
        # The copy of a file that is there under another id was removed on purpose.
        is_copy = download.sha256 is not None and download.sha256 in known
        if is_copy:
            found[replay_id] = _known(download, Outcome.DOWNLOADED)
        elif folder.is_damaged(download):
            # Its hash stays, so that the replay is never taken for one that merely cannot be had.
            found[replay_id] = _known(download, Outcome.PENDING)
        elif download.outcome not in LOST or retry_failed or _is_worth_a_try(download, max_bytes, now):
            # The time of its next try stays: one that fails before it is no further step to giving it up.
            retry_at = download.retry_at
            found[replay_id] = replace(_known(download, Outcome.PENDING), sha256=None, bytes=None, retry_at=retry_at)
        elif download.sha256 is not None:
            found[replay_id] = replace(download, sha256=None, bytes=None)
    return found


def choose(downloads: Mapping[str, Download]) -> list[Download]:
    """Return the replays that are needed and not there: of each recording the first upload that can be had.

    One that may only have failed by an outage keeps its place, so that no outage decides which upload is taken.
    """
    by_recording: dict[str, list[Download]] = defaultdict(list)
    for download in downloads.values():
        by_recording[download.replay.recording_id or f"upload {download.replay.id}"].append(download)
    chosen = []
    for uploads in by_recording.values():
        hoped_for = sorted(
            (found for found in uploads if found.outcome not in LOST or is_expected(found)),
            key=lambda download: download.replay.precedence,
        )
        if hoped_for and hoped_for[0].outcome is Outcome.PENDING:
            chosen.append(hoped_for[0])
    return sorted(chosen, key=lambda download: download.replay.precedence)


def settle(
    downloads: Mapping[str, Download],
    folder: ReplayFolder,
    columns: Callable[[str], Mapping[str, Any]],
    *,
    new: set[str],
) -> tuple[list[Candidate | Reject], list[Download]]:
    """Return what the folder holds of the replays and what is missing, and what became of each replay in the end.

    Of several files with the same bytes one is kept.

    Args:
        downloads: every replay that was asked for, by its id on the server.
        folder: has the files.
        columns: gives the columns of the manifest that the lists have of a replay.
        new: ids of those that came in this run.
    """
    good: list[Candidate | Reject] = []
    final: dict[str, Download] = {}
    taken: dict[str, Download] = {}
    """The replay that is taken, by recording id and by hash."""
    listed: dict[str, Download] = {}
    """The same by the recording id that the API lists."""
    for download in sorted(downloads.values(), key=lambda download: download.replay.precedence):
        if download.outcome is not Outcome.DOWNLOADED:
            continue
        replay = download.replay
        first = taken.get(f"sha256 {download.sha256}")
        if first is not None:
            folder.remove(download)
            # What the lists say comes first, as it does where the file was never asked for.
            is_same = replay.recording_id is not None and replay.recording_id == first.replay.recording_id
            final[replay.id] = _duplicate(
                download, first, Reason.DUPLICATE_RECORDING if is_same else Reason.DUPLICATE_BYTES
            )
            continue
        _restore_from_copy(download, downloads.values(), folder)
        candidate = folder.candidate(download, columns(replay.id), is_new=replay.id in new)
        recording_id = candidate.facts and candidate.facts.header and candidate.facts.header["recording_id"]
        first = taken.get(f"recording {recording_id}") if recording_id else None
        taken[f"sha256 {download.sha256}"] = first or download
        if first is not None:
            final[replay.id] = _duplicate(download, first, Reason.DUPLICATE_RECORDING)
            continue
        taken[f"recording {recording_id}"] = final[replay.id] = download
        good.append(candidate)
        if replay.recording_id:
            listed.setdefault(replay.recording_id, download)
    for download in downloads.values():
        if download.outcome is Outcome.DOWNLOADED:
            continue
        first = listed.get(download.replay.recording_id or "")
        is_spare = first is not None and download.outcome in (Outcome.PENDING, Outcome.DUPLICATE)
        if first and is_spare:
            final[download.replay.id] = _duplicate(download, first, Reason.DUPLICATE_RECORDING)
        elif first and download.outcome in LOST:  # another upload has taken the place of a damaged file
            final[download.replay.id] = replace(download, sha256=None, bytes=None)
        else:
            final[download.replay.id] = download
    ordered = [final[replay_id] for replay_id in sorted(final)]
    lost = [_reject(download) for download in ordered if download.outcome is not Outcome.DOWNLOADED]
    return [*good, *lost], ordered


def is_expected(download: Download) -> bool:
    """Tell whether a replay that failed is still taken for one that can be had, by this or the next runs."""
    return download.outcome is Outcome.FAILED and download.retry_at is not None and download.attempts < GIVEN_UP_AFTER


def _is_worth_a_try(download: Download, max_bytes: int, now: float) -> bool:
    """Tell whether what prevented a download may be gone, although the server gave an answer that would last."""
    if download.retry_at is not None:
        return is_expected(download) or download.retry_at <= now
    if download.reason == Reason.TOO_LARGE:
        return download.bytes is not None and download.bytes <= max_bytes
    return download.reason == Reason.KEPT_FILE_DAMAGED


def _known(download: Download, outcome: Outcome) -> Download:
    """Return a replay without what an earlier outcome left in it."""
    return replace(download, outcome=outcome, reason=None, detail=None, retry_at=None)


def _restore_from_copy(download: Download, downloads: Iterable[Download], folder: ReplayFolder) -> None:
    """Give a replay its file back when only a copy of it, under another id, was kept."""
    if not folder.is_there(download):
        copy = next(other for other in downloads if other.sha256 == download.sha256 and folder.is_there(other))
        folder.rename(copy, to=download)


def _duplicate(download: Download, first: Download, reason: Reason) -> Download:
    what = "bytes" if reason is Reason.DUPLICATE_BYTES else "recording"
    return replace(
        download,
        outcome=Outcome.DUPLICATE,
        reason=reason.value,
        detail=f"same {what} as {first.replay.replay_id}",
    )


def _reject(download: Download) -> Reject:
    reason = Reason(download.reason or Reason.NOT_FETCHED)  # every outcome but a pending one has its reason
    detail = download.detail or ""
    if download.outcome in LOST and download.sha256 is not None:
        detail = (
            f"the file of {download.replay.replay_id} is damaged and could not be had again ({reason}: {detail}); "
            "run fetch again, or remove the file to go on without it"
        )
        reason = Reason.KEPT_FILE_DAMAGED
    return Reject(download.replay.replay_id, download.replay.id, "fetch", reason, detail)
