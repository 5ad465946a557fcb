"""A ledger that was lost or damaged, made again from what was collected: manifest and rejects say what became of each replay."""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from impulse.collection.group_facts import own_group
from impulse.collection.ledger import Download, Ledger, Outcome
from impulse.config.fetch import SourceKind
from impulse.errors import ObjectMissing, StageError
from impulse.files.storage import Storage
from impulse.replay.reasons import Reason
from impulse.tables.io import UNREADABLE, read_checked
from impulse.tables.paths import LISTED_PLAYERS, MANIFEST, REJECTS

FILLED = "filled"
"""Fact of a ledger that knows what was collected before it."""
_SOURCES = (SourceKind.ballchasing, SourceKind.ballchasing_demo)
_SAME_BYTES = re.compile(r"same bytes as (\S+)")
_OUTCOMES = {
    Reason.GONE: Outcome.GONE,
    Reason.FORBIDDEN: Outcome.FORBIDDEN,
    Reason.NOT_FETCHED: Outcome.PENDING,
    Reason.DELISTED: Outcome.PENDING,
    Reason.KEPT_FILE_DAMAGED: Outcome.PENDING,
    Reason.DOWNLOAD_FAILED: Outcome.PENDING,
    Reason.DUPLICATE_RECORDING: Outcome.DUPLICATE,
    Reason.DUPLICATE_BYTES: Outcome.DUPLICATE,
}
"""What a reject of a download was in the ledger; every other one had wrong bytes, and failed."""


def fill(ledger: Ledger, lists: Storage, *, place: str, query: str | None, now: float) -> bool:
    """Give a new ledger what the lists of an earlier one say, once.

    Args:
        ledger: knows the replays already, from the lists of the API.
        lists: has manifest and rejects, if anything was collected before.
        place: start of the names of the server's lists in the ledger.
        query: name of the list of the query in the ledger, if there is one.
        now: time in seconds since 1970.

    Returns:
        Whether replays were added that no list has any more.
    """
    if ledger.fact(FILLED) is not None:
        return False
    is_new = not ledger.rows("SELECT 1 FROM replays WHERE outcome <> 'pending' LIMIT 1")
    has_left = is_new and _fill(ledger, lists, place, query, now)
    ledger.set_facts({FILLED: f"{now}"})
    return has_left


def _fill(ledger: Ledger, lists: Storage, place: str, query: str | None, now: float) -> bool:
    manifest = {row["replay_id"]: row for row in _rows(lists, MANIFEST)}
    kept = {row["source_path"]: row for row in manifest.values() if row["source"] in _SOURCES}
    rejects = {row["source_path"]: row for row in _rows(lists, REJECTS) if row["stage"] == "fetch"}
    listed = {row[0] for row in ledger.rows("SELECT id FROM replays")}
    left = [row for key, row in kept.items() if key not in listed]
    players = _players(_rows(lists, LISTED_PLAYERS) if left else ())
    with ledger.transaction() as database:
        for row in left:
            group = own_group(row)
            scope = f"{place}replays?{urlencode({'group': group})}" if group else query
            metadata = json.dumps(_metadata(row, players[row["replay_id"]]), sort_keys=True)
            at = row["delisted_at"].replace(tzinfo=UTC).timestamp() if row.get("delisted_at") else now
            database.execute("INSERT INTO replays (id, metadata) VALUES (?, ?)", (row["source_path"], metadata))
            database.execute(
                "INSERT OR IGNORE INTO members VALUES (?, ?, 0, ?)", (scope or place, row["source_path"], at)
            )
    downloads = ledger.known(kept.keys() | (rejects.keys() & listed))
    filled = [_filled(download, kept.get(key), rejects.get(key), manifest) for key, download in downloads.items()]
    ledger.record(filled, at=now)
    return bool(left)


def _metadata(row: Mapping[str, Any], players: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the API's list said of a replay, from the columns that it became."""
    uploaded = row["uploaded_at"]
    found = {
        **{
            name: row.get(name) for name in ("recording_id", "title", "playlist", "min_rank", "max_rank", "uploader_id")
        },
        "season": row["season_api"],
        "created": uploaded and f"{uploaded.isoformat()}Z",
        "players": players,
    }
    return {name: value for name, value in found.items() if value}


def _players(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the listed players of each replay, as the API's list names them."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        platform = (row["player_id_api"] or "").partition(":")[0]
        player = {
            "team": row["team"],
            "name": row["name"],
            "platform": platform,
            "id": row["player_id"],
            "rank": row["rank"],
            "division": row["rank_division"],
        }
        found[row["replay_id"]].append({name: value for name, value in player.items() if value})
    return found


def _filled(
    download: Download,
    kept: Mapping[str, Any] | None,
    reject: Mapping[str, Any] | None,
    manifest: Mapping[str, Mapping[str, Any]],
) -> Download:
    if kept is not None:
        return replace(download, outcome=Outcome.DOWNLOADED, sha256=kept["sha256"], bytes=kept["bytes"])
    reason = str(reject["reason"]) if reject is not None else ""
    outcome = _OUTCOMES.get(Reason(reason), Outcome.FAILED) if reason in set(Reason) else Outcome.PENDING
    if reject is None or outcome is Outcome.PENDING:
        return download
    same = _SAME_BYTES.search(str(reject["detail"])) if reason == Reason.DUPLICATE_BYTES else None
    first = manifest.get(same[1], {}) if same else {}
    return replace(
        download,
        outcome=outcome,
        reason=reason,
        detail=reject["detail"],
        attempts=1,
        sha256=first.get("sha256"),
        bytes=first.get("bytes"),
    )


def _rows(lists: Storage, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list; one that is missing or damaged says nothing."""
    try:
        yield from read_checked(io.BytesIO(lists.read(name))).to_pylist()
    except (OSError, ObjectMissing, StageError, *UNREADABLE):
        return
