"""The long layout: one row for each player on the field and frame, computed while the wide frames are read."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.exported import listed_again

import impulse
from impulse.errors import ConfigError
from impulse.loading.long_layout import long_schema, to_long
from impulse.schema.column import Column, arrow_schema

ORDER = ["replay_id", "slot", "row"]


@pytest.fixture(scope="module")
def reference(dataset: Path) -> pd.DataFrame:
    """The rows of every slot of the wide frames where its player is present, by pandas, with who it is."""
    wide = pd.read_parquet(dataset / "frames").astype({"split": str, "replay_id": str})
    common = [name for name in wide.columns if not re.match(r"p\d+_", name)]
    parts = []
    for slot in range(8):
        own = [name for name in wide.columns if name.startswith(f"p{slot}_") and name != f"p{slot}_present"]
        part = wide.loc[wide[f"p{slot}_present"], [*common, *own]]
        parts.append(part.rename(columns={name: name[3:] for name in own}).assign(slot=np.int8(slot)))
    stints = pd.read_parquet(dataset / "stints.parquet").dropna(subset="first_row").astype({"first_row": "int32"})
    players = pd.read_parquet(dataset / "players.parquet")[["replay_id", "player", "player_id"]]
    stints = stints.merge(players, on=["replay_id", "player"])
    who = stints[["replay_id", "slot", "team", "player_id", "first_row"]].rename(columns={"first_row": "row"})
    rows = pd.concat(parts).sort_values("row")
    found = pd.merge_asof(rows, who.sort_values("row"), on="row", by=["replay_id", "slot"])
    sizes = pd.read_parquet(dataset / "replays.parquet", columns=["replay_id", "players_a_side"])
    return found.merge(sizes, on="replay_id").sort_values(ORDER, ignore_index=True)


def same(mine: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare rows in any order; a null is one in whatever type."""
    mine = mine.astype({"replay_id": str}).sort_values(ORDER, ignore_index=True)
    expected = expected.reset_index(drop=True)[list(mine.columns)]
    mine, expected = (table.astype(object).where(table.notna(), None) for table in (mine, expected))
    pd.testing.assert_frame_equal(mine, expected)


def test_rows_are_those_of_the_wide_frames(dataset: Path, reference: pd.DataFrame) -> None:
    """Every column and every row, sorted by replay, slot and row; types and units are those of the wide columns."""
    table = impulse.load(dataset, layout="long")
    same(table.to_pandas(), reference)
    assert table.num_rows == impulse.open_dataset(dataset).frames(layout="long").count_rows() == len(reference)
    wide = impulse.load(dataset).schema
    assert table.schema.field("pos_x").equals(wide.field("p0_pos_x").with_name("pos_x"), check_metadata=True)
    first = table.filter(pc.field("replay_id") == table["replay_id"][0].as_py()).select(["slot", "row"])
    assert first.equals(first.sort_by([("slot", "ascending"), ("row", "ascending")]))


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        (
            {"split": "train", "filters": [("players_a_side", "=", 3), ("team", "=", "blue")]},
            "split == 'train' and players_a_side == 3 and team == 'blue'",
        ),
        ({"filters": pc.field("boost") > 50}, "boost > 50"),
        ({"filters": (pc.field("team") == "orange") & (pc.field("segment") == 1)}, "team == 'orange' and segment == 1"),
        ({"filters": [[("slot", "=", 0)], [("players_a_side", "=", 1)]]}, "slot == 0 or players_a_side == 1"),
        ({"filters": [("players_a_side", "=", 9)]}, "players_a_side == 9"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_splits_filters_and_columns_mean_what_they_mean_in_pandas(
    dataset: Path, reference: pd.DataFrame, arguments: dict[str, Any], query: str
) -> None:
    """Conditions on columns that were not asked for, too; of the wide frames only what is needed is read."""
    columns = ["replay_id", "slot", "row", "player_id", "demolished"]
    mine = impulse.load(dataset, layout="long", columns=columns, as_="pandas", **arguments)
    same(mine, reference.query(query))


def test_each_replay_comes_once(dataset: Path) -> None:
    """Replay by replay gives the rows of all at once."""
    frames = impulse.open_dataset(dataset).frames(layout="long", columns=["row", "team", "split"])
    parts = dict(frames.each_replay())
    assert set(parts) == set(frames.replays["replay_id"].to_pylist())
    assert pa.concat_tables(parts.values()).to_pydict() == frames.to_arrow().to_pydict()


def test_a_replay_with_nobody_on_the_field_has_no_rows(dataset: Path, tmp_path: Path) -> None:
    """Its players were never there; the other replays are as they were."""
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    rows = pq.read_table(copy / "stints.parquet").to_pylist()
    deserted = rows[0]["replay_id"]
    gone = [{**row, "first_row": None} if row["replay_id"] == deserted else row for row in rows]
    pq.write_table(pa.Table.from_pylist(gone, pq.read_schema(copy / "stints.parquet")), copy / "stints.parquet")
    listed_again(copy)
    before = impulse.load(dataset, layout="long", columns=["replay_id", "slot", "row", "player_id"])
    mine = impulse.load(copy, layout="long", columns=["replay_id", "slot", "row", "player_id"])
    assert mine.to_pydict() == before.filter(pc.field("replay_id") != deserted).to_pydict()


def test_players_who_share_a_slot_are_told_apart() -> None:
    """From his first row on a slot is the later player's."""
    columns = [
        Column("row", "int32", "row"),
        Column("p0_present", "bool", "there"),
        Column("p0_x", "float32", "x", nullable=True),
        Column("p1_present", "bool", "there"),
        Column("p1_x", "float32", "x", nullable=True),
        Column("split", "string", "split"),
    ]
    wide = pa.table(
        [[0, 1, 2, 3, 4], [True, True, False, True, True], [1, 2, None, 4, 5], [False] * 5, [None] * 5, ["val"] * 5],
        schema=arrow_schema(columns),
    )
    players = [(0, "blue", "early", 0), (0, "blue", "late", 3), (1, "orange", "never seen", 0)]
    holders = [dict(zip(("slot", "team", "player_id", "first_row"), row, strict=True)) for row in players]
    table = to_long(wide, holders, long_schema(wide.schema))
    assert table.to_pydict() == {
        "row": [0, 1, 3, 4],
        "slot": [0] * 4,
        "team": ["blue"] * 4,
        "player_id": ["early", "early", "late", "late"],
        "x": [1, 2, 4, 5],
        "split": ["val"] * 4,
    }
    assert to_long(wide.slice(2, 1), holders, long_schema(wide.schema)).num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layout": "tall"}, "layout: unknown name 'tall'; known are wide, long"),
        ({"layout": "long", "columns": ["p0_pos_x"]}, "columns: unknown name 'p0_pos_x'; did you mean pos_x"),
        ({"layout": "long", "as_": "numpy"}, "as_: only frames in the wide layout are arrays of numbers"),
        ({"layout": "long", "table": "goals"}, "layout: only frames have layouts"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_wrong_arguments_are_said_in_one_line(dataset: Path, arguments: dict[str, Any], message: str) -> None:
    """Each names what is wrong and what there is."""
    with pytest.raises(ConfigError, match=message):
        impulse.load(dataset, **arguments)
