"""Benchmarks of reading a dataset: windows for training, and ``impulse.load`` over the network."""

from __future__ import annotations

import json
import os
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.exported import EXPORT, exported, prepared_data
from tests.s3.proxy import CountingProxy
from tests.s3.server import S3Server

import impulse
from impulse.config.export import ExportParams
from impulse.loading.arrays import open_frame_arrays
from impulse.training import Windows

LENGTH, COLUMNS, BATCH, ENOUGH = 64, 60, 256, 40_000


def windows(folder: Path, *, replays: int = 1000, seconds: int = 120) -> None:
    """Windows a second from one process, on mapped arrays of 1,000 matches: cold and warm, in order and shuffled.

    The arrays are those that export writes for one synthetic 3v3 match, repeated with small changes.
    """
    dataset = _large_arrays(folder, replays, seconds)
    file = dataset / "numpy" / "train" / "frames.npy"
    frames = open_frame_arrays(dataset, "train")
    columns = [c for c in frames.columns if c.startswith(("ball_", "p0", "p1", "p4", "p5"))][:COLUMNS]
    print(f"{file.stat().st_size / 1e6:.0f} MB, {frames.values.shape[0]} rows of {frames.values.shape[1]} columns")
    del frames  # the system keeps what is mapped
    settings: dict[str, Any] = {"length": LENGTH, "stride": 8, "columns": columns}
    for temperature in ("cold", "warm"):
        if temperature == "cold":
            _forget(file)
        start = time.perf_counter()
        found = Windows(dataset, **settings)
        print(f"index of {len(found)} windows, {temperature}: {time.perf_counter() - start:.2f} s")
    order = found.order(0)[:ENOUGH]
    travelled = pickle.dumps(found)
    del found
    _forget(file)
    found = pickle.loads(travelled)
    _rate("cold, shuffled, batches", found, order)
    _rate("warm, shuffled, batches", found, order)
    _rate("warm, in order, batches", found, np.arange(ENOUGH))
    _rate("warm, shuffled, batches, masks", Windows(dataset, nulls="zero", **settings), order)
    _rate("warm, shuffled, batches, not normalised", Windows(dataset, normalise=False, **settings), order)
    _rate("warm, shuffled, held rows dropped", Windows(dataset, drop_held=True, **settings), order)
    _rate("warm, shuffled, one by one", found, order, size=1)


def remote(folder: Path, *, matches: int = 24, seconds: int = 300) -> None:
    """What impulse.load moves from a real S3 server: bytes and requests, against the size of the dataset."""
    data = prepared_data(folder / "data", matches=matches, seconds=seconds)
    dataset = exported(data, data, ExportParams())
    files = [path for path in dataset.rglob("*") if path.is_file()]
    total = sum(path.stat().st_size for path in files if path.suffix == ".parquet")
    (folder / "store").mkdir()
    with S3Server(folder / "store") as server, CountingProxy(server.url) as proxy:
        os.environ |= {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
        os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        os.environ["AWS_ENDPOINT_URL"] = proxy.url
        client = server.client()
        for path in files:
            client.put_object(Bucket="ready", Key=f"set/{path.relative_to(dataset)}", Body=path.read_bytes())
        client.close()
        one = impulse.load("s3://ready/set", table="replays")["replay_id"][0].as_py()
        positions = [f"{who}_pos_{axis}" for who in ("ball", "p0", "p4") for axis in "xyz"]
        asked: dict[str, dict[str, Any]] = {
            "everything": {},
            "one column, all splits": {"columns": ["ball_pos_x"]},
            "one column, split train": {"columns": ["ball_pos_x"], "split": "train"},
            "all columns, one replay": {"filters": [("replay_id", "=", one)]},
            "ten columns, 3v3": {"columns": [*positions, "time"], "filters": [("players_a_side", "=", 3)]},
            "no replay fits": {"filters": [("players_a_side", "=", 9)]},
        }
        print(f"{matches} matches, {total / 1e6:.2f} MB of Parquet")
        for what, how in asked.items():
            proxy.reset()
            rows = impulse.load("s3://ready/set", **how).num_rows
            share, requests = proxy.bytes_received / total, len(proxy.requests)
            print(
                f"{what:28} {rows:7} rows, {proxy.bytes_received / 1e6:6.2f} MB ({share:4.0%}) in {requests:3} requests"
            )


def _large_arrays(folder: Path, replays: int, seconds: float) -> Path:
    """Write a dataset folder with large arrays."""
    data = prepared_data(folder / "data", matches=8, seconds=seconds)
    dataset = exported(data, folder / "data", EXPORT)
    arrays = open_frame_arrays(dataset, "train")
    one = int(np.argmax(np.diff(arrays.offsets)))
    rows = np.array(arrays.values[arrays.offsets[one] : arrays.offsets[one + 1]])
    place = dataset / "numpy" / "train"
    described = json.loads((place / "columns.json").read_text())
    del arrays
    (place / "frames.npy").unlink()
    shape = (len(rows) * replays, rows.shape[1])
    array = np.lib.format.open_memmap(place / "frames.npy", mode="w+", dtype=np.float32, shape=shape)
    position = described["columns"].index("ball_pos_x")
    for number in range(replays):
        rows[:, position] += 1
        array[number * len(rows) : (number + 1) * len(rows)] = rows
    array.flush()
    described["replay_ids"] = [f"{number:032x}" for number in range(replays)]
    for name in ("offsets.npy", "columns.json"):
        (place / name).unlink()
    np.save(place / "offsets.npy", np.arange(replays + 1, dtype=np.int64) * len(rows))
    (place / "columns.json").write_text(json.dumps(described))
    return dataset


def _forget(path: Path) -> None:
    """Ask the system to drop a file from its memory, so that it is read from the disk again."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _rate(what: str, found: Windows, numbers: npt.NDArray[np.int64], *, size: int = BATCH) -> None:
    """Print the rate of reading windows."""
    numbers = numbers[numbers < len(found)]
    wall, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(numbers), size):
        found.batch(numbers[first : first + size])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rates = f"{len(numbers) / wall:6.0f} windows a second, {len(numbers) / cpu:6.0f} a second of processor time"
    print(f"{what:40} {rates} ({LENGTH} x {COLUMNS})")
