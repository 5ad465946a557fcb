"""What was opened stays the build that it was, or says that another one took its place."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pyarrow.dataset as ds
import pytest
from tests.exported import EXPORT, exported

import impulse
from impulse.errors import DatasetError
from impulse.loading import arrays
from impulse.loading.arrays import open_frame_arrays
from impulse.loading.frames import Frames
from impulse.training import Windows

REBUILT = r"copy was rebuilt since it was opened; open it again"


@pytest.fixture(scope="module")
def other(data: Path) -> Path:
    """Another build of the same replays: the same names of files, other splits."""
    return exported(data, data / "rebuilt", replace(EXPORT, split_salt="other"))


@pytest.fixture
def copy(dataset: Path, tmp_path: Path) -> Path:
    """A copy of the dataset that another build may take the place of."""
    return Path(copytree(dataset, tmp_path / "copy"))


def rebuild(folder: Path, other: Path) -> None:
    """Put another build in the place of one, as export does."""
    folder.rename(folder.with_name("before"))
    copytree(other, folder)


READS: dict[str, Callable[[Frames], Any]] = {
    "arrow": lambda frames: frames.to_arrow(),
    "pandas": lambda frames: frames.to_pandas(),
    "numpy": lambda frames: frames.to_numpy(),
    "one by one": lambda frames: list(frames.each_replay()),
}


@pytest.mark.parametrize("layout", ["wide", "long"])
@pytest.mark.parametrize("is_sent", [False, True])
def test_frames_are_of_the_build_that_was_opened_or_say_so(copy: Path, other: Path, layout: Any, is_sent: bool) -> None:
    """In this process, and in one that they were sent to."""
    opened = impulse.open_dataset(copy)
    frames = opened.frames(layout=layout, columns=["replay_id", "time"])
    rows = frames.to_arrow().num_rows
    filtered = opened.frames(filters=[("time", "<", 5)], layout=layout)
    if is_sent:
        opened, frames, filtered = pickle.loads(pickle.dumps((opened, frames, filtered)))
    assert frames.to_arrow().num_rows == rows
    rebuild(copy, other)
    for name in set(READS) - ({"numpy"} if layout == "long" else set()):
        with pytest.raises(DatasetError, match=REBUILT):
            READS[name](frames)
    for read in (
        filtered.count_rows,
        lambda: opened.table("goals"),
        opened.verify,
        lambda: opened.stored.read("README.md"),
    ):
        with pytest.raises(DatasetError, match=REBUILT):
            read()
    if layout == "wide":
        assert frames.count_rows() == opened.frames().count_rows() == rows
    assert impulse.load(copy).num_rows == impulse.load(other).num_rows
    rmtree(copy)
    with pytest.raises(DatasetError, match=REBUILT):
        frames.to_arrow()


def test_the_same_build_again_is_the_same(copy: Path, dataset: Path) -> None:
    """What was pulled or built again with the same bytes goes on."""
    frames = impulse.open_dataset(copy).frames()
    rebuild(copy, dataset)
    assert frames.to_arrow().equals(impulse.load(dataset))


@pytest.mark.parametrize("read", [name for name in READS if name != "one by one"])
def test_a_rebuild_while_frames_are_read_is_noticed(
    copy: Path, other: Path, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    """After the files were opened and before they are read."""
    frames = impulse.open_dataset(copy).frames(columns=["replay_id", "time"])

    def made(*arguments: Any) -> ds.FileSystemDataset:
        rebuild(copy, other)
        return original(*arguments)

    original = ds.FileSystemDataset
    monkeypatch.setattr("impulse.loading.frames.ds.FileSystemDataset", made)
    with pytest.raises(DatasetError, match=REBUILT):
        READS[read](frames)


def test_a_rebuild_between_two_replays_is_noticed(copy: Path, other: Path, dataset: Path) -> None:
    """What was given before is right, and nothing of the other build is given."""
    frames = impulse.open_dataset(copy).frames(columns=["replay_id", "time"])
    expected = [
        table.to_pydict()
        for _, table in impulse.open_dataset(dataset).frames(columns=["replay_id", "time"]).each_replay()
    ]
    given = []
    with pytest.raises(DatasetError, match=REBUILT):  # noqa: PT012
        for _, table in frames.each_replay():
            given.append(table.to_pydict())
            if len(given) == 2:
                rebuild(copy, other)
    assert given == expected[: len(given)]
    assert len(given) < len(expected)


def cut(windows: Windows, folder: str) -> list[bytes] | str:
    """Return the bytes of some windows, or what was said, in another working folder; runs in another process."""
    os.chdir(folder)
    try:
        return [windows[index].tobytes() for index in range(0, len(windows), 50)]
    except DatasetError as error:
        return str(error)


@pytest.mark.slow
def test_windows_are_of_the_build_that_they_were_found_in(
    copy: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened by a relative path, read in a worker with another working folder, before and after a rebuild."""
    monkeypatch.chdir(tmp_path)
    windows = Windows("copy", length=16, stride=4)
    expected = [windows[index].tobytes() for index in range(0, len(windows), 50)]
    (tmp_path / "elsewhere").mkdir()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(cut, windows, str(tmp_path / "elsewhere")).result() == expected
        rebuild(copy, other)
        said = pool.submit(cut, windows, str(tmp_path / "elsewhere")).result()
    assert said == f"{copy} was rebuilt since it was opened; open it again"
    assert [windows[index].tobytes() for index in range(0, len(windows), 50)] == expected  # its files are still open
    assert windows.build == windows.frames.build != Windows(copy).build


def test_arrays_of_two_builds_are_not_mixed(copy: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild between the first file and the last."""

    def bounds(*arguments: Any) -> Any:
        rebuild(copy, other)
        return original(*arguments)

    original = arrays.physical_bounds
    monkeypatch.setattr(arrays, "physical_bounds", bounds)
    with pytest.raises(DatasetError, match=REBUILT):
        open_frame_arrays(copy, "train")
