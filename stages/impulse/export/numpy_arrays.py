"""The frames as NumPy arrays: memory-mappable ones for each split, and a file for each replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.export import ExportParams, FloatType
from impulse.export.encoding import as_exported
from impulse.export.frames_source import Replay, read_replay
from impulse.schema.frames import state_codes

NOT_NUMERIC = ("replay_id",)
"""Columns that the arrays leave out; replays.parquet and offsets.npy say which rows belong to which replay."""

ARRAY_FILES = ("frames.npy", "offsets.npy", "columns.json")


def array_type(params: ExportParams) -> np.dtype[Any]:
    """Return the type of the arrays; never half precision, which row numbers and times do not fit into."""
    return np.dtype(np.float64 if params.float_type is FloatType.float64 else np.float32)


def write_arrays(
    folder: Path, replays: Sequence[Replay], *, parsed: Path, schema: pa.Schema, params: ExportParams
) -> None:
    """Write ``frames.npy`` (rows, columns), ``offsets.npy`` (replays + 1) and ``columns.json`` of one split.

    Null is NaN, booleans are 0 and 1, game states are positions in ``game_states`` of columns.json.

    Args:
        folder: receives the files.
        replays: the split's replays, sorted by id.
        parsed: folder of the parsed frames.
        schema: schema of the exported frames.
        params: type of the floats.
    """
    names = [name for name in schema.names if name not in NOT_NUMERIC]
    offsets = np.concatenate(([0], np.cumsum([replay.rows for replay in replays], dtype=np.int64)))
    states = _all_states(replays, parsed, schema)
    header = {
        "descr": np.lib.format.dtype_to_descr(array_type(params)),
        "fortran_order": False,
        "shape": (int(offsets[-1]), len(names)),
    }
    # Replay by replay and not through a memory map, whose pages would all count as memory of this process.
    with (folder / "frames.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for replay in replays:
            file.write(_array(replay, names, states, parsed=parsed, schema=schema, params=params).data)
    np.save(folder / "offsets.npy", offsets)
    described = {
        "columns": names,
        "replay_ids": [replay.replay_id for replay in replays],
        "game_states": states,
        "dtype": array_type(params).name,
    }
    (folder / "columns.json").write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_npz(target: Path, replay: Replay, *, parsed: Path, schema: pa.Schema, params: ExportParams) -> None:
    """Write ``frames`` (rows, columns), ``columns`` and ``game_states`` of one replay.

    Not compressed, because the same data compressed by another build of zlib are other bytes.
    """
    names = [name for name in schema.names if name not in NOT_NUMERIC]
    states = _all_states([replay], parsed, schema)
    array = _array(replay, names, states, parsed=parsed, schema=schema, params=params)
    np.savez(target, frames=array, columns=np.array(names), game_states=np.array(states, dtype=np.str_))


def _array(
    replay: Replay,
    names: Sequence[str],
    states: Sequence[str],
    *,
    parsed: Path,
    schema: pa.Schema,
    params: ExportParams,
) -> npt.NDArray[np.floating[Any]]:
    frames = as_exported(read_replay(replay, parsed, schema.names), schema, replay_id=replay.replay_id)
    array = np.empty((frames.num_rows, len(names)), array_type(params))
    for column, name in enumerate(names):
        array[:, column] = _values(frames[name], states)
    return array


def _all_states(replays: Sequence[Replay], parsed: Path, schema: pa.Schema) -> list[str]:
    if "game_state" not in schema.names:
        return []
    found: set[str] = set()
    for replay in replays:
        column = read_replay(replay, parsed, ["game_state"])["game_state"]
        found.update(pc.unique(column.combine_chunks().cast(pa.string())).drop_null().to_pylist())
    return state_codes(found)


def _values(column: pa.ChunkedArray, states: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
    if pa.types.is_dictionary(column.type):
        column = pc.index_in(column.cast(pa.string()), value_set=pa.array(states, pa.string()))
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: npt.NDArray[np.floating[Any]] = column.cast(pa.float64()).to_numpy()
    return values
