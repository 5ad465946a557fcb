"""Which files belong to a dataset, as schema.json lists them, and what is wrong with those that are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from impulse.errors import DatasetError
from impulse.loading.dataset_files import GET_AGAIN, DatasetFiles, ListedFile
from impulse.schema.column import has_dtype
from impulse.tables.paths import SPLITS, shard_path


@dataclass(frozen=True, slots=True)
class FileList:
    """The files of a dataset; every one of a dataset that lists them, else the shards that its replays name."""

    files: Mapping[str, ListedFile]
    """By name inside the dataset."""
    is_complete: bool
    """Tables are listed too; false for datasets of before the list."""

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> FileList | None:
        """Return the list in schema.json, None where it has none because it is older than the list.

        Raises:
            AttributeError: it is no list of files.
        """
        if "files" not in document:
            return None
        known = [field.name for field in fields(ListedFile)]  # a later impulse may say more
        files = {name: {key: facts.get(key) for key in known} for name, facts in document["files"].items()}
        return cls({name: ListedFile(**facts) for name, facts in files.items()}, is_complete=True)

    @classmethod
    def of_replays(cls, replays: pa.Table) -> FileList:
        """Return the shards that a table of replays names, with the rows that must be in them."""
        shards = replays.group_by(["split", "shard"], use_threads=False).aggregate([("rows", "sum")])
        return cls(
            {shard_path(row["split"], row["shard"]): ListedFile(rows=row["rows_sum"]) for row in shards.to_pylist()},
            is_complete=False,
        )

    def check(self, stored: DatasetFiles, needed: Iterable[str], *, splits: Collection[str] = SPLITS) -> None:
        """Check that needed files are there, and nothing beside them that belongs to no dataset.

        Args:
            stored: the files that are there.
            needed: names of files.
            splits: splits that are read; what is in the folders of others is not looked at.

        Raises:
            DatasetError: a file is missing, has another size, or does not belong to the dataset.
        """
        others = tuple(f"frames/split={split}/" for split in SPLITS if split not in splits)
        stray = [
            name
            for name in stored.files
            if name.endswith(".parquet")
            and name not in self.files
            and (self.is_complete or name.startswith("frames/"))
            and not name.startswith(others)
        ]
        if stray:
            raise DatasetError(f"{stored.name}: {_and_more(stray)} {NOT_OURS}")
        for name in needed:
            stored.check(name)


NOT_OURS = (
    "does not belong to the dataset: it is a second copy, of another build, or somebody's own; "
    "move it out of the dataset, or copy or `dvc pull` the dataset again"
)


def check_footer(stored: DatasetFiles, name: str, fragment: ds.ParquetFileFragment, columns: Mapping[str, str]) -> None:
    """Check what the footer of a Parquet file says, which is read unless it was before.

    Args:
        stored: the files of the dataset, with what is listed of them.
        name: the file.
        fragment: the same file.
        columns: dtypes of the columns that it must have, by their names.

    Raises:
        DatasetError: it has other rows, row groups, columns or types than the dataset.
    """
    listed, found, schema = stored.listed.get(name, ListedFile()), fragment.metadata, fragment.physical_schema
    lacking = [column for column in columns if column not in schema.names]
    if lacking:
        raise DatasetError(f"{stored.name}: {name} lacks the column {_and_more(lacking)}; {GET_AGAIN}")
    for column, dtype in columns.items() if listed.sha256 else ():
        if not has_dtype(schema.field(column).type, dtype):
            raise DatasetError(
                f"{stored.name}: {name} has {schema.field(column).type} in the column {column} instead of {dtype}; {GET_AGAIN}"
            )
    for what, expected, actual in (
        ("rows", listed.rows, found.num_rows),
        (
            "rows in its row groups",
            found.num_rows,
            sum(found.row_group(n).num_rows for n in range(found.num_row_groups)),
        ),
        ("row groups", listed.row_groups, found.num_row_groups),
    ):
        if expected not in (None, actual):
            raise DatasetError(f"{stored.name}: {name} has {actual} {what} instead of {expected}; {GET_AGAIN}")


def check_rows(stored: DatasetFiles, replays: pa.Table, found: int) -> None:
    """Check the rows that were read of replays.

    Raises:
        DatasetError: there are more or fewer than the table of replays says.
    """
    expected = pc.sum(replays["rows"]).as_py() or 0
    if found != expected:
        raise DatasetError(
            f"{stored.name}: the frames have {found} rows instead of {expected} of {replays.num_rows} replays; {GET_AGAIN}"
        )


def _and_more(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"
