"""Windows: where they may lie, what they hold, that they depend on nothing but their index."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exported import listed_again

import impulse
from impulse.errors import ConfigError, DatasetError
from impulse.loading.arrays import FrameArrays, open_frame_arrays
from impulse.training import Normalisation, Windows

COLUMNS = ["ball_pos_x", "ball_vel_z", "p0_pos_y", "p5_boost", "p1_demolished", "seconds_remaining", "time"]


@st.composite
def frame_arrays(draw: st.DrawFn) -> FrameArrays:
    """Replays of any length with segments of any length, rows outside play, held and stale rows; column 0 numbers the rows."""
    replays = draw(st.lists(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=5), max_size=5))
    segments: list[float] = []
    offsets = [0]
    for parts in replays:
        number = 0
        for rows, is_play in parts:
            segments += [float(number) if is_play else np.nan] * rows
            number += is_play
        offsets.append(len(segments))
    held = draw(st.lists(st.booleans(), min_size=len(segments), max_size=len(segments)))
    staleness = st.sampled_from([0.0, 0.5, 0.51, np.nan])
    stale = draw(st.lists(st.tuples(staleness, staleness), min_size=len(segments), max_size=len(segments)))
    columns = [np.arange(len(segments)), segments, held, *np.reshape(stale, (-1, 2)).T]
    values = np.column_stack(columns).astype(np.float32).reshape(-1, 5)
    return FrameArrays(
        values=values,
        columns=("number", "segment", "is_held", "ball_stale", "p3_stale"),
        replay_ids=tuple(f"replay-{number}" for number in range(len(replays))),
        offsets=np.array(offsets, dtype=np.int64),
        categories={},
        bounds=np.full((5, 2), np.nan),
    )


def expected_windows(
    frames: FrameArrays, length: int, stride: int, *, drop_held: bool, max_stale: float | None
) -> list[list[int]]:
    """Find the rows of all windows the slow way: walk through each replay, row by row."""
    windows = []
    for replay in range(len(frames.replay_ids)):
        rows = range(int(frames.offsets[replay]), int(frames.offsets[replay + 1]))
        kept = [row for row in rows if not (drop_held and frames.values[row, 2])]
        stretch: list[int] = []
        stretches = [stretch]
        for row in kept:
            is_stale = max_stale is not None and (frames.values[row, 3:] > max_stale).any()
            if is_stale or (stretch and frames.values[row, 1] != frames.values[stretch[-1], 1]):
                stretch = []
                stretches.append(stretch)
            if not is_stale:
                stretch.append(row)
        for rows_of_stretch in stretches:
            if rows_of_stretch and np.isfinite(frames.values[rows_of_stretch[0], 1]):
                starts = range(0, len(rows_of_stretch) - length + 1, stride)
                windows += [rows_of_stretch[start : start + length] for start in starts]
    return windows


@given(frame_arrays(), st.integers(1, 6), st.integers(1, 6), st.booleans(), st.sampled_from([None, 0.0, 0.5]))
def test_windows_are_those_of_a_walk_through_the_rows(
    frames: FrameArrays, length: int, stride: int, drop_held: bool, max_stale: float | None
) -> None:
    """Every window that fits into a segment is there once, and no other; ``where`` and a shuffle agree."""
    rows_taken: dict[str, Any] = {"drop_held": drop_held, "max_stale": max_stale}
    windows = Windows(frames, length=length, stride=stride, columns=["number"], **rows_taken)
    expected = expected_windows(frames, length, stride, **rows_taken)
    assert [window[:, 0].astype(int).tolist() for window in windows] == expected
    assert len(windows) == len(expected)
    for index, rows in enumerate(expected):
        replay_id, row = windows.where(index)
        assert frames.offsets[frames.replay_ids.index(replay_id)] + row == rows[0]
    order = windows.order(3)
    assert sorted(order.tolist()) == list(range(len(windows)))
    shuffled = windows.batch(order)
    assert isinstance(shuffled, np.ndarray)
    assert shuffled[:, :, 0].astype(int).tolist() == [expected[index] for index in order]


@pytest.mark.parametrize("drop_held", [False, True])
def test_window_is_a_slice_of_the_parquet_frames(dataset: Path, drop_held: bool) -> None:
    """Each window equals what plain pandas finds in the Parquet files, NaN for null, in one segment."""
    frame = pd.read_parquet(dataset / "frames").query("split == 'train'").astype({"replay_id": str})
    if drop_held:
        frame = frame[~frame["is_held"]]
    windows = Windows(dataset, length=16, stride=5, columns=COLUMNS, normalise=False, drop_held=drop_held)
    assert len(windows) > 100
    assert Windows(dataset, length=16, stride=5, columns=COLUMNS)[0].dtype == np.float32
    rows = {replay_id: part.sort_values("row") for replay_id, part in frame.groupby("replay_id")}
    for index in range(len(windows)):
        replay_id, first = windows.where(index)
        part = rows[replay_id]
        part = part[part["row"] >= first].iloc[:16]
        assert part["segment"].nunique(dropna=False) == 1
        assert part["segment"].notna().all()
        expected = part[COLUMNS].astype("Float64").to_numpy(dtype=np.float32, na_value=np.nan)
        np.testing.assert_array_equal(windows[index], expected)


def test_arrays_from_memory_give_the_same_windows(dataset: Path) -> None:
    """Windows of loaded frames, for datasets without arrays or far away, are those of the mapped ones."""
    mapped = Windows(dataset, split="val", length=32, columns=COLUMNS)
    loaded = impulse.load(dataset, split="val", columns=[*COLUMNS, "segment"], as_="numpy")
    mine = Windows(loaded, length=32, columns=COLUMNS)
    np.testing.assert_array_equal(mine[:], mapped[:])
    assert [mine.where(index) for index in range(len(mine))] == [mapped.where(index) for index in range(len(mapped))]


def test_bounded_columns_are_scaled_and_others_are_not(dataset: Path) -> None:
    """Positions are in [-1, 1] by the schema's bounds; booleans, times and slots stay as they are."""
    frames = open_frame_arrays(dataset, "train")
    windows = Windows(dataset, length=16)
    scaling = windows.normalisation
    assert scaling is not None
    scaled = {name for name, is_scaled in zip(windows.columns, scaling.is_scaled, strict=True) if is_scaled}
    assert {"ball_pos_x", "p0_boost", "p7_angvel_z", "seconds_remaining"} <= scaled
    assert not scaled & {"ball_present", "p0_jump", "p0_demolished_by"}
    assert {"segment", "row", "time", "is_held", "game_state"}.isdisjoint(windows.columns)
    lower, upper = frames.bounds[frames.columns.index("p0_boost")]
    assert (lower, upper) == (0, 100)
    raw = Windows(dataset, length=16, columns=["p0_boost", "p0_demolished_by"], normalise=False)[:]
    mine = Windows(dataset, length=16, columns=["p0_boost", "p0_demolished_by"])[:]
    np.testing.assert_array_equal(mine[..., 1], raw[..., 1])
    np.testing.assert_allclose(mine[..., 0], raw[..., 0] / 50 - 1, rtol=0, atol=1e-6)


@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(1e-2, 1e4), st.floats(0, 1)), min_size=1, max_size=20),
    st.booleans(),
)
def test_inverse_gives_the_input_within_one_step_of_the_range(
    drawn: list[tuple[float, float, float]], is_wide: bool
) -> None:
    """There and back misses the value by at most range * 2**-23, where the bounds are no farther from 0 than wide."""
    bounds = np.array([(max(-half * 2, min(low, 0.0)), half) for low, half, _ in drawn])
    bounds[:, 0] = np.minimum(bounds[:, 0], bounds[:, 1] - 1e-3)
    width = bounds[:, 1] - bounds[:, 0]
    kind = np.float64 if is_wide else np.float32
    values = (bounds[:, 0] + width * np.array([share for *_, share in drawn])).astype(kind)
    scaling = Normalisation.from_bounds(bounds)
    scaled = scaling.apply(values)
    assert scaled.dtype == kind
    assert (np.abs(scaled) <= 1 + 1e-6).all()
    assert (np.abs(scaling.invert(scaled).astype(np.float64) - values) <= width * 2.0**-23).all()


def test_inverse_on_every_value_of_the_dataset(dataset: Path) -> None:
    """The stated tolerance holds for all columns of the real schema."""
    for split in ("train", "val", "test"):
        frames = open_frame_arrays(dataset, split)
        scaling = Normalisation.from_bounds(frames.bounds)
        values = np.array(frames.values)
        back = scaling.invert(scaling.apply(values))
        width = np.where(scaling.is_scaled, frames.bounds[:, 1] - frames.bounds[:, 0], 0)
        # Values beyond the bounds are farther from the centre than half the range, and so is the error.
        reach = np.maximum(1, np.nanmax(np.abs(scaling.apply(values)), axis=0, initial=0))
        missed = np.abs(back.astype(np.float64) - values)
        assert (np.nan_to_num(missed) <= width * reach * 2.0**-23).all()
        np.testing.assert_array_equal(np.isnan(back), np.isnan(values))


def test_mask_says_what_is_there(dataset: Path) -> None:
    """With ``nulls='zero'`` what is not there is 0 and its mask false; the rest is unchanged."""
    plain = Windows(dataset, length=16)
    masked = Windows(dataset, length=16, nulls="zero")
    values, present = masked.batch(range(len(masked)))
    np.testing.assert_array_equal(present, ~np.isnan(plain[:]))
    assert not np.isnan(values).any()
    np.testing.assert_array_equal(values[present], plain[:][present])
    assert (values[~present] == 0).all()
    assert 0 < present.mean() < 1
    one, mask = masked[3]
    np.testing.assert_array_equal(one, values[3])
    np.testing.assert_array_equal(mask, present[3])


def read(job: tuple[Windows, list[int]]) -> list[bytes]:
    """Return the bytes of some windows; runs in another process."""
    windows, indices = job
    return [windows[index].tobytes() for index in indices]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_window_is_the_same_in_every_process_and_order(dataset: Path, method: str) -> None:
    """Forwards, backwards, in batches and in two other processes the bytes are the same."""
    windows = Windows(dataset, length=24, stride=7, seed=5)
    numbers = list(range(0, len(windows), 3))
    expected = [windows[index].tobytes() for index in numbers]
    assert [windows[index].tobytes() for index in reversed(numbers)] == expected[::-1]
    assert [window.tobytes() for window in windows.batch(numbers)] == expected
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        halves = list(pool.map(read, [(windows, numbers[::2]), (windows, numbers[1::2])]))
    assert halves == [expected[::2], expected[1::2]]


def test_pickled_windows_open_the_file_again(dataset: Path) -> None:
    """What travels to a worker is small and gives the same windows there."""
    windows = Windows(dataset, length=24, stride=1, seed=5)
    sent = pickle.dumps(windows)
    assert len(sent) < 20_000 < windows.frames.values.nbytes
    copy = pickle.loads(sent)
    np.testing.assert_array_equal(copy[:], windows[:])
    np.testing.assert_array_equal(copy.order(2), windows.order(2))
    assert copy.where(len(copy) - 1) == windows.where(-1)


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 3))
def test_parts_share_the_windows(dataset: Path, parts: int, size: int, epoch: int) -> None:
    """Workers with a part each see every window once, in an order that seed and epoch alone decide."""
    windows = Windows(dataset, split="val", length=32, columns=["time"], normalise=False, seed=9)
    seen = []
    for part in range(parts):
        batches = list(windows.batches(size, epoch=epoch, part=part, parts=parts))
        assert all(len(batch) == size for batch in batches[:-1])
        seen += [window.tobytes() for batch in batches for window in np.asarray(batch)]
    assert sorted(seen) == sorted(window.tobytes() for window in windows)
    again = Windows(dataset, split="val", length=32, columns=["time"], normalise=False, seed=9)
    np.testing.assert_array_equal(windows.order(epoch), again.order(epoch))
    assert not np.array_equal(windows.order(epoch), windows.order(epoch + 1))


def test_batches_without_an_epoch_keep_the_order(dataset: Path) -> None:
    """The plain iterator goes from the first window to the last."""
    windows = Windows(dataset, split="val", length=32)
    np.testing.assert_array_equal(np.concatenate(list(windows.batches(5))), windows[:])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length": 0}, "length: 0 is out of range"),
        ({"stride": -1}, "stride: -1 is out of range"),
        ({"max_stale": -0.1}, "max_stale: -0.1 is out of range"),
        ({"columns": ["ball_posx"]}, "columns: unknown name 'ball_posx'; did you mean ball_pos_x"),
        ({"nulls": "mean"}, "nulls: unknown name 'mean'; known are nan, zero"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_wrong_settings_are_said_in_one_line(dataset: Path, settings: dict[str, Any], message: str) -> None:
    """Each names what is wrong."""
    with pytest.raises(ConfigError, match=message) as caught:
        Windows(dataset, **settings)
    assert "\n" not in str(caught.value)


def test_frames_that_make_no_windows_are_said_in_one_line(dataset: Path, tmp_path: Path) -> None:
    """No arrays, no such split, no segment, rows filtered out; and numbers beyond the last window."""
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    with pytest.raises(DatasetError, match="no NumPy arrays of split 'validation'; it has test, train, val"):
        Windows(copy, split="validation")
    shutil.rmtree(copy / "numpy")
    listed_again(copy)
    with pytest.raises(DatasetError, match=r"no NumPy arrays of split 'train'; write them with .*export=numpy"):
        Windows(copy)
    with pytest.raises(ConfigError, match="column segment is missing"):
        Windows(impulse.load(dataset, columns=["time"], as_="numpy"))
    with pytest.raises(ConfigError, match="column p0_stale is missing"):
        Windows(impulse.load(dataset, columns=["segment", "ball_stale", "p0_boost"], as_="numpy"), max_stale=0.5)
    with pytest.raises(ConfigError, match="rows were filtered out"):
        Windows(impulse.load(dataset, filters=[("ball_pos_z", ">", 500)], as_="numpy"))
    halves = impulse.load(dataset, split="val", as_="numpy")
    with pytest.raises(ConfigError, match="the array is float16; windows are cut from float32 or float64"):
        Windows(replace(halves, values=halves.values.astype(np.float16)))
    windows = Windows(dataset, split="val", length=32)
    for index in (len(windows), -len(windows) - 1):
        with pytest.raises(IndexError, match=f"there are {len(windows)} windows"):
            _ = windows[index]
    for arguments in ({"size": 0}, {"size": 2, "part": 2, "parts": 2}):
        with pytest.raises(ConfigError, match="out of range"):
            next(windows.batches(**arguments))


def test_split_without_rows_has_no_windows(dataset: Path, tmp_path: Path) -> None:
    """An empty split is fine."""
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    folder = copy / "numpy" / "val"
    width = np.load(folder / "frames.npy", mmap_mode="r").shape[1]
    np.save(folder / "frames.npy", np.zeros((0, width), dtype=np.float32))
    np.save(folder / "offsets.npy", np.zeros(1, dtype=np.int64))
    (folder / "columns.json").write_text(
        (folder / "columns.json").read_text().replace('"replay_ids": [', '"replay_ids": [], "was": [')
    )
    windows = Windows(listed_again(copy), split="val", drop_held=True)
    assert len(windows) == 0
    assert windows[:].shape == (0, 64, len(windows.columns))
    assert list(windows.batches(4, epoch=1)) == []
