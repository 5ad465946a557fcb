"""Other types and encodings hold the same frames."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import feather
from tests.export.replicas import replicate
from tests.exported import exported

from impulse.config.export import Compression, ExportParams, FloatType
from impulse.errors import StageError
from impulse.export.encoding.arrays import write_arrays
from impulse.export.encoding.parquet import GROUP_ROWS, row_groups
from impulse.export.encoding.source import ParsedFrames
from impulse.export.encoding.types import as_exported, export_schema, half_resolution
from impulse.schema.column import Column, arrow_schema
from impulse.tables.paths import ARRAY_COLUMNS, FRAMES_FILES, frames_path


@pytest.fixture(scope="module")
def few(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replicate(data, tmp_path_factory.mktemp("few"), 5)


def frames_of(folder: Path, replay_id: str) -> pd.DataFrame:
    path = folder / "parsed" / frames_path(replay_id)
    frames: pd.DataFrame = feather.read_table(path).to_pandas()
    return frames


def test_arrays_are_not_taken_for_written_when_the_disk_is_full(tmp_path: Path) -> None:
    """NumPy's own way to save a small array says nothing when its last bytes find no room, and leaves it cut short."""
    resource = pytest.importorskip("resource", reason="this system has no limit to the length of files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (130, hard))  # the header of an array has 128 bytes
    try:
        with pytest.raises(OSError, match="File too large"):
            write_arrays(tmp_path, [], parsed=tmp_path, schema=pa.schema([("time", pa.float32())]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / ARRAY_COLUMNS).exists()  # which is written last


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        ([], []),
        ([10], [[10]]),
        ([GROUP_ROWS] * 3, [[GROUP_ROWS]] * 3),
        ([9 * GROUP_ROWS, 1, 2], [[9 * GROUP_ROWS], [1, 2]]),
        ([1, 9 * GROUP_ROWS, 2], [[1, 9 * GROUP_ROWS], [2]]),
        ([GROUP_ROWS // 2] * 5, [[GROUP_ROWS // 2] * 2] * 2 + [[GROUP_ROWS // 2]]),
    ],
)
def test_short_replays_share_a_row_group(rows: list[int], groups: list[list[int]]) -> None:
    """One that is long enough has its own, and none is divided."""
    replays = [ParsedFrames(f"{number:03}", count, "") for number, count in enumerate(rows)]
    found = list(row_groups(replays))
    assert [[replay.rows for replay in group] for group in found] == groups
    assert [replay for group in found for replay in group] == replays


def test_row_groups_of_a_shard_hold_whole_replays(data: Path, tmp_path: Path) -> None:
    """What the footer tells of ids finds each replay in one group, with all of its rows in order."""
    folder = exported(replicate(data, tmp_path / "data", 40), tmp_path, ExportParams(shards=1, train=1, val=0, test=0))
    (path,) = (folder / "frames").rglob("*.parquet")
    rows_of = {row["replay_id"]: row["rows"] for row in pq.read_table(folder / "replays.parquet").to_pylist()}
    group_of: dict[str, int] = {}
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        sizes = [group.num_rows for group in groups]
        at = file.schema_arrow.get_field_index("replay_id")
        assert max(group.column(at).total_uncompressed_size for group in groups) < 0.5 * max(sizes)  # by a dictionary
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=["replay_id", "row"]).to_pandas()
            for replay_id, part in table.groupby("replay_id", observed=True):
                assert part["row"].tolist() == list(range(rows_of[replay_id]))
                assert group_of.setdefault(replay_id, number) == number
    assert 1 < len(sizes) < 40
    assert min(sizes[:-1]) >= GROUP_ROWS
    assert group_of.keys() == rows_of.keys()
    assert list(group_of) == sorted(group_of)


def test_half_precision_is_for_what_it_can_hold(few: Path, tmp_path: Path) -> None:
    """Quantities with bounds are float16, times float32; schema.json says what it costs, and no value is off by more."""
    folder = exported(few, tmp_path, ExportParams(float_type=FloatType.float16, numpy=True))
    path = next((folder / "frames").rglob("*.parquet"))
    schema = pq.read_schema(path)
    assert {schema.field(name).type for name in ("time", "frame_time")} == {pa.float32()}
    assert {schema.field(name).type for name in ("ball_pos_y", "p0_quat_w", "p0_boost")} == {pa.float16()}
    described = {c["name"]: c for c in json.loads((folder / "schema.json").read_text())["tables"]["frames"]}
    assert (described["ball_pos_y"]["dtype"], described["ball_pos_y"]["resolution"]) == ("float16", 4.0)
    assert (described["p0_boost"]["resolution"], described["p3_quat_x"]["resolution"]) == (0.0625, 2.0**-10)
    assert described["time"]["dtype"] == "float32"
    assert "resolution" not in described["time"]
    table = pq.read_table(path, partitioning=None)
    replay_id = table["replay_id"][0].as_py()
    table = table.filter(pc.equal(table["replay_id"], replay_id))
    wide = frames_of(few, replay_id)
    for name in ("ball_pos_y", "ball_vel_x", "p0_boost", "p0_quat_w"):
        mine, original = table[name].to_pandas().astype("float64"), wide[name].astype("float64")
        assert (mine - original).abs().max() <= described[name]["resolution"] / 2
        assert (mine.isna() == original.isna()).all()
    assert np.load(folder / "numpy" / "train" / "frames.npy", mmap_mode="r").dtype == np.float32


def test_a_value_that_half_precision_cannot_hold_stops_the_export() -> None:
    """Never an infinity in silence: one line names replay, column, value and remedy."""
    params = ExportParams(float_type=FloatType.float16)
    schema = arrow_schema([Column("x", "float32", "x", nullable=True, lower=-10, upper=10)])
    chosen = export_schema(schema, ["x"], params)
    fine = pa.table([[65504.0, None, float("nan"), -65504.0]], schema=schema)
    assert as_exported(fine, chosen, replay_id="r")["x"].to_pylist()[0] == 65504
    with pytest.raises(StageError, match=r"^replay r: x reaches 70000, more than float16 holds; set export.float_type"):
        as_exported(pa.table([[1.0, -70000.0]], schema=schema), chosen, replay_id="r")
    assert half_resolution(arrow_schema([Column("y", "float32", "y", lower=0)]).field("y")) is None
    assert half_resolution(arrow_schema([Column("y", "float32", "y", lower=0, upper=1e5)]).field("y")) is None


@pytest.mark.parametrize(("level", "compression"), [(1, "zstd"), (19, "zstd"), (None, "snappy"), (None, "none")])
def test_encodings_are_those_that_suit_the_columns(
    few: Path, tmp_path: Path, level: int | None, compression: str
) -> None:
    """Floats by byte before a codec, row numbers as differences, flags as runs."""
    params = ExportParams(shards=1, compression=Compression(compression), compression_level=level)
    folder = exported(few, tmp_path, params)
    group = pq.ParquetFile(next((folder / "frames").rglob("*.parquet"))).metadata.row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    assert ("BYTE_STREAM_SPLIT" in columns["ball_pos_x"].encodings) == (compression != "none")
    assert columns["p0_stale"].has_dictionary_page
    assert "DELTA_BINARY_PACKED" in columns["row"].encodings
    assert set(columns["p0_present"].encodings) == {"RLE"}
    assert columns["game_state"].has_dictionary_page
    assert {name for name, column in columns.items() if column.is_stats_set} == {"replay_id", "row", "time", "segment"}


def test_a_higher_level_makes_smaller_files(few: Path, tmp_path: Path) -> None:
    """The level reaches the codec."""
    sizes = []
    for level in (1, None, 19):
        folder = exported(few, tmp_path / str(level), ExportParams(compression_level=level))
        sizes.append(sum(path.stat().st_size for path in (folder / "frames").rglob("*.parquet")))
    assert sizes[0] > sizes[1] > sizes[2]


def test_the_published_hash_is_that_of_the_frames(data: Path) -> None:
    """Every file of frames has one, with its size, and no other file has."""
    table = pq.read_table(data / "parsed" / FRAMES_FILES).to_pylist()
    assert {row["replay_id"] for row in table} == {path.stem for path in (data / "parsed" / "frames").rglob("*.arrow")}
    for row in table:
        content = (data / "parsed" / frames_path(row["replay_id"])).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
