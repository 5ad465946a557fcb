"""What schema.json says of the files of a dataset, by which readers notice one that is missing, doubled or of another build."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from impulse.export.encoding.parquet import row_groups
from impulse.export.parts import Kind, OutputPart
from impulse.files.records import StoredFile
from impulse.tables.paths import ARRAY


def listed_part(part: OutputPart, name: str, stored: StoredFile) -> dict[str, Any]:
    """Return what is known of a file of a part without reading it.

    Args:
        part: the part.
        name: the file's name in the store.
        stored: the file.
    """
    facts: dict[str, Any] = {"bytes": stored.bytes, "sha256": stored.sha256}
    if part.kind is Kind.shard or name == ARRAY:
        facts["rows"] = sum(replay.rows for replay in part.replays)
    if part.kind is Kind.shard:
        facts["row_groups"] = sum(1 for _ in row_groups(part.replays))
    return facts


def listed_table(path: Path) -> dict[str, Any]:
    """Return what is known of a table of whole replays, players, goals, ..."""
    content = path.read_bytes()
    return {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": pq.read_metadata(path).num_rows,
    }
