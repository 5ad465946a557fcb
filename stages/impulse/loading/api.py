"""``impulse.load`` and ``impulse.open_dataset``: from an address to a dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, overload

from impulse.errors import ConfigError, check_known
from impulse.loading.address import files_of
from impulse.loading.dataset import Dataset
from impulse.loading.dataset_files import SCHEMA_FILE
from impulse.loading.long_layout import STINTS
from impulse.loading.selection import Filters

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from impulse.loading.arrays import FrameArrays

DATASET_PATH = "data/export"
"""Where a checkout has the dataset."""


def open_dataset(
    path_or_url: str | os.PathLike[str],
    *,
    rev: str | None = None,
    remote: str | None = None,
    path: str = DATASET_PATH,
) -> Dataset:
    """Open an exported dataset; of its files only schema.json is read.

    Args:
        path_or_url: folder of a dataset, checkout that has one (``~`` and ``file://`` are understood),
            ``s3://bucket/prefix``, or path or URL of a Git repository whose dataset DVC tracks.
        rev: branch, tag or commit of the repository, for example ``v1.0``; the dataset then comes from the DVC cache
            or remote, in the parts that are needed.
        remote: name of the DVC remote; None takes the repository's default.
        path: folder of the dataset inside the repository.

    Raises:
        DatasetError: there is no such folder, bucket, repository or revision, or it has no dataset.
        ConfigError: ``rev`` or ``remote`` for something that is no repository.
    """
    return Dataset(files_of(path_or_url, rev=rev, remote=remote, path=path))


class _Options(TypedDict, total=False):
    """What :func:`load` takes whatever it gives back."""

    table: str
    split: str | Sequence[str] | None
    columns: Sequence[str] | None
    filters: Filters | None
    rev: str | None
    remote: str | None
    path: str
    verify: bool


@overload
def load(
    path_or_url: str | os.PathLike[str],
    *,
    as_: Literal["arrow"] = ...,
    layout: Literal["wide", "long"] = ...,
    **options: Unpack[_Options],
) -> pa.Table: ...
@overload
def load(
    path_or_url: str | os.PathLike[str],
    *,
    as_: Literal["pandas"],
    layout: Literal["wide", "long"] = ...,
    **options: Unpack[_Options],
) -> pd.DataFrame: ...
@overload
def load(
    path_or_url: str | os.PathLike[str],
    *,
    as_: Literal["numpy"],
    layout: Literal["wide"] = ...,
    **options: Unpack[_Options],
) -> FrameArrays: ...
def load(
    path_or_url: str | os.PathLike[str],
    *,
    table: str = "frames",
    split: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    filters: Filters | None = None,
    as_: Literal["arrow", "pandas", "numpy"] = "arrow",
    layout: Literal["wide", "long"] = "wide",
    rev: str | None = None,
    remote: str | None = None,
    path: str = DATASET_PATH,
    verify: bool = False,
) -> pa.Table | pd.DataFrame | FrameArrays:
    """Read a table of an exported dataset: the columns and row groups that were asked for, and nothing else.

    ``open_dataset(...).frames(...)`` takes the same arguments and reads replay by replay, for what does not fit into memory.

    Args:
        path_or_url: as for :func:`open_dataset`.
        table: frames, replays, players, goals, demolitions, ... Names of players and groups and titles of replays in them are
            free text by strangers, and may name people.
        split: train, val, test, or several of them; None takes all.
        columns: names of columns; None takes all.
        filters: as in pyarrow, an expression or a list like ``[('players_a_side', '=', 3), ('ball_pos_z', '>', 1000)]``, on
            columns of the table or of the replays table; the latter decide which replays are read at all. Rejects, which
            are in no split and not among the replays, are filtered by columns of their own alone. Nulls:
            :data:`impulse.loading.selection.Filters`.
        as_: ``arrow`` gives a table, ``pandas`` a DataFrame with nullable types, both with one dictionary for each column of
            names, ``numpy`` a :class:`~impulse.loading.arrays.FrameArrays` (wide frames only).
        layout: of the frames: ``wide``, or ``long`` with one row for each player on the field and frame, computed while
            reading; see :meth:`~impulse.loading.dataset.Dataset.frames`.
        rev: as for :func:`open_dataset`.
        remote: as for :func:`open_dataset`.
        path: as for :func:`open_dataset`.
        verify: first compare the files that will be used with checksums.sha256, which reads them whole.

    Raises:
        DatasetError: the dataset cannot be opened or read, or a file has other bytes than its checksum says.
        ConfigError: no such table, split or column, or a filter that cannot be applied.
    """
    check_known("as_", as_, ("arrow", "pandas", "numpy"))
    dataset = open_dataset(path_or_url, rev=rev, remote=remote, path=path)
    check_known("table", table, dataset.tables)
    always_used = (SCHEMA_FILE, "replays.parquet")
    if table == "frames":
        if verify:  # by them the frames are chosen
            dataset.verify(always_used)
        frames = dataset.frames(split=split, columns=columns, filters=filters, layout=layout)
        if verify:
            people = [f"{name}.parquet" for name in ("players", STINTS) if layout == "long" and name in dataset.tables]
            dataset.verify((*people, *frames.files))
        return {"arrow": frames.to_arrow, "pandas": frames.to_pandas, "numpy": frames.to_numpy}[as_]()
    if layout != "wide":
        raise ConfigError("layout", f"only frames have layouts; leave it out for {table}")
    if as_ == "numpy":
        raise ConfigError("as_", f"only frames are arrays of numbers; load {table} as arrow or pandas")
    if verify:
        dataset.verify(dict.fromkeys((*always_used, f"{table}.parquet")))
    rows = dataset.table(table, split=split, columns=columns, filters=filters)
    if as_ == "arrow":
        return rows
    from impulse.files.dataframe import to_pandas

    return to_pandas(rows)
