"""Datasets of every schema that was ever released open, and hold what they held."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pyarrow.compute as pc
import pytest

import impulse
from impulse.errors import ConfigError
from impulse.loading.arrays import open_frame_arrays

FOLDER = Path(__file__).parent.parent / "datasets"
RELEASED = {
    "schema-1.zip": "e830b69d5aa2fc9fd50341da1c937fc53ea29dc6f2601fae7772a25027c6f31c",
    "schema-2.zip": "df6f5823d141204528a02e33feff3c7200324d64e1d2252ff24e462c41e366b0",
    "schema-3.zip": "e3dddc960e6fd73cee8f1542aea581c9a55f3d8f7380187233e09260db2958c6",
}
"""One tiny dataset of each schema, made from three synthetic matches by the code that was released with it, and its SHA-256."""

ROWS = {1: 69, 2: 74, 3: 120}
"""How many rows each has."""


@pytest.fixture(params=RELEASED)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unpacked dataset of one schema."""
    with zipfile.ZipFile(FOLDER / request.param) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_archives_are_what_was_released() -> None:
    """A dataset that is renewed together with the code would show nothing."""
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.zip")} == RELEASED


def test_frames_open_in_every_form(released: Path) -> None:
    """Rows and replays are those of the tables, as pandas, Arrow and arrays of numbers."""
    replays = impulse.load(released, table="replays", as_="pandas")
    frames = impulse.load(released, as_="pandas")
    assert len(replays) == frames["replay_id"].nunique() == 3
    assert (
        len(frames)
        == replays["rows"].sum()
        == ROWS[json.loads((released / "schema.json").read_text())["schema_version"]]
    )
    train = impulse.load(released, split="train", columns=["ball_pos_x"], as_="pandas")
    arrays = open_frame_arrays(released, "train")
    assert arrays.values.shape == (len(train), len(arrays.columns))
    assert arrays.column("ball_pos_x").tolist() == pytest.approx(train["ball_pos_x"].tolist(), nan_ok=True)


@pytest.mark.parametrize("table", ["players", "goals", "demolitions", "rejects"])
def test_tables_open(released: Path, table: str) -> None:
    """Every table is there, with the columns that its schema names."""
    found = impulse.load(released, table=table)
    assert found.num_columns > 3


@pytest.mark.parametrize("name", ["header_team_size", "players_a_side"])
def test_columns_of_later_schemas_are_said_to_be_later(released: Path, name: str) -> None:
    """What the older dataset has instead is named, and filters by it as ever."""
    if "team_size" not in impulse.open_dataset(released).replays.column_names:
        return
    assert impulse.load(released, filters=[("team_size", ">", 0)]).num_rows == impulse.load(released).num_rows
    for filters in ([(name, "=", 3)], pc.field(name) == 3):
        with pytest.raises(ConfigError, match=rf"^filters: '{name}' came with schema 3; .* team_size"):
            impulse.load(released, filters=filters)
