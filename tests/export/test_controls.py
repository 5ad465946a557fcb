"""Controls on their way from parse to the dataset: columns beside those of the frames, row by row."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import subtr_actor
from tests.exported import EXPORT, exported
from tests.jobs import job
from tests.settings import composed

import impulse
from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.dedupe import DedupeParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.dedupe import stage as dedupe
from impulse.demo import corpus, write_replay
from impulse.errors import StageError
from impulse.parsing import stage as parsing
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.controls import is_control
from impulse.schema.pads import PAD_ROW_COLUMNS, is_pad_row
from impulse.schema.sampling import Decoder, GroundControls
from impulse.tables.io import write_table
from impulse.tables.paths import CONTROLS_FILES, PAD_ROWS_FILES, beside_path, frames_path
from impulse.validation import stage as validation

PARAMS = replace(ParsingConfig.get_preset("standard").params(), controls=True, pad_rows=True, slots_per_team=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of a few matches with controls; not to be changed."""
    folder = tmp_path_factory.mktemp("controls")
    files = (Candidate(item.name, item.data) for item in corpus(matches=3, seed=6, duration_seconds=12.0))
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(folder / "raw"))
    parsing.run(job(PARAMS, folder))
    validation.run(job(composed().validate, folder))
    dedupe.run(job(DedupeParams(), folder))
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


def controls_of(dataset: Path) -> dict[str, pa.Table]:
    """Return the exported controls of each replay, in the order of its rows."""
    table = pa.concat_tables(pq.read_table(path) for path in sorted(dataset.glob("frames/*/*.parquet")))
    names = [name for name in table.column_names if is_control(name)]
    ids = table["replay_id"].cast(pa.string())
    return {
        replay_id: table.filter(pa.compute.equal(ids, replay_id)).sort_by("row").select(names)
        for replay_id in ids.unique().to_pylist()
    }


def test_the_dataset_has_what_parse_made(made: Path, tmp_path: Path) -> None:
    """In the frames, described, in the arrays, and for who loads it."""
    dataset = exported(made, tmp_path)

    found = controls_of(dataset)
    assert found
    for replay_id, table in found.items():
        expected = feather.read_table(made / "parsed" / beside_path("controls", replay_id))
        frames = feather.read_table(made / "parsed" / frames_path(replay_id))
        assert expected.num_rows == frames.num_rows
        assert table.to_pydict() == expected.to_pydict()
        assert expected["p0_control_throttle"].null_count < expected.num_rows
    described = {
        column["name"]: column for column in json.loads((dataset / "schema.json").read_text())["tables"]["frames"]
    }
    assert described["p5_control_steer"]["lower"] == -1
    arrays = json.loads((dataset / "numpy" / "train" / "columns.json").read_text())["columns"]
    assert [name for name in arrays if is_control(name)] == found[replay_id].column_names
    loaded = impulse.load(dataset, columns=["p0_control_throttle"])
    assert np.nanmax(np.abs(loaded["p0_control_throttle"].to_numpy())) == 1


def test_how_long_pads_are_empty_goes_the_same_way(made: Path, tmp_path: Path) -> None:
    """Beside the controls, and null in a replay that has none of it."""
    listed = pq.read_table(made / "parsed" / PAD_ROWS_FILES)["replay_id"].to_pylist()
    dataset = exported(made, tmp_path)

    table = impulse.load(dataset, columns=["replay_id", "row", *(column.name for column in PAD_ROW_COLUMNS)])
    ids = table["replay_id"].cast(pa.string())
    for replay_id in ids.unique().to_pylist():
        mine = table.filter(pa.compute.equal(ids, replay_id)).sort_by("row")
        expected = feather.read_table(made / "parsed" / beside_path("pad_rows", replay_id))
        assert replay_id in listed
        assert expected.column_names == [column.name for column in PAD_ROW_COLUMNS]
        for name in expected.column_names:
            np.testing.assert_array_equal(mine[name].to_numpy(), expected[name].to_numpy())
    arrays = json.loads((dataset / "numpy" / "train" / "columns.json").read_text())["columns"]
    assert [name for name in arrays if is_pad_row(name)] == [column.name for column in PAD_ROW_COLUMNS]
    assert table[PAD_ROW_COLUMNS[0].name].null_count < table.num_rows


def test_a_replay_without_controls_stays_with_nulls(copied: Path, tmp_path: Path) -> None:
    """As one whose raw data the parser refuses has none."""
    path = copied / "parsed" / CONTROLS_FILES
    table = pq.read_table(path)
    write_table(table.slice(1), path)
    lacking = table["replay_id"][0].as_py()

    found = controls_of(exported(copied, tmp_path / "out"))

    assert lacking in found
    for replay_id, controls in found.items():
        is_nothing = all(controls[name].null_count == controls.num_rows for name in controls.column_names)
        assert is_nothing == (replay_id == lacking)


def test_controls_that_were_changed_are_noticed(copied: Path, tmp_path: Path) -> None:
    """No byte goes into a dataset that is not the one that parse wrote."""
    first = pq.read_table(copied / "parsed" / CONTROLS_FILES)["replay_id"][0].as_py()
    path = copied / "parsed" / beside_path("controls", first)
    path.unlink()
    path.write_bytes(b"other")

    with pytest.raises(StageError, match="not the file that parse wrote"):
        exported(copied, tmp_path / "out")


def test_another_choice_makes_controls_alone(copied: Path, tmp_path: Path) -> None:
    """Frames and measures stay, and only parts of the dataset that hold controls are written again."""
    before = controls_of(exported(copied, tmp_path / "out", EXPORT))
    counts = parsing.run(job(replace(PARAMS, ground_controls=GroundControls.recorded), copied))
    after = controls_of(exported(copied, tmp_path / "out", EXPORT))

    made = len(pq.read_table(copied / "parsed" / CONTROLS_FILES))
    assert (counts.timing["parsed_now"], counts.timing["measured_now"], counts.timing["controls_now"]) == (0, 0, made)
    steers = 0
    for replay_id, table in after.items():
        old = before[replay_id]
        assert table["p0_control_steer"].equals(old["p0_control_steer"])
        steers += old["p0_control_yaw"].null_count - table["p0_control_yaw"].null_count
    assert steers > 0


def test_without_controls_nothing_is_different(copied: Path, tmp_path: Path) -> None:
    """Neither folder nor columns."""
    parsing.run(job(replace(PARAMS, controls=False, pad_rows=False), copied))

    assert not any((copied / "parsed" / name).exists() for name in ("controls", "pad_rows", PAD_ROWS_FILES))
    assert not any(table.column_names for table in controls_of(exported(copied, tmp_path / "out")).values())


@pytest.mark.parametrize(("decoder", "calls"), [(Decoder.exact, 1), (Decoder.array, 2)])
def test_one_reading_of_the_raw_data_serves_frames_and_controls(
    decoder: Decoder, calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The array call reads the first network frames raw, to know what to make of the others."""
    write_replay(tmp_path / "a.replay", seed=2, team_size=1, duration_seconds=8.0)
    read: list[int] = []
    parse = subtr_actor.parse_replay

    def counted(data: bytes) -> Any:
        read.append(len(data))
        return parse(data)

    monkeypatch.setattr(subtr_actor, "parse_replay", counted)

    together = parse_replay(tmp_path / "a.replay", replace(PARAMS, decoder=decoder))
    assert len(read) == calls
    apart = parse_replay(tmp_path / "a.replay", replace(PARAMS, decoder=decoder, controls=False, pad_rows=False))

    assert together.frames.equals(apart.frames)
    assert together.controls is not None
    assert together.pad_rows is not None
    assert apart.controls is None
