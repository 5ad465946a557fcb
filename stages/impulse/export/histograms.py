"""What the card says of the frames and its plot shows: counts over the exported shards, kept by their bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from impulse.export.quality import GROUPS, KINDS, columns_to_count, count_kinds
from impulse.files.digest import code_digest
from impulse.files.records import Entry
from impulse.files.store import Store
from impulse.schema.physics import ARENA_X_UU, ARENA_Y_UU, GOAL_DEPTH_UU, MAX_CAR_SPEED_UU_S

Histograms = dict[str, npt.NDArray[np.int64]]
"""Rows by place of the ball (``ball``, x and y) and rows of players by speed of the car (``speed``); held rows count as any.
Values by group of columns and by what they are (``quality``, see :mod:`impulse.export.quality`)."""

X_EDGES = np.linspace(-ARENA_X_UU, ARENA_X_UU, 33)
"""Edges across the arena, uu."""
Y_EDGES = np.linspace(-(ARENA_Y_UU + GOAL_DEPTH_UU), ARENA_Y_UU + GOAL_DEPTH_UU, 49)
"""Edges along the arena, uu."""
SPEED_EDGES = np.linspace(0.0, MAX_CAR_SPEED_UU_S, 47)
"""Edges of a car's speed, uu/s."""

_VELOCITY = re.compile(r"p\d+_vel_[xyz]")
"""Columns of the cars' velocities: three of each slot, one after the other."""


def stored_counts(shard: Path, sha256: str, store: Store) -> Entry:
    """Return what :func:`count_frames` finds in a shard as facts of an entry; only shards with other bytes are read again.

    Args:
        shard: the file.
        sha256: hash of its bytes.
        store: keeps the counts.
    """
    code = code_digest("export/histograms.py", "export/quality.py", "schema")
    key = hashlib.sha256(f"histograms {code} {sha256}".encode()).hexdigest()
    return store.get(key) or store.keep(key, count_frames(shard))


def total(counted: Sequence[Entry]) -> Histograms:
    """Return the sum of the counts of some shards, of which there is one at least."""
    return {name: np.sum([entry.facts[name] for entry in counted], axis=0) for name in counted[0].facts}


def count_frames(shard: Path) -> dict[str, list[Any]]:
    """Count the rows of a shard; memory holds a few columns of one row group at a time.

    Returns:
        Lists of the shape of :data:`Histograms`, as JSON knows them; zeros where the frames have no such columns.
    """
    ball = np.zeros((len(X_EDGES) - 1, len(Y_EDGES) - 1), np.int64)
    speed = np.zeros(len(SPEED_EDGES) - 1, np.int64)
    quality = np.zeros((len(GROUPS), len(KINDS)), np.int64)
    with pq.ParquetFile(shard, page_checksum_verification=True) as file:
        names = file.schema_arrow.names
        places = [name for name in names if name in ("ball_pos_x", "ball_pos_y")]
        speeds = [name for name in names if _VELOCITY.fullmatch(name)]
        wanted = list(dict.fromkeys([*places, *speeds, *columns_to_count(names)]))
        for group in range(file.num_row_groups):
            frames = file.read_row_group(group, columns=wanted)
            quality += count_kinds(frames)
            if len(places) == 2:
                x, y = (_present(frames[name]) for name in places)
                ball += np.histogram2d(x, y, bins=(X_EDGES, Y_EDGES))[0].astype(np.int64)
            for first in range(0, len(speeds), 3):
                velocity = np.stack([_present(frames[name]) for name in speeds[first : first + 3]])
                lengths = np.minimum(np.linalg.norm(velocity, axis=0), MAX_CAR_SPEED_UU_S)
                speed += np.histogram(lengths, bins=len(speed), range=(0.0, MAX_CAR_SPEED_UU_S))[0]
    return {"ball": ball.tolist(), "speed": speed.tolist(), "quality": quality.tolist()}


def _present(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = column.drop_null().cast(pa.float64()).to_numpy()
    return values
