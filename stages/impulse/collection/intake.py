"""From the files of a source to stored replays and an exact manifest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from impulse.collection.merging import Lists
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate, Certificate, FileFacts, Item, Shortfall, too_large
from impulse.collection.threads import map_in_order
from impulse.config.fetch import SourceKind
from impulse.errors import EXIT_CONFIG, ImpulseError, NameTaken
from impulse.replay.reasons import Reason
from impulse.run.job import Counts
from impulse.tables import rejects
from impulse.tables.io import table_of, to_parquet
from impulse.tables.manifest import LISTED_PLAYER_COLUMNS, LISTING_COLUMNS, MANIFEST_COLUMNS
from impulse.tables.paths import LISTED_PLAYERS, LISTINGS, MANIFEST, REJECTS, STORAGE_URL, replay_path
from impulse.tables.rejects import Reject

log = logging.getLogger(__name__)

NAMES_LOGGED = 5


def take_in(
    files: Iterable[Item],
    *,
    source: SourceKind,
    storage: RawStorage,
    threads: int = 1,
    max_bytes: int | None = None,
    lists_of: Callable[[Lists], Lists] = lambda found: found,
) -> Counts:
    """Verify files, store the good ones, and write manifest, listed players and rejects.

    Files that earlier runs stored stay where they are; only the manifest tells which ones the dataset is made of.

    Args:
        files: what the source offers, in a fixed order; of two with the same bytes the first one is taken.
        source: kind of the source.
        storage: where files and lists go, each file as soon as it came.
        threads: files that are stored at a time.
        max_bytes: size of the largest replay; also of one that was kept when more was allowed. None allows any.
        lists_of: gives what is to be written of what this run found.

    Raises:
        AuthError: the source refused the key on the way; what came before is stored and listed.
    """
    rows: dict[str, dict[str, Any]] = {}
    players: list[dict[str, Any]] = []
    rejected: list[Reject] = []
    listings: list[dict[str, Any]] = []
    shortfall: ImpulseError | None = None
    new = 0

    def to_store() -> Iterator[tuple[dict[str, Any], bytes]]:
        nonlocal new, shortfall
        for file in files:
            if isinstance(file, Certificate):
                listings.extend(map(dict, file.rows))
                continue
            if isinstance(file, Shortfall):
                shortfall = file.error
                continue
            if isinstance(file, Reject):
                rejected.append(file)
                continue
            row = _row(file, source, rows, max_bytes)
            if isinstance(row, Reject):
                rejected.append(row)
                continue
            rows[row["replay_id"]] = row
            players.extend(map(dict, file.players))
            new += file.is_new
            if file.content is not None and file.path is None:
                yield row, file.content

    def store(item: tuple[dict[str, Any], bytes]) -> bool | Reject:
        row, content = item
        try:
            return storage.replays.write(row["path"], content, sha256=row["sha256"])
        except NameTaken as error:
            return Reject(row["replay_id"], row["source_path"], "fetch", Reason.KEPT_FILE_DAMAGED, str(error))

    stored = list(map_in_order(store, to_store(), threads=threads))
    not_stored = [result for result in stored if isinstance(result, Reject)]
    for reject in not_stored:
        del rows[reject.replay_id]
    rejected += not_stored
    healed = len(storage.replays.healed)
    if healed:
        log.warning("%d kept files were not what they should be, and are replaced: %s", healed, _some(storage))
    listed = [row for row in players if row["replay_id"] in rows]
    lists = lists_of(Lists(list(rows.values()), listed, rejected, listings))
    _write_lists(lists, storage=storage)
    storage.publish(str(row["path"]) for row in lists.replays)
    if shortfall is not None and shortfall.exit_code == EXIT_CONFIG:
        raise shortfall  # somebody has to change something; what came before is listed
    return Counts(
        replays_in=len(rows) + len(rejected),
        replays_out=len(rows),
        rejected=rejects.count_by_reason(rejected),
        figures={"bytes": sum(row["bytes"] for row in rows.values())},
        timing={"written_now": sum(result is True for result in stored) + new, "healed_now": healed},
        failure="; ".join(filter(None, (_failure(rejected), str(shortfall or "")))),
    )


def _some(storage: RawStorage) -> str:
    """Return the names of the first replaced files."""
    names = sorted(storage.replays.healed)
    return ", ".join(names[:NAMES_LOGGED]) + (", ..." if len(names) > NAMES_LOGGED else "")


def _failure(rejected: Iterable[Reject]) -> str:
    """Return why the stage fails although everything else is done: a kept file that could not be replaced."""
    damaged = [reject for reject in rejected if reject.reason == Reason.KEPT_FILE_DAMAGED]
    if not damaged:
        return ""
    others = f" (and {len(damaged) - 1} more, see {REJECTS})" if len(damaged) > 1 else ""
    return f"a kept replay could not be replaced, all others are kept: {damaged[0].detail}{others}"


def _row(
    candidate: Candidate, source: SourceKind, taken: Mapping[str, Mapping[str, Any]], max_bytes: int | None
) -> dict[str, Any] | Reject:
    """Return the manifest's row of a file, or why it gets none."""
    facts = candidate.facts or FileFacts.of(candidate.content or b"")
    replay_id = candidate.replay_id or facts.replay_id
    if max_bytes is not None and facts.size > max_bytes:
        return replace(too_large(candidate.source_path, facts.size, max_bytes), replay_id=candidate.replay_id or "")
    if facts.header is None:
        reason = Reason(facts.reason or Reason.NOT_A_REPLAY)
        return Reject(replay_id, candidate.source_path, "fetch", reason, facts.detail)
    if replay_id in taken:
        detail = f"same bytes as {taken[replay_id]['source_path']}"
        return Reject(replay_id, candidate.source_path, "fetch", Reason.DUPLICATE_BYTES, detail)
    return {
        "replay_id": replay_id,
        "path": candidate.path or replay_path(replay_id),
        "bytes": facts.size,
        "sha256": facts.sha256,
        "source": source.value,
        "source_path": candidate.source_path,
        **facts.header,
        **candidate.columns,
    }


def _write_lists(lists: Lists, *, storage: RawStorage) -> None:
    """Write the lists; their bytes depend on the content alone, not on its order."""
    manifest = table_of(sorted(lists.replays, key=lambda row: str(row["replay_id"])), MANIFEST_COLUMNS)
    if storage.url is not None:
        manifest = manifest.replace_schema_metadata(
            {**manifest.schema.metadata, STORAGE_URL: str(storage.url).encode()}
        )
    listed = table_of(sorted(lists.players, key=lambda row: str(row["replay_id"])), LISTED_PLAYER_COLUMNS)
    for name, table in (
        (MANIFEST, manifest),
        (LISTED_PLAYERS, listed),
        (LISTINGS, table_of(lists.listings, LISTING_COLUMNS)),
        (REJECTS, rejects.to_table(lists.rejects)),
    ):
        storage.lists.write(name, to_parquet(table))
