"""impulse.load on a local folder: values, selections, what is read, and what is said when it cannot be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from tests.exported import EXPORT, exported
from tests.paths import ROOT

import impulse
from impulse.config.export import FloatType
from impulse.errors import ConfigError, DatasetError
from impulse.loading.arrays import open_frame_arrays
from impulse.loading.row_groups import row_groups_of
from impulse.schema.column import SCHEMA_VERSION
from impulse.training import Windows


def plain(dataset: Path) -> pd.DataFrame:
    """All frames by plain pandas, the oracle of these tests."""
    return pd.read_parquet(dataset / "frames").astype({"split": str, "replay_id": str})


def same(table: pa.Table, frame: pd.DataFrame, columns: list[str]) -> None:
    """Check that a table has the rows of a frame, whatever their order."""
    mine = table.select(columns).to_pandas()
    names = {name: object for name in ("split", "replay_id", "game_state") if name in columns}
    pd.testing.assert_frame_equal(
        mine.astype(names).sort_values(["replay_id", "row"], ignore_index=True),
        frame[columns].astype(names).sort_values(["replay_id", "row"], ignore_index=True),
        check_dtype=False,
    )


def test_all_frames_are_those_of_the_files(dataset: Path) -> None:
    """Without arguments everything is loaded: all columns in the files' order, with their units."""
    table = impulse.load(dataset)
    frame = plain(dataset)
    same(table, frame, [name for name in frame.columns if name != "split"])
    assert table.schema.field("ball_pos_x").metadata[b"unit"] == b"uu"
    assert table.schema.metadata[b"impulse_schema_version"] == str(SCHEMA_VERSION).encode()
    assert impulse.load(dataset).equals(table)


def test_a_checkout_is_opened_at_its_dataset(data: Path, dataset: Path, tmp_path: Path) -> None:
    """The folder that has data/export is as good as data/export."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "export").symlink_to(dataset)
    assert impulse.load(tmp_path, table="players").equals(impulse.load(dataset, table="players"))
    assert impulse.load(data, path="export", table="goals").equals(impulse.load(dataset, table="goals"))


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ([("players_a_side", "=", 3)], "players_a_side == 3"),
        ([("players_a_side", "in", [1, 2]), ("ball_pos_z", ">", 300)], "players_a_side in (1, 2) and ball_pos_z > 300"),
        ([[("players_a_side", "=", 3)], [("segment", "=", 1)]], "players_a_side == 3 or segment == 1"),
        ([[("players_a_side", "=", 3)], [("players_a_side", "=", 1)]], "players_a_side == 3 or players_a_side == 1"),
        ([("split", "=", "val"), ("time", "<", 12.5)], "split == 'val' and time < 12.5"),
        (pc.field("ball_pos_z") > 500, "ball_pos_z > 500"),
        ((pc.field("players_a_side") == 2) & (pc.field("is_forfeit") == pc.scalar(False)), "players_a_side == 2"),
        ((pc.field("segment") == 0) & (pc.field("row") < 100), "segment == 0 and row < 100"),
        ([("players_a_side", "=", 9)], "players_a_side == 9"),
        (
            [("players_a_side", "not in", [1, 2]), ("row", "<=", 3), ("row", "!=", 1)],
            "players_a_side == 3 and row in (0, 2, 3)",
        ),
        ([("replay_id", "in", [])], "row < 0"),
        ([("segment", "in", [])], "row < 0"),
        ([("game_state", "not in", ()), ("row", "<", 5)], "row < 5"),
        ([("segment", "in", [None])], "segment.isnull()"),
        ([("segment", "in", [None, 1])], "segment.isnull() or segment == 1"),
        ([("segment", "not in", [None])], "segment.notnull()"),
        ([("segment", "not in", [1])], "segment.isnull() or segment != 1"),
        ([("segment", "!=", 1)], "segment.notnull() and segment != 1"),
        ((("players_a_side", "=", 3), ("row", "<", 5)), "players_a_side == 3 and row < 5"),
        (
            [("players_a_side", "in", {1, 3}), ("game_state", "in", np.array(["Active"]))],
            "players_a_side != 2 and game_state == 'Active'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_filters_choose_the_rows_that_pandas_chooses(dataset: Path, filters: Any, query: str) -> None:
    """Conditions on replays and on rows, alone and together, mean what they mean in pandas."""
    sizes = pq.read_table(dataset / "replays.parquet").to_pandas()[["replay_id", "players_a_side"]]
    expected = plain(dataset).merge(sizes, on="replay_id").query(query)
    columns = ["replay_id", "row", "time", "split", "ball_pos_z"]
    same(impulse.load(dataset, columns=columns, filters=filters), expected, columns)
    opened = impulse.open_dataset(dataset).frames(filters=filters)
    assert opened.count_rows() == len(expected)


@pytest.mark.parametrize("split", ["train", "val", ["val", "test"]])
def test_split_chooses_its_replays(dataset: Path, split: Any) -> None:
    """A split has its rows in every table."""
    splits = [split] if isinstance(split, str) else split
    replays = pq.read_table(dataset / "replays.parquet").to_pandas()
    ids = set(replays[replays["split"].isin(splits)]["replay_id"])
    table = impulse.load(dataset, split=split, columns=["replay_id", "row", "split"])
    assert set(table["split"].to_pylist()) == set(splits)
    assert set(table["replay_id"].to_pylist()) == ids
    for name in ("replays", "players"):
        assert set(impulse.load(dataset, table=name, split=split)["replay_id"].to_pylist()) == ids


def test_other_tables_are_filtered_by_replay_and_by_their_own_columns(dataset: Path) -> None:
    """Players of big matches who scored."""
    replays = pq.read_table(dataset / "replays.parquet").to_pandas()
    players = pq.read_table(dataset / "players.parquet").to_pandas()
    big = set(replays[replays["players_a_side"] == 3]["replay_id"])
    expected = players[players["replay_id"].isin(big) & (players["team"] == "blue")][["replay_id", "name"]]
    mine = impulse.load(
        dataset,
        table="players",
        columns=["replay_id", "name"],
        filters=[("players_a_side", "=", 3), ("team", "=", "blue")],
        as_="pandas",
    )
    assert mine.to_numpy().tolist() == expected.to_numpy().tolist()
    assert len(mine) > 0


@pytest.mark.parametrize("table", ["players", "goals", "demolitions", "replays"])
@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ([("players_a_side", "=", 3)], "players_a_side == 3"),
        ([[("players_a_side", "=", 3)], [("replay_id", "<", "8")]], "players_a_side == 3 or replay_id < '8'"),
        (pc.field("replay_id") > "0", "replay_id > '0'"),
        ([], "players_a_side > 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_table_is_filtered_as_pandas_filters_it(dataset: Path, table: str, filters: Any, query: str) -> None:
    """Conditions on the replays decide in the tables that belong to them."""
    rows = pd.read_parquet(dataset / f"{table}.parquet")
    if table != "replays":
        sizes = pd.read_parquet(dataset / "replays.parquet", columns=["replay_id", "players_a_side"])
        rows = rows.merge(sizes, on="replay_id")
    mine = impulse.load(dataset, table=table, filters=filters)
    expected = rows.query(query)[mine.column_names]
    assert len(expected) > 0
    pd.testing.assert_frame_equal(mine.to_pandas(), expected.reset_index(drop=True))


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ([("reason", "!=", "x")], "reason != 'x'"),
        (
            [("source_path", "=", "demo-00000-second-recording.replay")],
            "source_path == 'demo-00000-second-recording.replay'",
        ),
        ([("stage", "=", "fetch"), ("reason", "=", "body_crc_mismatch")], "reason == 'body_crc_mismatch'"),
        ([[("stage", "=", "fetch")], [("reason", "=", "same_match")]], "stage == 'fetch' or reason == 'same_match'"),
        (pc.field("stage") == "dedupe", "stage == 'dedupe'"),
        ([], "stage != ''"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rejects_are_filtered_by_what_they_say(dataset: Path, filters: Any, query: str) -> None:
    """They are not among the replays of the dataset, whose columns and splits say nothing about them."""
    expected = pd.read_parquet(dataset / "rejects.parquet").query(query)
    mine = impulse.load(dataset, table="rejects", filters=filters, as_="pandas")
    assert len(expected) > 0
    assert mine.to_numpy().tolist() == expected.to_numpy().tolist()


def test_pandas_keeps_what_null_means(dataset: Path) -> None:
    """NaN for absent numbers, nullable booleans and integers, categories for names."""
    frame = impulse.load(dataset, as_="pandas")
    assert frame["p0_pos_x"].dtype == np.float32
    assert frame["p0_present"].dtype == bool
    assert frame["p0_demolished"].dtype == pd.BooleanDtype()
    assert frame["segment"].dtype == pd.Int16Dtype()
    assert isinstance(frame["replay_id"].dtype, pd.CategoricalDtype)
    table = impulse.load(dataset)
    assert frame["p0_demolished"].isna().sum() == table["p0_demolished"].null_count
    assert frame["p5_pos_x"].isna().sum() == table["p5_pos_x"].null_count > 0


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_arrays_are_those_that_export_wrote(dataset: Path, split: str) -> None:
    """The array made from Parquet equals the one on disk: values, order of replays, codes and bounds."""
    mine, written = impulse.load(dataset, split=split, as_="numpy"), open_frame_arrays(dataset, split)
    assert (mine.columns, mine.replay_ids) == (written.columns, written.replay_ids)
    assert {name: list(names) for name, names in mine.categories.items()} == written.categories
    np.testing.assert_array_equal(mine.offsets, written.offsets)
    np.testing.assert_array_equal(mine.values, written.values)
    np.testing.assert_array_equal(mine.bounds, written.bounds)
    assert mine.values.dtype == written.values.dtype
    assert isinstance(written.values, np.memmap)
    np.testing.assert_array_equal(
        mine[mine.replay_ids[-1]][:, mine.columns.index("time")], mine.column("time")[mine.offsets[-2] :]
    )


def test_each_replay_comes_whole_and_once(dataset: Path) -> None:
    """Replay by replay gives the same rows as all at once."""
    frames = impulse.open_dataset(dataset).frames(split=["train", "test"], columns=["row", "ball_pos_x"])
    replays = {row["replay_id"]: row["rows"] for row in frames.replays.to_pylist()}
    parts = list(frames.each_replay())
    assert {replay_id: part.num_rows for replay_id, part in parts} == replays
    assert all(part["row"].to_pylist() == list(range(part.num_rows)) for _, part in parts)
    assert pa.concat_tables(part for _, part in parts).equals(frames.to_arrow())
    assert parts[0][1].schema.equals(frames.schema, check_metadata=True)


@pytest.mark.parametrize("layout", ["wide", "long"])
@pytest.mark.parametrize(
    "filters", [[("ball_pos_z", ">", 300)], pc.field("segment") == 1, [("players_a_side", "=", 9)]]
)
def test_each_replay_has_the_rows_that_were_asked_for(dataset: Path, filters: Any, layout: Any) -> None:
    """Replay by replay, conditions on rows choose what they choose of all at once."""
    frames = impulse.open_dataset(dataset).frames(filters=filters, layout=layout, columns=["replay_id", "row", "time"])
    parts = [part.cast(frames.schema) for _, part in frames.each_replay()]
    assert pa.concat_tables([frames.schema.empty_table(), *parts]).to_pydict() == frames.to_arrow().to_pydict()
    assert all(part.num_rows for part in parts)


@pytest.fixture
def scattered(dataset: Path, tmp_path: Path) -> Path:
    """The dataset as somebody wrote it again: the first half of the rows of each replay in one file, the rest in another."""
    shutil.copytree(dataset, tmp_path / "copy")
    for folder in (tmp_path / "copy" / "frames").iterdir():
        table = pa.concat_tables(pq.read_table(path, partitioning=None) for path in sorted(folder.iterdir()))
        shutil.rmtree(folder)
        folder.mkdir()
        for number, half in enumerate((pc.field("row") < 100, pc.field("row") >= 100)):
            pq.write_table(table.filter(half), folder / f"{number}.parquet")
    return tmp_path / "copy"


def test_a_dataset_that_somebody_wrote_again_is_refused(scattered: Path) -> None:
    """Its files are not those of the dataset, whatever is in them."""
    with pytest.raises(DatasetError, match=r"frames/split=train/\S+ (is missing|does not belong)") as caught:
        impulse.load(scattered, split="train")
    assert "\n" not in str(caught.value)


def test_what_was_not_asked_for_is_not_read(dataset: Path, tmp_path: Path) -> None:
    """Files of other splits and other replays may be anything; test_remote counts bytes and requests."""
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    opened = impulse.open_dataset(copy)
    replay_id = opened.replays["replay_id"][0].as_py()
    one = [("replay_id", "=", replay_id)]
    assert opened.schema  # read from the first file
    (needed,) = opened.frames(filters=one).files
    for path in {*(copy / "frames").rglob("*.parquet")} - {copy / needed}:
        path.write_bytes(b"PAR1 nothing PAR1")
    assert opened.frames(filters=one).to_arrow().equals(impulse.load(dataset, filters=one))
    with pytest.raises(DatasetError, match="cannot be read"):
        opened.frames().to_arrow()


def test_row_groups_are_chosen_by_their_replays(tmp_path: Path) -> None:
    """One in a group, several in a group, none that fits, and groups without statistics, which must be looked into."""
    ids = [f"{number:02}" for number in range(8)]
    schema = pa.schema([pa.field("replay_id", pa.dictionary(pa.int32(), pa.string()))])

    def chosen(name: str, groups: list[list[str]], wanted: list[str], **settings: Any) -> list[int]:
        with pq.ParquetWriter(tmp_path / name, schema, **settings) as writer:
            for group in groups:
                writer.write_table(pa.table([pa.array(group).dictionary_encode()], schema=schema))
        fragment = ds.ParquetFileFormat().make_fragment(str(tmp_path / name), filesystem=fs.LocalFileSystem())
        return [group.id for group in row_groups_of(fragment, wanted).row_groups]

    single = [[replay_id] * 3 for replay_id in ids]
    assert chosen("single", single, ["02", "05", "99"]) == [2, 5]
    assert chosen("single", single, ["022", "99"]) == []
    pairs = [ids[0:2], ids[2:4], ids[4:6], ids[6:8]]
    assert chosen("pairs", pairs, ["03", "04"]) == [1, 2]
    assert chosen("blind", pairs, ["03"], write_statistics=False) == [0, 1, 2, 3]


def test_verify_finds_a_changed_byte_in_what_is_used(dataset: Path, tmp_path: Path) -> None:
    """A file with other bytes is refused on request; files of other splits do not matter."""
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    impulse.open_dataset(copy).verify()
    victim = next((copy / "frames" / "split=val").iterdir())
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)

    assert impulse.load(copy, split="train", verify=True).num_rows > 0
    assert impulse.load(copy, table="goals", verify=True).num_rows > 0
    with pytest.raises(DatasetError, match=rf"{victim.name} has other bytes than checksums.sha256 says"):
        impulse.load(copy, split="val", verify=True)
    victim.unlink()
    with pytest.raises(DatasetError, match=rf"{victim.name} is missing"):
        impulse.open_dataset(copy).verify()


@pytest.mark.parametrize("table", ["frames", "goals"])
def test_verify_looks_first_at_what_decides_about_the_rest(dataset: Path, tmp_path: Path, table: str) -> None:
    """A replays table that cannot even be read is said to have other bytes."""
    shutil.copytree(dataset, tmp_path / "copy")
    (tmp_path / "copy" / "replays.parquet").write_bytes(bytes((dataset / "replays.parquet").stat().st_size))
    with pytest.raises(DatasetError, match=r"replays.parquet has other bytes than checksums.sha256 says"):
        impulse.load(tmp_path / "copy", table=table, verify=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "validation"}, r"split: unknown name 'validation'; known are train, val, test"),
        ({"columns": ["ball_posx"]}, r"columns: unknown name 'ball_posx'; did you mean ball_pos_x"),
        ({"table": "player"}, r"table: unknown name 'player'; did you mean players"),
        ({"as_": "polars"}, r"as_: unknown name 'polars'; known are arrow, pandas, numpy"),
        ({"table": "goals", "as_": "numpy"}, r"as_: only frames are arrays"),
        (
            {"filters": [("players_aside", "=", 3)]},
            r"filters: unknown name 'players_aside'; did you mean players_a_side",
        ),
        (
            {"filters": [("team_size", "=", 3)]},
            r"filters: 'team_size' is called header_team_size since schema 3; players_a",
        ),
        ({"filters": pc.field("team_size") == 3}, r"filters: 'team_size' is called header_team_size since schema 3"),
        ({"table": "replays", "columns": ["team_size"]}, r"columns: 'team_size' is called header_team_size since"),
        ({"filters": [("time", "=")]}, r"filters: \('time', '='\) is not a condition"),
        ({"filters": [("time", "~", 3)]}, r"filters: unknown name '~'; known are =, ==, !=, <"),
        ({"filters": [("time", "<", "noon")]}, r"filters: .* cannot be applied"),
        (
            {"filters": (pc.field("players_a_side") == 3) & (pc.field("time") < 1.0)},
            r"mixes columns .* given as a list",
        ),
        ({"filters": [("players_a_side", "in", "3")]}, r"filters: '3' is not a list, which 'in' needs, like \['3'\]"),
        ({"filters": [("replay_id", "not in", b"3")]}, r"filters: b'3' is not a list, which 'not in' needs"),
        ({"filters": [("players_a_side", "in", 3)]}, r"filters: 3 is not a list, which 'in' needs, like \[3\]"),
        ({"filters": [("players_a_side", "in", {3: 1})]}, r"filters: \{3: 1\} is not a list"),
        (
            {"filters": [("players_a_side", "=", None)]},
            r"never holds; \('players_a_side', 'in', \[None\]\) takes nulls",
        ),
        ({"filters": ("players_a_side", "=", 3)}, r"filters: .* must be in a list: \[\('players_a_side', '=', 3\)\]"),
        (
            {"filters": {"players_a_side": 3}},
            r"filters: \{'players_a_side': 3\} is not an expression, or a list of conditions",
        ),
        ({"filters": "players_a_side == 3"}, r"filters: 'players_a_side == 3' is not an expression, or a list"),
        ({"filters": ["players_a_side", "=", 3]}, r"filters: 'players_a_side' is not an expression, or a list"),
        ({"filters": 0}, r"filters: 0 is not an expression, or a list"),
        ({"filters": False}, r"filters: False is not an expression"),
        ({"filters": [[], [("row", "=", 1)]]}, r"filters: a list without conditions is among others"),
        ({"table": "rejects", "filters": {"stage": "fetch"}}, r"filters: .* is not an expression"),
        ({"split": 0}, r"split: 0 is not 'train' or \['train', 'val'\]"),
        ({"split": {"train": 1}}, r"split: .* is not 'train' or"),
        ({"split": ["train", 0]}, r"split: unknown name 0; known are train, val, test"),
        ({"columns": 0}, r"columns: 0 is not \['time', 'ball_pos_z'\]"),
        ({"table": "goals", "columns": True}, r"columns: True is not"),
        ({"rev": "v1.0"}, r"rev: .* is no Git repository"),
        ({"table": "rejects", "split": "train"}, r"split: rejects are in no split"),
        ({"table": "rejects", "filters": [("players_a_side", "=", 3)]}, r"filters: unknown name 'players_a_side'"),
        (
            {"table": "rejects", "filters": pc.field("players_a_side") == 3},
            r"filters: .* names a column that is not there",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_wrong_arguments_are_said_in_one_line(dataset: Path, arguments: dict[str, Any], message: str) -> None:
    """Each names what is wrong and what there is."""
    with pytest.raises(ConfigError, match=message) as caught:
        impulse.load(dataset, **arguments)
    assert "\n" not in str(caught.value)


def test_folders_that_are_no_dataset_are_said_in_one_line(dataset: Path, tmp_path: Path) -> None:
    """Missing folders, other folders, broken files and datasets of the future."""
    with pytest.raises(DatasetError, match=r"nowhere: no such folder"):
        impulse.load(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"not a dataset of impulse: there is no schema.json"):
        impulse.load(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    document = json.loads((copy / "schema.json").read_text())
    (copy / "schema.json").write_text(json.dumps({**document, "schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(
        DatasetError, match=rf"schema version {SCHEMA_VERSION + 1}, and .* {SCHEMA_VERSION}: upgrade impulse"
    ):
        impulse.load(copy)
    (copy / "schema.json").write_text("[]")
    with pytest.raises(DatasetError, match=r"schema.json is not one that impulse wrote"):
        impulse.load(copy)
    (copy / "schema.json").write_text(json.dumps(document))
    (copy / "replays.parquet").write_bytes(bytes((dataset / "replays.parquet").stat().st_size))
    with pytest.raises(DatasetError, match=r"replays.parquet cannot be read; .*copy or `dvc pull`") as caught:
        impulse.load(copy)
    assert "\n" not in str(caught.value)


def test_addresses_are_understood_or_the_reason_is_said(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home, a file URL, a relative path; other stores, no access, and what is no address at all."""
    (tmp_path / "my data").symlink_to(dataset)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    expected = impulse.load(dataset, table="goals")
    for address in ("~/my data", f"file://{tmp_path}/my%20data", "my data", Path("~/my data"), Path("my data")):
        assert impulse.load(address, table="goals").equals(expected)
    assert len(Windows("~/my data", length=32)) == len(Windows(dataset, length=32))
    with pytest.raises(
        DatasetError, match=r"^gs://bucket/set: impulse reads no gs://; it reads folders, s3://bucket/prefix"
    ):
        impulse.load("gs://bucket/set?key=secret")
    with pytest.raises(DatasetError, match=r"the dataset's address must look like s3://bucket/prefix"):
        impulse.load("s3://")
    for nothing in (None, 0, "", 1.5):
        with pytest.raises(ConfigError, match=r"path_or_url: .* is no address; give a folder"):
            impulse.load(nothing)  # type: ignore[arg-type]

    def refused(*_: object, **__: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    for method in ("is_file", "read_bytes"):
        with monkeypatch.context() as patched:
            patched.setattr(Path, method, refused)
            with pytest.raises(DatasetError, match=r"cannot be read; give yourself access") as caught:
                impulse.load(dataset)
        assert "\n" not in str(caught.value)


def test_a_folder_without_a_dataset_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a whole disk."""

    def search(*_: object) -> None:
        raise AssertionError("everything below the folder was listed")

    for name in ("rglob", "glob", "iterdir", "walk"):
        monkeypatch.setattr(Path, name, search, raising=False)
    with pytest.raises(DatasetError, match="not a dataset of impulse"):
        impulse.load(tmp_path)


@pytest.mark.parametrize(
    "name", ["schema.json", *(f"numpy/val/{name}" for name in ("frames.npy", "offsets.npy", "columns.json"))]
)
@pytest.mark.parametrize("content", [None, b"", b"[]"], ids=["missing", "empty", "other"])
def test_arrays_without_one_of_their_files_are_said_in_one_line(
    dataset: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    """The array, its offsets, its columns, and the schema with their bounds."""
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    (copy / name).unlink()
    if content is not None:
        (copy / name).write_bytes(content)
    with pytest.raises(
        DatasetError, match=r"cannot be opened|there is no schema|wrote|is missing|bytes instead of"
    ) as caught:
        open_frame_arrays(copy, "val")
    assert "\n" not in str(caught.value)


def test_import_alone_loads_no_library() -> None:
    """``import impulse`` stays light until a dataset is opened, and the names are there all the same."""
    code = (
        "import sys, impulse; heavy = {'pyarrow', 'pandas', 'numpy', 'dvc', 'botocore', 'torch', 'impulse.loading'};"
        "print(sorted(heavy & set(sys.modules))); impulse.load, impulse.open_dataset;"
        "print(sorted({'dvc', 'botocore', 's3fs', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT / "stages", capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = impulse.lod  # type: ignore[attr-defined]


def test_frames_are_what_arrow_reads_as_a_dataset(dataset: Path) -> None:
    """The same rows in the same order as pyarrow.dataset gives them, within each split."""
    for split in ("train", "val", "test"):
        columns = ["replay_id", "row"]
        reference = ds.dataset(dataset / "frames" / f"split={split}").to_table(columns=columns)
        assert impulse.load(dataset, split=split, columns=columns).to_pydict() == reference.to_pydict()


@pytest.fixture(scope="module")
def half(data: Path) -> Path:
    """The dataset in half precision."""
    return exported(data, data / "half", replace(EXPORT, float_type=FloatType.float16))


def test_half_precision_gives_the_arrays_that_export_wrote(half: Path) -> None:
    """Floats of two bytes are loaded as arrays of float32, as they are exported."""
    for split in ("train", "val", "test"):
        mine, written = impulse.load(half, split=split, as_="numpy"), open_frame_arrays(half, split)
        assert mine.values.dtype == written.values.dtype == np.float32
        np.testing.assert_array_equal(mine.values, written.values)
    table = impulse.load(half, columns=["replay_id", "ball_pos_z"], filters=[("ball_pos_z", ">", 500)])
    assert table["ball_pos_z"].type == pa.float16()
    assert min(table["ball_pos_z"].to_pylist()) > 500
