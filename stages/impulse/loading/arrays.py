"""Frames as one array of numbers, in memory or mapped from disk; training windows are cut from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.errors import DatasetError, one_line
from impulse.loading.dataset_files import GET_AGAIN, DatasetFiles, rebuilt
from impulse.loading.file_list import FileList
from impulse.loading.places import folder_files
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
    build: str = ""
    """Identity of the build that they were read from, see :attr:`impulse.loading.dataset.Dataset.build`."""

    def __getitem__(self, replay_id: str) -> npt.NDArray[np.floating[Any]]:
        """Return the rows of one replay, (rows, columns), without a copy."""
        position = self.replay_ids.index(replay_id)
        return self.values[self.offsets[position] : self.offsets[position + 1]]

    def column(self, name: str) -> npt.NDArray[np.floating[Any]]:
        """Return one column of all rows, (rows,), without a copy."""
        return self.values[:, self.columns.index(name)]


def open_frame_arrays(dataset: Path, split: str, *, build: str | None = None) -> FrameArrays:
    """Map the arrays of one split from disk; nothing is read before it is used.

    Args:
        dataset: folder of an exported dataset that has arrays.
        split: train, val or test.
        build: the only build that is wanted; None takes the one that is there.

    Raises:
        DatasetError: the dataset has no such arrays, one of their files is missing, damaged or of another size than the
            dataset's, or the dataset is another build, or became one in the meantime.
    """
    stored = folder_files(dataset)
    if build not in (None, stored.build):
        raise rebuilt(stored.name)
    array, offsets, columns = (f"numpy/{split}/{name}" for name in (ARRAY, ARRAY_OFFSETS, ARRAY_COLUMNS))
    with stored.reading(f"numpy/{split}"):
        try:
            schema = json.loads(stored.schema)
            listed = FileList.of_document(schema) or FileList({}, is_complete=False)
            if array not in {*stored.files, *listed.files}:
                raise _no_arrays(stored, split)
            listed.check(replace(stored, listed=listed.files), (array, offsets, columns), splits=())
            described = json.loads(stored.read(columns))
            frames = FrameArrays(
                # An empty file cannot be mapped.
                values=np.load(stored.files[array].path, mmap_mode="r" if described["replay_ids"] else None),
                columns=tuple(described["columns"]),
                replay_ids=tuple(described["replay_ids"]),
                offsets=np.load(stored.files[offsets].path),
                categories={"game_state": described["game_states"]} if "game_state" in described["columns"] else {},
                bounds=physical_bounds(schema["tables"]["frames"], described["columns"]),
                build=stored.build,
            )
            rows = int(frames.offsets[-1])
        except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{stored.name}/numpy/{split}: the arrays cannot be opened; {GET_AGAIN} ({one_line(error)})"
            ) from error
        expected = (rows, len(frames.columns)), len(frames.replay_ids) + 1
        if (frames.values.shape, len(frames.offsets)) != expected:
            raise DatasetError(f"{stored.name}: {array}, {offsets} and {columns} do not fit together; {GET_AGAIN}")
    return frames


def _no_arrays(stored: DatasetFiles, split: str) -> DatasetError:
    present = sorted(name.split("/")[1] for name in stored.files if fnmatch(name, f"numpy/*/{ARRAY}"))
    hint = f"it has {', '.join(present)}" if present else "write them with `dvc exp run -S export=numpy`"
    return DatasetError(f"{stored.name} has no NumPy arrays of split {split!r}; {hint}")


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
