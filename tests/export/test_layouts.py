"""Other types and layouts hold the same frames: half precision, one row a player, one file a replay."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.export.replicas import replicate
from tests.exported import exported

from impulse.config.export import (
    Compression,
    ExportParams,
    FloatType,
)
from impulse.errors import StageError
from impulse.export.encoding import as_exported, export_schema, half_resolution
from impulse.export.frames_source import SlotHolder
from impulse.export.long_layout import long_schema, to_long
from impulse.files.frames import read_frames, read_frames_schema
from impulse.schema.column import Column, arrow_schema
from impulse.tables.paths import FRAMES_FILES, frames_path


@pytest.fixture(scope="module")
def few(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replicate(data, tmp_path_factory.mktemp("few"), 5)


def frames_of(folder: Path, replay_id: str) -> pd.DataFrame:
    path = folder / "parsed" / frames_path(replay_id)
    frames: pd.DataFrame = read_frames(path, read_frames_schema(path).names).to_pandas()
    return frames


def test_long_rows_are_those_of_the_wide_frames(few: Path, tmp_path: Path) -> None:
    """By pandas: the columns of each slot in the parsed frames, where the player is present, are the same rows in the same order."""
    folder = exported(few, tmp_path / "export", ExportParams(long=True))
    players = pd.read_parquet(folder / "players.parquet")
    compared = 0
    for path in sorted((folder / "frames_long").rglob("*.parquet")):
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            mine = file.read_row_group(group).to_pandas()
            (replay_id,) = set(mine["replay_id"])
            wide = frames_of(few, replay_id)
            common = [name for name in wide.columns if not name[:2].strip("p").isdigit()]
            parts = []
            for slot in range(8):
                own = [name for name in wide.columns if name.startswith(f"p{slot}_") and not name.endswith("_present")]
                part = wide.loc[wide[f"p{slot}_present"], [*common, *own]]
                part = part.rename(columns={name: name[3:] for name in own})
                part.insert(len(common), "slot", np.int8(slot))
                parts.append(part)
            expected = pd.concat(parts, ignore_index=True)
            assert [name for name in mine.columns if name not in ("team", "player_id")] == list(expected.columns)
            for name in expected.columns:
                left, right = mine[name], expected[name]
                if isinstance(left.dtype, pd.CategoricalDtype):
                    left, right = left.astype(object), right.astype(object)
                pd.testing.assert_series_equal(left, right, check_dtype=False)
            told = players[players["replay_id"] == replay_id].set_index(["slot", "player_id"])
            for (slot, player_id), rows in mine.groupby(["slot", "player_id"], observed=True):
                who = told.loc[(slot, player_id)]
                assert set(rows["team"]) == {who["team"]}
                assert (len(rows), rows["row"].min(), rows["row"].max()) == (
                    who["rows_present"],
                    who["first_row"],
                    who["last_row"],
                )
                compared += 1
    assert compared == players["first_row"].notna().sum()


def test_players_who_share_a_slot_are_told_apart() -> None:
    """From his first row on a slot is the later player's."""
    columns = [
        Column("row", "int32", "row"),
        Column("p0_present", "bool", "there"),
        Column("p0_x", "float32", "x", nullable=True),
        Column("p1_present", "bool", "there"),
        Column("p1_x", "float32", "x", nullable=True),
    ]
    wide = pa.table(
        [[0, 1, 2, 3, 4], [True, True, False, True, True], [1, 2, None, 4, 5], [False] * 5, [None] * 5],
        schema=arrow_schema(columns),
    )
    holders = [
        SlotHolder(0, "blue", "early", 0),
        SlotHolder(0, "blue", "late", 3),
        SlotHolder(1, "orange", "never seen", 0),
    ]
    table = to_long(wide, holders, long_schema(wide.schema))
    assert table.column_names == ["row", "slot", "team", "player_id", "x"]
    assert table["player_id"].to_pylist() == ["early", "early", "late", "late"]
    assert table["row"].to_pylist() == [0, 1, 3, 4]
    assert table["x"].to_pylist() == [1, 2, 4, 5]
    assert to_long(wide.slice(2, 1), holders, long_schema(wide.schema)).num_rows == 0


def test_half_precision_is_for_what_it_can_hold(few: Path, tmp_path: Path) -> None:
    """Quantities with bounds are float16, times float32; schema.json says what it costs, and no value is off by more."""
    folder = exported(few, tmp_path / "export", ExportParams(float_type=FloatType.float16, numpy=True))
    path = next((folder / "frames").rglob("*.parquet"))
    schema = pq.read_schema(path)
    assert {schema.field(name).type for name in ("time", "frame_time")} == {pa.float32()}
    assert {schema.field(name).type for name in ("ball_pos_y", "p0_quat_w", "p0_boost")} == {pa.float16()}
    described = {c["name"]: c for c in json.loads((folder / "schema.json").read_text())["tables"]["frames"]}
    assert (described["ball_pos_y"]["dtype"], described["ball_pos_y"]["resolution"]) == ("float16", 4.0)
    assert (described["p0_boost"]["resolution"], described["p3_quat_x"]["resolution"]) == (0.0625, 2.0**-10)
    assert described["time"]["dtype"] == "float32"
    assert "resolution" not in described["time"]
    table = pq.ParquetFile(path).read_row_group(0)
    wide = frames_of(few, table["replay_id"][0].as_py())
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


def test_files_of_replays_hold_the_arrays_of_their_split(few: Path, tmp_path: Path) -> None:
    """One .npz for each replay with the same numbers, columns and states, and no time of writing inside."""
    folder = exported(few, tmp_path / "export", ExportParams(numpy=True, npz=True))
    seen = 0
    for split in ("train", "val", "test"):
        described = json.loads((folder / "numpy" / split / "columns.json").read_text())
        offsets = np.load(folder / "numpy" / split / "offsets.npy")
        values = np.load(folder / "numpy" / split / "frames.npy")
        assert described["dtype"] == values.dtype.name
        for position, replay_id in enumerate(described["replay_ids"]):
            path = folder / "npz" / replay_id[:2] / f"{replay_id}.npz"
            with np.load(path) as file:
                assert file["columns"].tolist() == described["columns"]
                expected = values[offsets[position] : offsets[position + 1]].copy()
                codes = expected[:, described["columns"].index("game_state")]
                own = file["game_states"].tolist()
                known = np.isfinite(codes)
                codes[known] = [own.index(described["game_states"][int(code)]) for code in codes[known]]
                np.testing.assert_array_equal(file["frames"], expected)
            with zipfile.ZipFile(path) as archive:
                assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            seen += 1
    assert seen == len(list((folder / "npz").rglob("*.npz"))) == 5


@pytest.mark.parametrize(("level", "compression"), [(1, "zstd"), (19, "zstd"), (None, "snappy"), (None, "none")])
def test_encodings_are_those_that_suit_the_columns(
    few: Path, tmp_path: Path, level: int | None, compression: str
) -> None:
    """Floats by byte before a codec, row numbers as differences, flags as runs."""
    params = ExportParams(shards=1, compression=Compression(compression), compression_level=level)
    folder = exported(few, tmp_path / "export", params)
    group = pq.ParquetFile(next((folder / "frames").rglob("*.parquet"))).metadata.row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    assert ("BYTE_STREAM_SPLIT" in columns["ball_pos_x"].encodings) == (compression != "none")
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
