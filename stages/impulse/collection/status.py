"""What a job is doing, read from its ledger while it runs elsewhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from impulse.collection.ballchasing import duration
from impulse.collection.pacing import HOUR, Call
from impulse.errors import StageError

LAST_ERRORS = 5


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
        return _lines(path, now)
    except sqlite3.DatabaseError as error:
        raise StageError(f"{path} cannot be read: {error}") from error


def _lines(path: Path, now: float) -> list[str]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        outcomes = dict(
            database.execute("SELECT outcome, count(*) FROM replays WHERE is_selected = 1 GROUP BY outcome ORDER BY 1")
        )
        facts = dict(database.execute("SELECT name, value FROM facts"))
        used, first = database.execute(
            "SELECT count(*), min(at) FROM calls WHERE kind = ? AND at > ?", (Call.FILE.value, now - HOUR)
        ).fetchone()
        paused = database.execute("SELECT max(until) FROM pauses").fetchone()[0] or 0
        groups, pages = database.execute(
            "SELECT (SELECT count(*) FROM groups), (SELECT coalesce(sum(pages), 0) FROM listings)"
        ).fetchone()
        errors = database.execute(
            "SELECT id, outcome, attempts, detail FROM replays WHERE is_selected = 1 AND outcome IN "
            "('failed', 'gone', 'forbidden') ORDER BY changed_at DESC, id LIMIT ?",
            (LAST_ERRORS,),
        ).fetchall()
    lines = [
        f"listed: {groups} groups, {pages} pages of lists",
        "replays: " + (", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "none yet"),
    ]
    per_hour = int(facts.get("files_per_hour", 0))
    left = f", {max(0, per_hour - used)} of {per_hour} downloads left this hour" if per_hour else ""
    lines.append(f"last hour: {used} downloads (tier {facts.get('tier', 'unknown')}){left}")
    pending = outcomes.get("pending", 0)
    if pending and used > 1:
        lines.append(f"to go: {pending} replays, about {duration(pending * (now - first) / used)}")
    if paused > now:
        lines.append(f"the server asked to wait: {duration(paused - now)} more")
    lines += [f"{outcome} after {attempts} tries: {name} ({detail})" for name, outcome, attempts, detail in errors]
    return lines
