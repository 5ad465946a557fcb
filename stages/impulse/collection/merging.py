"""The lists of a folder that several downloads share: what was there before, and what a run adds to it."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pyarrow as pa

from impulse.collection.raw_storage import RawStorage
from impulse.errors import ObjectMissing, StageError, one_line
from impulse.schema.column import SCHEMA_VERSION, Column, has_dtype
from impulse.tables.io import UNREADABLE, read_checked, schema_version
from impulse.tables.manifest import LISTED_PLAYER_COLUMNS, LISTING_COLUMNS, MANIFEST_COLUMNS, RENAMED
from impulse.tables.paths import LISTED_PLAYERS, LISTINGS, MANIFEST, REJECTS
from impulse.tables.rejects import REJECT_COLUMNS, Reject

NULL_IS_NOT_TOLD = 4
"""Lists of an older schema say that nobody forfeited where headers do not tell."""

log = logging.getLogger(__name__)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lists:
    """Rows of the lists beside replays."""

    replays: Sequence[Row] = ()
    """Of the manifest."""
    players: Sequence[Row] = ()
    rejects: Sequence[Reject] = ()
    listings: Sequence[Row] = ()


def read_lists(storage: RawStorage) -> Lists:
    """Return the lists that are in a storage; what is not there is empty, and what is damaged is set aside.

    Lists of an older schema lack what is new since, and have what is only called something else.

    Raises:
        StageError: a newer impulse wrote one of them.
    """
    rejects = _rows(storage, REJECTS, REJECT_COLUMNS)
    return Lists(
        _rows(storage, MANIFEST, MANIFEST_COLUMNS),
        _rows(storage, LISTED_PLAYERS, LISTED_PLAYER_COLUMNS),
        [Reject(**row) for row in rejects],
        _rows(storage, LISTINGS, LISTING_COLUMNS),
    )


def merged(earlier: Lists, new: Lists, *, storage: RawStorage) -> Lists:
    """Return earlier and new rows: of a replay that both have the new ones; earlier ones as long as the file is there.

    Args:
        earlier: what was in the storage before.
        new: what a run found.
        storage: has the files.
    """
    found = {row["replay_id"] for row in new.replays}
    # Of the groups that were downloaded now all is said: what an earlier run took of them, and this one did not, is not needed
    # any more, such as an upload of a recording of which an earlier one was listed since.
    roots = {row["group_ids"][0] for row in new.listings if row["group_ids"]}
    others = [row for row in earlier.replays if row["replay_id"] not in found and _root_of(row) not in roots]
    kept = [row for row in others if storage.replays.holds(row["path"], sha256=row["sha256"], size=row["bytes"])]
    if len(kept) < len(others):
        log.warning("%d replays of earlier downloads are not there any more, or changed", len(others) - len(kept))
    ids = {row["replay_id"] for row in kept}
    listed = ids | found
    said = {(reject.replay_id, reject.source_path) for reject in new.rejects}
    rejects = [*new.rejects, *(item for item in earlier.rejects if (item.replay_id, item.source_path) not in said)]
    listings = {(row["group_id"], row["query"]): row for row in (*earlier.listings, *new.listings)}
    return Lists(
        [*kept, *new.replays],
        [*(row for row in earlier.players if row["replay_id"] in ids), *new.players],
        # What one group has twice may be the only one that another has; a row says that the file is good.
        [reject for reject in rejects if not reject.replay_id or reject.replay_id not in listed],
        sorted(listings.values(), key=_place_of),
    )


def _root_of(row: Row) -> str | None:
    """Return the group that was asked for when a replay was had."""
    return row["group_ids"][0] if row.get("group_ids") else None


def _place_of(row: Row) -> tuple[str, str, str]:
    """Return what sorts the listings by their place in the tree."""
    return "/".join(row["group_ids"] or ()), row["group_id"] or "", row["query"] or ""


def _rows(storage: RawStorage, name: str, columns: Sequence[Column]) -> list[Row]:
    """Return the rows of a list by the columns that it shares with those of now; one that is no use is set aside."""
    try:
        content = storage.lists.read(name)
    except (FileNotFoundError, ObjectMissing):
        return []
    try:
        table = read_checked(io.BytesIO(content))
        version = schema_version(table.schema)
    except UNREADABLE as error:
        return _set_aside(storage, name, content, f"cannot be read ({one_line(error)})")
    if version > SCHEMA_VERSION:
        raise StageError(
            f"{name} has schema version {version}, and this impulse knows {SCHEMA_VERSION}: upgrade impulse"
        )
    table = table.rename_columns([RENAMED.get(name, name) for name in table.column_names])
    shared = [column for column in columns if _has(table, column)]
    if any(not column.nullable for column in columns if column not in shared):
        return _set_aside(storage, name, content, "is no list of impulse")
    rows: list[Row] = table.select([column.name for column in shared]).to_pylist()
    if version < NULL_IS_NOT_TOLD:
        rows = [{**row, "is_forfeit": row["is_forfeit"] or None} if "is_forfeit" in row else row for row in rows]
    return rows


def _has(table: pa.Table, column: Column) -> bool:
    return column.name in table.column_names and has_dtype(table.schema.field(column.name).type, column.dtype)


def _set_aside(storage: RawStorage, name: str, content: bytes, why: str) -> list[Row]:
    """Keep a list that is no use under another name, so that nothing in it is overwritten."""
    free = next(other for n in count(1) if storage.lists.size(other := f"{name}.damaged-{n}") is None)
    storage.lists.write(free, content)
    storage.lists.remove(name)
    log.warning(
        "%s %s and is set aside as %s; replays of other groups are listed again once their groups are downloaded again, which "
        "downloads no file twice",
        name,
        why,
        free,
    )
    return []
