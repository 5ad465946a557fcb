"""Measures are taken of the contract columns, wherever the frames come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Recording
from impulse.files.arrow import array_of
from impulse.files.frames import read_frames, write_frames
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.products.measures import measure
from impulse.schema.features import frame_layout
from impulse.tables.measures import MEASURE_COLUMNS


@pytest.fixture(scope="module")
def parsed(synthetic: tuple[Path, Recording]) -> ParsedReplay:
    return parse_replay(synthetic[0], ParsingConfig.get_preset("standard").params())


def measured(parsed: ParsedReplay, frames: pa.Table | None = None) -> dict[str, object]:
    table = parsed.frames if frames is None else frames
    return measure(table, header=parsed.manifest, players=parsed.players, goals=parsed.goals)


def edited(parsed: ParsedReplay, name: str, value: float, *, where: np.ndarray) -> pa.Table:
    """Return the frames with another value in some rows of a column."""
    column = parsed.frames[name].combine_chunks()
    values = np.where(where, np.float32(value), column.to_numpy(zero_copy_only=False))
    missing = ~np.asarray(column.is_valid())
    return parsed.frames.set_column(
        parsed.frames.column_names.index(name), parsed.frames.schema.field(name), array_of(values, missing)
    )


def test_the_table_has_a_column_for_each_measure(parsed: ParsedReplay) -> None:
    """Functions and columns stand in two rooms; they name the same."""
    assert list(measured(parsed)) == [column.name for column in MEASURE_COLUMNS]


def test_stored_frames_give_the_measures_of_those_in_memory(parsed: ParsedReplay, tmp_path: Path) -> None:
    """Through a file, in parts of a larger table, and with every feature."""
    write_frames(parsed.frames, tmp_path / "frames.arrow")
    expected = measured(parsed)
    assert (
        measured(parsed, read_frames(tmp_path / "frames.arrow", frame_layout(slots_per_team=4).schema.names))
        == expected
    )
    twice = pa.concat_tables([parsed.frames, parsed.frames]).combine_chunks()
    assert measured(parsed, twice.slice(parsed.frames.num_rows)) == expected


def test_a_replay_without_rows_has_measures(parsed: ParsedReplay) -> None:
    """Shares of nothing are 0."""
    found = measured(parsed, parsed.frames.slice(0, 0))
    assert (found["rows"], found["players_at_once"], found["share_held"], found["share_absent"]) == (0, 0, 0.0, 0.0)
    assert (found["seconds_played"], found["max_quat_error"], found["non_finite"]) == (0.0, 0.0, 0)


def rows_with_car(parsed: ParsedReplay) -> np.ndarray:
    """Return the rows in which the first slot has a car; there are others."""
    there = np.asarray(parsed.frames["p0_pos_x"].combine_chunks().is_valid())
    assert there.any()
    assert not there.all()
    return there


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_counted_where_something_is(parsed: ParsedReplay, value: float) -> None:
    """What stands under a null is no value."""
    there = rows_with_car(parsed)
    first = np.arange(len(there)) == np.flatnonzero(there)[0]
    assert measured(parsed, edited(parsed, "p0_vel_z", value, where=first))["non_finite"] == 1
    assert measured(parsed, edited(parsed, "p0_vel_z", value, where=~there))["non_finite"] == 0


def test_only_bodies_that_are_there_are_outside(parsed: ParsedReplay) -> None:
    """The share is that of the rows in which there are cars."""
    there = rows_with_car(parsed)
    half = there & (np.cumsum(there) <= there.sum() // 2)
    cars = sum(
        np.asarray(parsed.frames[f"p{row['slot']}_pos_x"].combine_chunks().is_valid()).sum() for row in parsed.players
    )
    found = measured(parsed, edited(parsed, "p0_pos_x", 9e4, where=half | ~there))
    assert found["outside_car_pos"] == half.sum() / cars
