"""What the last run wrote, so that a run costs what is new: rows of replays that are as they were are taken over.

It is one file of local state. Without it, or where it does not fit, every row is made of the store's entries; the tables are the same.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from impulse.files.digest import code_digest
from impulse.files.output import output_file
from impulse.files.records import Entry, StoredFile
from impulse.files.store import Store
from impulse.parsing.keys import ProductKeys
from impulse.parsing.work import Results
from impulse.products.frames.product import FRAMES
from impulse.tables.io import UNREADABLE, read_checked, to_parquet

LAST_RUN = "last_parse.zip"
"""Its name in the folder of local state."""

_INDEX = "index"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LastRun:
    """What is known of the replays that the last run parsed, by their ids."""

    identity: str
    """Hash of the settings and the code that decide about rows."""
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    index: Mapping[str, Row] = field(default_factory=dict)
    """What each replay was, and the keys of its entries."""

    @classmethod
    def read(cls, file: Path, keys: ProductKeys, *, tables: Collection[str]) -> LastRun:
        """Return what the last run left; nothing where its settings or its code were others, or the file is damaged.

        Args:
            file: in the folder of local state.
            keys: of this run.
            tables: names of those that a run writes.
        """
        identity = _identity(keys)
        try:
            with zipfile.ZipFile(file) as content:
                if content.comment.decode() != identity:
                    return cls(identity)
                found = {name: read_checked(io.BytesIO(content.read(name))) for name in (_INDEX, *tables)}
            index = {row["replay_id"]: row for row in found.pop(_INDEX).to_pylist()}
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            RuntimeError,
            *UNREADABLE,
        ):  # the last for one flipped bit says "encrypted"
            return cls(identity)
        return cls(identity, found, index)

    def unchanged(self, replays: Iterable[tuple[Row, Sequence[Row]]], store: Store) -> dict[str, tuple[Entry, str]]:
        """Return the entry of the frames, and the key of the measures, of each replay that is as it was, by its id.

        Args:
            replays: row of the manifest and listed players of each.
            store: has the entries; a replay whose file of frames is another one now is not as it was.
        """
        found = {}
        for row, listed in replays:
            known = self.index.get(row["replay_id"])
            if known is None or known["fingerprint"] != _fingerprint(row, listed):
                continue
            file = StoredFile(known["bytes"], known["sha256"], known["mtime_ns"])
            entry = store.known(known["frames"], {FRAMES: file})
            if entry is not None and store.known(known["measures"], {}) is not None:
                found[row["replay_id"]] = (entry, known["measures"])
        return found

    def completed(self, name: str, made: pa.Table, kept: Iterable[str], order: Mapping[str, int]) -> pa.Table:
        """Return a table of this run: the rows that it made, and those of replays that are as they were.

        Args:
            name: the table.
            made: the rows of all other replays.
            kept: ids of replays that are as they were.
            order: place of each replay in the table.
        """
        ids = pa.array(kept, pa.string())
        if not len(ids):
            return made
        before = self.tables[name]
        before = before.filter(pc.is_in(before["replay_id"], value_set=ids))
        table = pa.concat_tables([before.cast(made.schema), made])
        places = [order[replay_id] for replay_id in table["replay_id"].to_pylist()]
        return table.take(np.argsort(places, kind="stable")).combine_chunks()

    def write(
        self,
        file: Path,
        replays: Iterable[tuple[Row, Sequence[Row], Results]],
        kept: Iterable[str],
        tables: Mapping[str, pa.Table],
    ) -> None:
        """Keep what this run wrote, for the next one.

        Args:
            file: in the folder of local state.
            replays: row of the manifest, listed players and entries of each replay that was made.
            kept: ids of those that are as they were.
            tables: all that have rows of replays.
        """
        index = [self.index[replay_id] for replay_id in kept]
        for row, listed, results in replays:
            if results.frames is not None and results.measures is not None:
                frames = results.frames.files[FRAMES]
                index.append(
                    {
                        "replay_id": row["replay_id"],
                        "fingerprint": _fingerprint(row, listed),
                        "frames": results.frames.key,
                        "measures": results.measures.key,
                        "bytes": frames.bytes,
                        "sha256": frames.sha256,
                        "mtime_ns": frames.mtime_ns,
                    }
                )
        with output_file(file, sync=False) as partial, zipfile.ZipFile(partial, "w") as content:
            content.comment = self.identity.encode()
            for name, table in {_INDEX: pa.Table.from_pylist(index, _INDEX_SCHEMA), **tables}.items():
                content.writestr(name, to_parquet(table))


_INDEX_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("replay_id", "fingerprint", "frames", "measures", "sha256")),
        *((name, pa.int64()) for name in ("bytes", "mtime_ns")),
    ]
)


def _identity(keys: ProductKeys) -> str:
    """Return what decides about rows beside a replay and its entries: the products, and the code that makes rows of them."""
    content = [code_digest("parsing", "tables", "replay", "schema"), keys.frames_inputs, keys.measures_inputs]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _fingerprint(row: Row, listed: Sequence[Row]) -> str:
    """Return a hash of all that is known of a replay before it is parsed."""
    return hashlib.sha256(repr((list(row.items()), [list(each.items()) for each in listed])).encode()).hexdigest()
