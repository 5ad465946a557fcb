"""The frames as memory-mappable NumPy arrays, one folder for each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.params import FloatType
from impulse.export.shards import each_replay
from impulse.output import write_json

NOT_NUMERIC = ("replay_id",)
"""Columns that the arrays leave out; replays.parquet and offsets.npy say which rows belong to which replay."""


def write_arrays(
    folder: Path,
    replays: Sequence[Mapping[str, Any]],
    *,
    parsed: Path,
    schema: pa.Schema,
    float_type: FloatType,
) -> None:
    """Write ``frames.npy`` (rows, columns), ``offsets.npy`` (replays + 1) and ``columns.json`` of one split.

    Null is NaN, booleans are 0 and 1, game states are positions in ``game_states`` of columns.json.

    Args:
        folder: receives the files.
        replays: replay_id and rows of the split's replays, sorted by id.
        parsed: folder of the parsed frames.
        schema: schema of the exported frames.
        float_type: type of the array.
    """
    folder.mkdir(parents=True)
    names = [name for name in schema.names if name not in NOT_NUMERIC]
    offsets = np.concatenate(([0], np.cumsum([row["rows"] for row in replays], dtype=np.int64)))
    array = np.lib.format.open_memmap(
        folder / "frames.npy", mode="w+", dtype=float_type.value, shape=(int(offsets[-1]), len(names))
    )
    ids = [row["replay_id"] for row in replays]
    states = _all_states(ids, parsed, schema)
    for position, table in enumerate(each_replay(ids, parsed=parsed, schema=schema)):
        for column, name in enumerate(names):
            array[offsets[position] : offsets[position + 1], column] = _values(table[name], states)
    array.flush()
    np.save(folder / "offsets.npy", offsets)
    write_json(folder / "columns.json", {"columns": names, "replay_ids": ids, "game_states": states})


def _all_states(ids: Sequence[str], parsed: Path, schema: pa.Schema) -> list[str]:
    if "game_state" not in schema.names:
        return []
    only_state = pa.schema([schema.field("game_state")])
    found: set[str] = set()
    for table in each_replay(ids, parsed=parsed, schema=only_state):
        found.update(pc.unique(table["game_state"].combine_chunks().cast(pa.string())).drop_null().to_pylist())
    return sorted(found)


def _values(column: pa.ChunkedArray, states: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
    if pa.types.is_dictionary(column.type):
        column = pc.index_in(column.cast(pa.string()), value_set=pa.array(states, pa.string()))
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: npt.NDArray[np.floating[Any]] = column.cast(pa.float64()).to_numpy()
    return values
