"""Frames as one array of numbers: what export writes as NumPy files and what ``impulse.load(..., as_='numpy')`` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from impulse.schema.frames import state_codes


def array_type(schema: pa.Schema) -> np.dtype[Any]:
    """Return the type of the array: float64 where a column is, else float32; row numbers and times do not fit into less."""
    return np.dtype(np.float64 if any(pa.types.is_float64(field.type) for field in schema) else np.float32)


def codes_of(name: str, column: pa.ChunkedArray) -> list[str]:
    """Return the names that occur in a column of names, by their codes: game states at their fixed places, others sorted."""
    found = pc.unique(column.cast(pa.string())).drop_null().to_pylist()
    return state_codes(found) if name == "game_state" else sorted(found)


def as_array(
    frames: pa.Table, names: Sequence[str], codes: Mapping[str, Sequence[str]], dtype: np.dtype[Any]
) -> npt.NDArray[np.floating[Any]]:
    """Return columns of frames as an array (rows, columns).

    Null is NaN, booleans are 0 and 1, a name is its position in ``codes``.

    Args:
        frames: the frames.
        names: the columns, in the order wanted.
        codes: the names by their codes, for every column of names.
        dtype: type of the array.
    """
    array = np.empty((frames.num_rows, len(names)), dtype)
    for position, name in enumerate(names):
        column = frames[name]
        if pa.types.is_dictionary(column.type):
            column = pc.index_in(column.cast(pa.string()), value_set=pa.array(codes[name], pa.string()))
        elif pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        array[:, position] = column.cast(pa.float64()).to_numpy()
    return array
