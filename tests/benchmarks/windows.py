"""Windows a second from one process, on mapped arrays of 1,000 matches: cold and warm, in order and shuffled.

    python tests/benchmarks/windows.py [--replays 1000] [--seconds 120]

The arrays are those that export writes for one synthetic 3v3 match, repeated with small changes.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from impulse.training import Windows

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

LENGTH, COLUMNS, BATCH, ENOUGH = 64, 60, 256, 40_000


def make_dataset(folder: Path, replays: int, seconds: float) -> Path:
    """Write a dataset folder with large arrays."""
    from tests.exported import EXPORT, exported, prepared_data

    from impulse.loading.arrays import open_frame_arrays

    data = prepared_data(folder / "data", matches=8, seconds=seconds)
    dataset = exported(data, folder / "data" / "export", EXPORT)
    arrays = open_frame_arrays(dataset, "train")
    lengths = np.diff(arrays.offsets)
    one = int(np.argmax(lengths))
    rows = np.array(arrays.values[arrays.offsets[one] : arrays.offsets[one + 1]])
    place = dataset / "numpy" / "train"
    described = json.loads((place / "columns.json").read_text())
    del arrays
    shape = (len(rows) * replays, rows.shape[1])
    array = np.lib.format.open_memmap(place / "frames.npy", mode="w+", dtype=np.float32, shape=shape)
    position = described["columns"].index("ball_pos_x")
    for number in range(replays):
        rows[:, position] += 1
        array[number * len(rows) : (number + 1) * len(rows)] = rows
    array.flush()
    np.save(place / "offsets.npy", np.arange(replays + 1, dtype=np.int64) * len(rows))
    described["replay_ids"] = [f"{number:032x}" for number in range(replays)]
    (place / "columns.json").write_text(json.dumps(described))
    return dataset


def forget(path: Path) -> None:
    """Ask the system to drop a file from its memory, so that it is read from the disk again."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    """Print one line for each way of reading."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replays", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120.0)
    arguments = parser.parse_args()
    from impulse.loading.arrays import open_frame_arrays
    from impulse.training import Windows

    with tempfile.TemporaryDirectory() as name:
        dataset = make_dataset(Path(name), arguments.replays, arguments.seconds)
        file = dataset / "numpy" / "train" / "frames.npy"
        frames = open_frame_arrays(dataset, "train")
        columns = [c for c in frames.columns if c.startswith(("ball_", "p0", "p1", "p4", "p5"))][:COLUMNS]
        print(f"{file.stat().st_size / 1e6:.0f} MB, {frames.values.shape[0]} rows of {frames.values.shape[1]} columns")
        del frames
        for temperature in ("cold", "warm"):
            if temperature == "cold":
                forget(file)
            start = time.perf_counter()
            windows = Windows(dataset, length=LENGTH, stride=8, columns=columns)
            print(f"index of {len(windows)} windows, {temperature}: {time.perf_counter() - start:.2f} s")
        order = windows.order(0)[:ENOUGH]
        settings: dict[str, Any] = {"length": LENGTH, "stride": 8, "columns": columns}
        travelled = pickle.dumps(windows)
        del windows  # the system keeps what is mapped
        forget(file)
        windows = pickle.loads(travelled)
        say("cold, shuffled, batches", windows, order)
        say("warm, shuffled, batches", windows, order)
        say("warm, in order, batches", windows, np.arange(ENOUGH))
        say("warm, shuffled, batches, masks", Windows(dataset, nulls="zero", **settings), order)
        say("warm, shuffled, batches, not normalised", Windows(dataset, normalise=False, **settings), order)
        say("warm, shuffled, held rows dropped", Windows(dataset, drop_held=True, **settings), order)
        say("warm, shuffled, one by one", windows, order, size=1)


def say(what: str, windows: Windows, numbers: npt.NDArray[np.int64], *, size: int = BATCH) -> None:
    """Print the rate of reading windows."""
    numbers = numbers[numbers < len(windows)]
    wall, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(numbers), size):
        windows.batch(numbers[first : first + size])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rates = f"{len(numbers) / wall:6.0f} windows a second, {len(numbers) / cpu:6.0f} a second of processor time"
    print(f"{what:40} {rates} ({LENGTH} x {COLUMNS})")


if __name__ == "__main__":
    main()
