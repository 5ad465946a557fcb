"""NumPy arrays as Arrow arrays and back, straight from their buffers.

PyArrow's own ways do the same, slower, and load pandas on the first call, which costs a worker as much as several
replays.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def leave_pandas_out() -> None:
    """Keep Arrow from loading pandas at the first list that it converts, which takes longer than most stages.

    It does so once, to know pandas' own objects among the values, and a stage has none. What asks for pandas later, such as
    ``Table.to_pandas``, gets it as ever.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)


class _NoPandas(MetaPathFinder):
    """Lets an import of pandas fail as if it were not installed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Raise for pandas; look for nothing else."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out here", name=name)


def array_of(values: npt.NDArray[Any], missing: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Return a one-dimensional array as an Arrow array.

    Args:
        values: numbers or booleans.
        missing: true where the value is null; None when no value is.
    """
    validity, nulls = None, 0
    if missing is not None and (nulls := int(np.count_nonzero(missing))):
        validity = _bits(~missing)
    data = _bits(values) if values.dtype == np.bool_ else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [validity, data], nulls)


def categories(
    codes: npt.NDArray[np.int32], names: Sequence[str], missing: npt.NDArray[np.bool_] | None = None
) -> pa.DictionaryArray:
    """Return names chosen by codes as a dictionary array.

    Args:
        codes: (rows,) positions in ``names``.
        names: the dictionary.
        missing: as for :func:`array_of`.
    """
    encoded = [name.encode() for name in names]
    offsets = np.concatenate(([0], np.cumsum([len(text) for text in encoded], dtype=np.int32))).astype(np.int32)
    dictionary = pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))
    return pa.DictionaryArray.from_arrays(array_of(codes, missing), dictionary)


def values_of(array: pa.Array) -> npt.NDArray[Any]:
    """Return the numbers or booleans of an array as (values,); anything where it is null."""
    buffer = array.buffers()[1]
    if array.type == pa.bool_():
        return _flags(buffer, array)
    dtype = np.dtype(array.type.to_pandas_dtype())
    return (
        np.zeros(0, dtype)
        if buffer is None
        else np.frombuffer(buffer, dtype, len(array), array.offset * dtype.itemsize)
    )


def is_valid(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Return (values,) true where an array is not null."""
    return _flags(array.buffers()[0], array)


def _flags(bits: pa.Buffer | None, array: pa.Array) -> npt.NDArray[np.bool_]:
    if bits is None:
        return np.ones(len(array), dtype=bool)
    end = array.offset + len(array)
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=end, bitorder="little")[array.offset :].view(bool)


def _bits(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
