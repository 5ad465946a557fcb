"""Whether everything is there that was asked for: by list, by recording, and in one line about what has changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from typing import Any

from impulse.collection.completeness import Listed, ListedScope
from impulse.collection.durations import duration
from impulse.collection.group_facts import ids_of
from impulse.collection.ledger import LOST, Download, Outcome
from impulse.collection.selection import is_expected
from impulse.config.fetch import FetchParams
from impulse.errors import FetchError, Incomplete
from impulse.replay.reasons import Reason
from impulse.tables.rejects import Reject

NAMED = 5
"""How many groups or replays a message names; the tables have all."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """What became of recordings, each of which may have several uploads."""

    total: int
    kept: int
    pending: int
    """Not tried yet."""
    expected: tuple[Download, ...]
    """One upload of each that failed, but not through its own fault."""
    lost: tuple[Download, ...]
    """One upload of each that cannot be had."""

    def shown(self, now: float) -> str:
        """Return what there is beside recordings that are here or to download, as the end of a sentence.

        Args:
            now: time in seconds since 1970.
        """
        parts = []
        if waiting := [found.retry_at or 0 for found in self.expected if (found.retry_at or 0) > now]:
            parts.append(f"{len(waiting)} that failed are tried again from {duration(min(waiting) - now)} on")
        if self.lost:
            parts.append(f"{len(self.lost)} lost (fetch.retry_failed tries them again)")
        return "".join(f", {part}" for part in parts)


def recordings_of(downloads: Iterable[Download]) -> Recordings:
    """Return what became of the recordings of replays."""
    uploads: dict[str, list[Download]] = defaultdict(list)
    for download in downloads:
        uploads[download.replay.recording_id or f"upload {download.replay.id}"].append(download)
    kept = pending = 0
    expected, lost = [], []
    for same in uploads.values():
        same.sort(key=lambda found: found.replay.precedence)
        outcomes = {found.outcome for found in same}
        if Outcome.DOWNLOADED in outcomes:
            kept += 1
        elif waiting := next((found for found in same if is_expected(found)), None):
            expected.append(waiting)
        elif Outcome.PENDING in outcomes:
            pending += 1
        elif Outcome.DUPLICATE not in outcomes:  # of another recording, as the header of its file says
            lost.append(same[0])
    return Recordings(len(uploads), kept, pending, tuple(expected), tuple(lost))


def shortfall(listed: Listed, downloads: Iterable[Download], params: FetchParams) -> FetchError | None:
    """Return why what was asked for is not complete enough to build on, None if it is.

    Args:
        listed: what was listed.
        downloads: what became of each replay.
        params: says what may be missing.
    """
    found = recordings_of(downloads)
    problems = []
    if incomplete := listed.incomplete(params.accepted):
        problems.append(
            f"{len(incomplete)} of {len(listed.scopes)} lists are not known to be whole: "
            f"{_some(f'{scope.name} ({scope.problem})' for scope in incomplete)}; run again, or name those that are right so "
            "in fetch.accept_incomplete"
        )
    is_limited = params.max_replays is not None or params.max_hours is not None
    if found.pending and not is_limited:
        problems.append(f"{found.pending} recordings were not come to; run again")
    if not listed.paths and not all(scope.name in params.accepted for scope in listed.scopes):
        problems.append("no list has a replay; look at fetch.groups and fetch.query")
    if expected := [lost for lost in found.expected if lost.replay.id not in listed.delisted]:
        problems.append(
            f"{len(expected)} recordings could not be had although others could: "
            f"{_some(f'{lost.replay.id} ({lost.detail})' for lost in expected)}; run again"
        )
    gone = [lost for lost in found.lost if lost.replay.id not in listed.delisted]
    allowed = ceil(params.max_lost_share * found.total) if found.kept or params.max_lost_share == 1 else 0
    if len(gone) > allowed:
        problems.append(
            f"{len(gone)} of {found.total} recordings are lost, more than fetch.max_lost_share={params.max_lost_share:g} "
            f"allows: {_some(f'{lost.replay.id} ({lost.detail})' for lost in gone)}; fetch.retry_failed=true tries them again"
        )
    return Incomplete("; ".join(problems)) if problems else None


def changes(listed: Listed, earlier: Collection[str], outcomes: Mapping[str, Outcome], *, since: float) -> str:
    """Return one line about what has changed since the run before.

    Args:
        listed: what was listed.
        earlier: ids of the replays that the run before was about.
        outcomes: what became of each replay.
        since: when this run has begun, in seconds since 1970.
    """
    counts = Counter(outcomes.values())
    news = {
        "new": len(outcomes.keys() - set(earlier)),
        "delisted": sum(at >= since for at in listed.delisted.values()),
        "changed": len(listed.changed & set(earlier)),
    }
    now = {
        "kept": counts[Outcome.DOWNLOADED],
        "duplicates": counts[Outcome.DUPLICATE],
        "lost": sum(counts[outcome] for outcome in LOST),
        "to go": counts[Outcome.PENDING],
    }
    since_then, here = (", ".join(f"{count} {name}" for name, count in some.items()) for some in (news, now))
    return f"since the last run: {since_then}; of {len(outcomes)} replays: {here}"


def certificate(listed: Listed, outcomes: Mapping[str, Outcome], *, accepted: Collection[str]) -> list[dict[str, Any]]:
    """Return the rows of the table of listings: what each list held, what the API counts, and what became of it."""
    return [
        _row(scope, outcomes, accepted)
        for scope in sorted(listed.scopes, key=lambda item: (item.path or "", item.name))
    ]


def _row(scope: ListedScope, outcomes: Mapping[str, Outcome], accepted: Collection[str]) -> dict[str, Any]:
    gone = scope.delisted_at is not None
    here = [key for key, at in scope.members.items() if at is None and not gone]
    counts = Counter(outcomes[key] for key in here if key in outcomes)
    group = scope.group
    return {
        "kind": "query" if group is None else "group",
        "group_id": group and group.id,
        "name": group and group.name,
        "query": scope.query,
        "group_ids": None if scope.path is None else ids_of(scope.path),
        "counted": scope.counted,
        "direct_replays": group and group.direct,
        "indirect_replays": group and group.indirect,
        "groups": None if scope.children is None else len(scope.children),
        "listed": 0 if gone else scope.listed,
        "unusable": scope.unusable,
        "kept": counts[Outcome.DOWNLOADED],
        "duplicate": counts[Outcome.DUPLICATE],
        "lost": sum(counts[outcome] for outcome in LOST),
        "pending": counts[Outcome.PENDING],
        "delisted": len(scope.members) - len(here),
        "is_complete": scope.problem is None,
        "is_accepted": scope.problem is not None and scope.name in accepted,
        "problem": scope.problem,
    }


def reject_of(reject: Reject, ended_by: FetchError | None) -> Reject:
    """Return a reject with what ended the run before its replay, where something did."""
    if ended_by is None or reject.reason != Reason.NOT_FETCHED:
        return reject
    return replace(reject, detail=str(ended_by))


def day_of(at: float) -> str:
    """Return the day of a time in seconds since 1970, in UTC."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _some(texts: Iterable[str]) -> str:
    found = list(texts)
    return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")
