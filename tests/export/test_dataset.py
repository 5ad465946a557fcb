"""The exported dataset, made by the stages' own functions from a synthetic corpus."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyarrow import feather
from tests.exported import EXPORT, exported

from impulse.config.export import Compression, ExportParams, FloatType
from impulse.demo import corpus


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_recording_is_left_out_with_its_reason(dataset: Path) -> None:
    """One recording of each match is exported, with a match guid and without; the other one is a reject row."""
    table = pq.read_table(dataset / "rejects.parquet")
    reasons = dict(zip(table["source_path"].to_pylist(), table["reason"].to_pylist(), strict=True))
    for match in ("demo-00000", "demo-00006"):
        assert [reason for path, reason in reasons.items() if path.startswith(match)].count("same_match") == 1
    replays = pq.read_table(dataset / "replays.parquet")
    assert len(set(replays["match_key"].to_pylist())) == replays.num_rows


def test_every_file_of_the_source_is_exported_or_a_reject(dataset: Path) -> None:
    """Nothing disappears between the source and the dataset."""
    names = {item.name for item in corpus(matches=9, seed=11, duration_seconds=20.0)}
    kept = set(pq.read_table(dataset / "replays.parquet")["source_path"].to_pylist())
    rejected = set(pq.read_table(dataset / "rejects.parquet")["source_path"].to_pylist())
    assert kept | rejected == names
    assert not kept & rejected


def test_a_shard_holds_its_replays_in_order(dataset: Path) -> None:
    """Each whole and in the file that the table of replays names."""
    shard_of: dict[str, tuple[str, str]] = {}
    for path in sorted((dataset / "frames").rglob("*.parquet")):
        rows: dict[str, list[int]] = {}
        for row in pq.ParquetFile(path).read(columns=["replay_id", "row"]).to_pylist():
            rows.setdefault(row["replay_id"], []).append(row["row"])
        ids = list(rows)
        assert ids == sorted(ids)
        assert all(found == list(range(len(found))) for found in rows.values())
        shard_of |= dict.fromkeys(ids, (path.parent.name, path.name))
    for row in pq.read_table(dataset / "replays.parquet").to_pylist():
        assert shard_of[row["replay_id"]] == (f"split={row['split']}", f"part-{row['shard']:05d}.parquet")


def test_replays_say_how_many_played_a_side(dataset: Path) -> None:
    """As many as the larger team has on the field for most of the match, by the table of stints."""
    replays = pq.read_table(dataset / "replays.parquet").to_pandas().set_index("replay_id")
    stints = pq.read_table(dataset / "stints.parquet").to_pandas()
    longest = stints.groupby("replay_id")["seconds_on_field"].transform("max")
    played = stints[stints["seconds_on_field"] > longest / 2].groupby(["replay_id", "team"]).size()
    assert replays["players_a_side"].to_dict() == played.groupby("replay_id").max().to_dict()
    assert set(replays["players_a_side"]) >= {1, 2, 3}


def test_frames_are_the_parsed_ones(data: Path, dataset: Path) -> None:
    """Export changes no value."""
    written = ds.dataset(dataset / "frames", partitioning="hive")
    for row in pq.read_table(dataset / "replays.parquet").to_pylist():
        replay_id = row["replay_id"]
        parsed = feather.read_table(data / "parsed" / "frames" / replay_id[:2] / f"{replay_id}.arrow")
        mine = written.to_table(filter=pc.field("replay_id") == replay_id)
        for name in parsed.column_names:
            assert mine[name].to_pylist() == parsed[name].to_pylist(), name
        assert mine.num_rows == row["rows"]


def test_columns_carry_their_units_and_the_schema_file_agrees(dataset: Path) -> None:
    """Field metadata and schema.json come from the same table."""
    path = next((dataset / "frames").rglob("*.parquet"))
    schema = pq.read_schema(path)
    described = json.loads((dataset / "schema.json").read_text())["tables"]
    assert [column["name"] for column in described["frames"]] == schema.names
    for column in described["frames"]:
        field = schema.field(column["name"])
        assert field.metadata[b"description"].decode() == column["meaning"]
        assert field.metadata.get(b"unit", b"").decode() == column.get("unit", "")
    for name in ("replays", "players", "stints", "goals", "demolitions"):
        assert [column["name"] for column in described[name]] == pq.read_schema(dataset / f"{name}.parquet").names
    card = (dataset / "README.md").read_text()
    assert all(column["meaning"] in card for column in described["frames"] if not column["name"].startswith("p1_"))


def test_checksums_are_those_of_the_files(dataset: Path) -> None:
    """The usual tool accepts the list, and every file is on it."""
    subprocess.run(["sha256sum", "--check", "--quiet", "checksums.sha256"], cwd=dataset, check=True)
    listed = {line.split("  ")[1] for line in (dataset / "checksums.sha256").read_text().splitlines()}
    assert listed | {"checksums.sha256"} == set(content(dataset))


def test_the_schema_file_lists_every_file_that_readers_open(dataset: Path) -> None:
    """Shards with rows and row groups, tables with rows, arrays; bytes and hashes are those of the files."""
    listed = json.loads((dataset / "schema.json").read_text())["files"]
    files = content(dataset)
    assert set(listed) == {name for name in files if name.endswith(".parquet") or name.startswith("numpy/")}
    assert list(listed) == sorted(listed)
    for name, facts in listed.items():
        expected: dict[str, Any] = {"bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
        if name.endswith(".parquet"):
            footer = pq.read_metadata(dataset / name)
            expected["rows"] = footer.num_rows
            if name.startswith("frames/"):
                expected["row_groups"] = footer.num_row_groups
        elif name.endswith("frames.npy"):
            expected["rows"] = len(np.load(dataset / name))
        assert facts == expected


@pytest.mark.parametrize("compression", list(Compression))
def test_codec_and_float_type_are_those_asked_for(
    data: Path, dataset: Path, tmp_path: Path, compression: Compression
) -> None:
    """Other codecs and wider floats hold the same values."""
    params = ExportParams(
        shards=16, train=0.5, val=0.25, test=0.25, compression=compression, float_type=FloatType.float64
    )
    other = exported(data, tmp_path, params)
    path = next((other / "frames").rglob("*.parquet"))
    file = pq.ParquetFile(path)
    expected = "UNCOMPRESSED" if compression is Compression.none else compression.value.upper()
    assert file.metadata.row_group(0).column(5).compression == expected
    assert file.schema_arrow.field("ball_pos_x").type == pa.float64()
    assert file.schema_arrow.field("ball_pos_x").metadata[b"unit"] == b"uu"
    mine, reference = (
        ds.dataset(folder / "frames", partitioning="hive")
        .to_table(columns=["replay_id", "row", "ball_pos_x"])
        .to_pandas()
        .sort_values(["replay_id", "row"])["ball_pos_x"]
        .to_numpy()
        for folder in (other, dataset)
    )
    np.testing.assert_array_equal(mine, reference)


def test_numpy_arrays_hold_the_frames(dataset: Path) -> None:
    """Memory-mapped arrays equal the Parquet frames, NaN for null, replay by replay."""
    frames = ds.dataset(dataset / "frames", partitioning="hive")
    replays = pq.read_table(dataset / "replays.parquet").to_pylist()
    for split in ("train", "val", "test"):
        array = np.load(dataset / "numpy" / split / "frames.npy", mmap_mode="r")
        offsets = np.load(dataset / "numpy" / split / "offsets.npy")
        names = json.loads((dataset / "numpy" / split / "columns.json").read_text())
        assert array.dtype == np.float32
        assert names["replay_ids"] == [row["replay_id"] for row in replays if row["split"] == split]
        assert array.shape == (offsets[-1], len(names["columns"]))
        for position, replay_id in enumerate(names["replay_ids"]):
            table = frames.to_table(filter=pc.field("replay_id") == replay_id)
            part = array[offsets[position] : offsets[position + 1]]
            for name in ("time", "p0_pos_x", "p0_demolished", "segment", "p4_boost"):
                expected = table[name].cast(pa.int8() if pa.types.is_boolean(table[name].type) else table[name].type)
                np.testing.assert_array_equal(
                    part[:, names["columns"].index(name)], expected.cast(pa.float32()).to_numpy(zero_copy_only=False)
                )
            states = part[:, names["columns"].index("game_state")]
            decoded = [names["game_states"][int(code)] if np.isfinite(code) else None for code in states]
            assert decoded == table["game_state"].to_pylist()


def test_a_split_that_got_no_match_is_said(data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Training would notice it late; one that nobody wants is no surprise."""
    exported(data, tmp_path / "a", replace(EXPORT, train=0.999999, val=0.000001, test=0.0))
    (line,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert line.startswith("the split val is empty: a share of 1e-06 of ")
