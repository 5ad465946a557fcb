"""The frames of a split as memory-mappable NumPy arrays."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from impulse.export.encoding.source import ParsedFrames, read_parsed
from impulse.export.encoding.types import as_exported
from impulse.files.numbers import array_type, as_array, codes_of
from impulse.schema.frames import state_codes
from impulse.tables.paths import ARRAY, ARRAY_COLUMNS, ARRAY_OFFSETS

NOT_NUMERIC = ("replay_id",)
"""Columns that the arrays leave out; replays.parquet and offsets.npy say which rows belong to which replay."""


def write_arrays(folder: Path, replays: Sequence[ParsedFrames], *, parsed: Path, schema: pa.Schema) -> None:
    """Write ``frames.npy`` (rows, columns), ``offsets.npy`` (replays + 1) and ``columns.json`` of one split.

    Null is NaN, booleans are 0 and 1, game states are positions in ``game_states`` of columns.json.

    Args:
        folder: receives the files.
        replays: the split's replays, sorted by id.
        parsed: folder of the parsed frames.
        schema: schema of the exported frames.

    Raises:
        StageError: a file of frames is not the one that parse wrote.
    """
    names = [name for name in schema.names if name not in NOT_NUMERIC]
    dtype = array_type(schema)
    offsets = np.concatenate(([0], np.cumsum([replay.rows for replay in replays], dtype=np.int64)))
    states: list[str] = []
    if "game_state" in names:
        seen = (codes_of("game_state", read_parsed(replay, parsed, ["game_state"])["game_state"]) for replay in replays)
        states = state_codes(name for names_of_one in seen for name in names_of_one)
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (int(offsets[-1]), len(names)),
    }
    # Replay by replay and not through a memory map, whose pages would all count as memory of this process.
    with (folder / ARRAY).open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for replay in replays:
            frames = as_exported(read_parsed(replay, parsed, schema.names), schema, replay_id=replay.replay_id)
            file.write(as_array(frames, names, {"game_state": states}, dtype).data)
    content = io.BytesIO()
    np.save(content, offsets)  # into a file it would not notice that the disk is full
    (folder / ARRAY_OFFSETS).write_bytes(content.getvalue())
    described = {
        "columns": names,
        "replay_ids": [replay.replay_id for replay in replays],
        "game_states": states,
        "dtype": dtype.name,
    }
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    (folder / ARRAY_COLUMNS).write_bytes(text.encode())  # the same line ends on every system
