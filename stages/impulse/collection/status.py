"""What a job is doing, read from its ledger while it runs elsewhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from impulse.collection.certificate import recordings_of
from impulse.collection.durations import duration
from impulse.collection.ledger import LOST, UNREADABLE, Download, download_of
from impulse.collection.ledger_tables import LAYOUT
from impulse.collection.pacing import HOUR, Call, limits_of, share_after
from impulse.collection.patience import FACTS
from impulse.errors import StageError, one_line

LAST_ERRORS = 5
LATE_SECONDS = 600.0
"""A look at a service that does not work takes no longer, with all its tries; nobody is at work when it is later."""


def status_lines(path: Path, *, now: float) -> list[str]:
    """Return the state of a job.

    Args:
        path: the ledger; it is only read.
        now: time in seconds since 1970.

    Raises:
        StageError: there is no ledger, or it cannot be read.
    """
    if not path.is_file():
        raise StageError(f"there is no ledger at {path}; no download from Ballchasing.com has run here")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return _lines(database, now)
    except (sqlite3.DatabaseError, *UNREADABLE) as error:
        raise StageError(
            f"{path} cannot be read: {one_line(error)}; the next download sets a damaged ledger aside and makes it again"
        ) from error


def _lines(database: sqlite3.Connection, now: float) -> list[str]:
    facts = dict(database.execute("SELECT name, value FROM facts"))
    if facts.get("layout") != str(LAYOUT):
        raise StageError(f"the ledger has layout {facts.get('layout')}; the next download changes it to {LAYOUT}")
    groups, pages, open_lists, problems = database.execute(
        "SELECT (SELECT count(*) FROM groups), coalesce(sum(pages), 0), coalesce(sum(is_done = 0), 0), count(problem) "
        "FROM listings"
    ).fetchone()
    downloads = _downloads(database)
    found = recordings_of(downloads)
    counts = {
        "here": found.kept,
        "to go": found.pending,
        "to be tried again": len(found.expected),
        "lost": len(found.lost),
    }
    more = (f", {open_lists} lists to be read" if open_lists else "") + (
        f", {problems} not known to be whole" if problems else ""
    )
    shown = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none yet"
    lines = [
        f"listed: {groups} groups, {pages} pages of lists{more}",
        f"recordings: {shown}; of {len(downloads)} uploads",
        *_pace(database, facts, found.pending, now),
        *_outage(facts, now),
    ]
    errors = sorted((item for item in downloads if item.outcome in LOST), key=lambda item: item.replay.id)
    return lines + [
        f"{item.outcome.value} after {item.attempts} tries: {item.replay.id} ({item.detail})"
        + (f", tried again in {duration(item.retry_at - now)}" if item.retry_at and item.retry_at > now else "")
        for item in errors[-LAST_ERRORS:]
    ]


def _downloads(database: sqlite3.Connection) -> list[Download]:
    rows = database.execute(
        "SELECT id, metadata, outcome, reason, detail, attempts, sha256, bytes, retry_at FROM replays "
        "WHERE is_selected = 1 ORDER BY changed_at, id"
    )
    return [download_of(row) for row in rows]


def _pace(database: sqlite3.Connection, facts: dict[str, str], pending: int, now: float) -> list[str]:
    """Return how many downloads an hour there are, and how long the rest takes at that."""
    used = database.execute(
        "SELECT count(*) FROM calls WHERE kind = ? AND at > ?", (Call.FILE.value, now - HOUR)
    ).fetchone()[0]
    paused = database.execute("SELECT max(until) FROM pauses").fetchone()[0] or 0
    share = share_after(database, Call.FILE, now)
    tier, per_hour = facts.get("tier", "unknown"), int(facts.get("files_per_hour", 0))
    left = f", {max(0, per_hour - used)} of {per_hour} downloads left this hour" if per_hour else ""
    slower = f", slowed down to {share:.0%} after refusals" if share < 1 else ""
    lines = [f"last hour: {used} downloads (tier {tier}){left}{slower}"]
    if pending:
        spacing = limits_of(tier, files_per_hour=per_hour or None)[Call.FILE].spacing
        lines.append(f"to go: {pending} recordings, about {duration(pending * spacing / share)}")
    if paused > now:
        lines.append(f"the server asked to wait: {duration(paused - now)} more")
    return lines


def _outage(facts: dict[str, str], now: float) -> list[str]:
    """Return what is known of an outage that is waited out."""
    since, until, following, detail = (facts.get(name, "") for name in FACTS)
    if not since:
        return []
    if not following:
        return [
            f"the last run ended because the service had not worked for {duration(float(until) - float(since))} ({detail})"
        ]
    if now > float(following) + LATE_SECONDS:
        return [
            f"the service did not work when a run looked {duration(now - float(following))} ago and was ended ({detail})"
        ]
    return [
        f"the service has not worked for {duration(now - float(since))} ({detail}); looking again in "
        f"{duration(max(0.0, float(following) - now))}, for {duration(max(0.0, float(until) - now))} more"
    ]
