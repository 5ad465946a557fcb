"""Frames as one array of numbers, in memory or mapped from disk; training windows are cut from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.errors import DatasetError, one_line
from impulse.tables.paths import ARRAY, ARRAY_COLUMNS, ARRAY_OFFSETS


@dataclass(frozen=True, slots=True, eq=False)
class FrameArrays:
    """The frames of some replays, one after the other."""

    values: npt.NDArray[np.floating[Any]]
    """(rows, columns); null is NaN, booleans are 0 and 1, names are positions in ``categories``."""
    columns: tuple[str, ...]
    """Names of the columns."""
    replay_ids: tuple[str, ...]
    """The replays, sorted."""
    offsets: npt.NDArray[np.int64]
    """(replays + 1,); the rows of replay i are ``offsets[i]`` up to ``offsets[i + 1]``."""
    categories: Mapping[str, Sequence[str]]
    """What the codes of a column mean, for every column of names."""
    bounds: npt.NDArray[np.float64]
    """(columns, 2): physical bounds of every measured quantity by the schema, NaN for columns without."""
    is_whole: bool = True
    """No row of these replays was filtered out, so that rows which follow each other did so in the game."""

    def __getitem__(self, replay_id: str) -> npt.NDArray[np.floating[Any]]:
        """Return the rows of one replay, (rows, columns), without a copy."""
        position = self.replay_ids.index(replay_id)
        return self.values[self.offsets[position] : self.offsets[position + 1]]

    def column(self, name: str) -> npt.NDArray[np.floating[Any]]:
        """Return one column of all rows, (rows,), without a copy."""
        return self.values[:, self.columns.index(name)]


def open_frame_arrays(dataset: Path, split: str) -> FrameArrays:
    """Map the arrays of one split from disk; nothing is read before it is used.

    Args:
        dataset: folder of an exported dataset that has arrays.
        split: train, val or test.

    Raises:
        DatasetError: the dataset has no such arrays, or one of their files is missing or damaged.
    """
    folder = dataset / "numpy" / split
    if not (folder / ARRAY).is_file():
        present = sorted(path.parent.name for path in dataset.glob(f"numpy/*/{ARRAY}"))
        hint = f"it has {', '.join(present)}" if present else "write them with `dvc exp run -S export=numpy`"
        raise DatasetError(f"{dataset} has no NumPy arrays of split {split!r}; {hint}")
    try:
        described = json.loads((folder / ARRAY_COLUMNS).read_text(encoding="utf-8"))
        schema = json.loads((dataset / "schema.json").read_text(encoding="utf-8"))
        columns = tuple(described["columns"])
        offsets = np.load(folder / ARRAY_OFFSETS)
        return FrameArrays(
            # An empty file cannot be mapped.
            values=np.load(folder / ARRAY, mmap_mode=None if offsets[-1] == 0 else "r"),
            columns=columns,
            replay_ids=tuple(described["replay_ids"]),
            offsets=offsets,
            categories={"game_state": described["game_states"]} if "game_state" in columns else {},
            bounds=physical_bounds(schema["tables"]["frames"], columns),
        )
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DatasetError(
            f"{folder}: the arrays cannot be opened ({one_line(error)}); get the dataset again"
        ) from error


def physical_bounds(described: Iterable[Mapping[str, Any]], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the bounds of columns, (columns, 2), NaN where a column has none or is no measured quantity.

    A whole number without a unit (a slot, a row number) is a name, and scaling it would mean nothing.

    Args:
        described: columns of the frames as schema.json has them.
        names: the columns wanted.
    """
    bounds = {
        column["name"]: (column["lower"], column["upper"])
        for column in described
        if "lower" in column and "upper" in column and (column["dtype"].startswith("float") or "unit" in column)
    }
    return np.array([bounds.get(name, (np.nan, np.nan)) for name in names], dtype=np.float64).reshape(len(names), 2)
