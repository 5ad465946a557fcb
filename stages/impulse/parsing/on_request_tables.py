"""What a run writes of products on request: their tables, and the files beside the frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from impulse.files.records import Entry
from impulse.files.store import Store
from impulse.parsing.making import Ended
from impulse.parsing.on_request import ColumnsOnRequest, Product, stored_table
from impulse.parsing.work import ParseTask
from impulse.schema.column import arrow_schema
from impulse.tables.io import table_of, write_parts, write_table
from impulse.tables.parsed import BESIDE_FILE_COLUMNS
from impulse.tables.paths import beside_files, beside_path


def write_on_request(folder: Path, product: Product, store: Store, tasks: Sequence[ParseTask], ended: Ended) -> None:
    """Write the tables of a product, replay by replay in the order of their ids, so that one is in memory at a time.

    Args:
        folder: data/parsed, while it is written.
        product: the product.
        store: has its entries.
        tasks: the replays.
        ended: what there is of each.
    """
    entries = _entries(product.setting, tasks, ended)
    for name, columns in product.tables.items():
        parts = (stored_table(entries[replay_id], name) for replay_id in sorted(entries))
        write_parts(parts, arrow_schema(columns), folder / f"{name}.parquet")
    if isinstance(product, ColumnsOnRequest):
        _link_beside(folder, product, store, entries)


def _entries(setting: str, tasks: Sequence[ParseTask], ended: Ended) -> dict[str, Entry]:
    """Return the entry of each replay that has a product, by its id."""
    return {
        task.manifest["replay_id"]: results.on_request[setting]
        for task, (results, error) in zip(tasks, ended, strict=True)
        if not error and not results.reject and not results.refused(setting)
    }


def _link_beside(folder: Path, product: ColumnsOnRequest, store: Store, entries: dict[str, Entry]) -> None:
    """Put the files of columns on request beside the frames, and list them."""
    rows = []
    for replay_id, entry in sorted(entries.items()):
        store.link(entry, product.file, folder / beside_path(product.setting, replay_id))
        file = entry.files[product.file]
        rows.append({"replay_id": replay_id, "bytes": file.bytes, "sha256": file.sha256})
    write_table(table_of(rows, BESIDE_FILE_COLUMNS), folder / beside_files(product.setting))
