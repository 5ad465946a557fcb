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

UNLISTED = {"stats_source": None, "stats_differ": None}
"""What the table of players says of somebody of whom nothing tells what he did."""


@pytest.fixture(scope="module")
def parsed(synthetic: tuple[Path, Recording]) -> ParsedReplay:
    return parse_replay(synthetic[0], ParsingConfig.get_preset("standard").params())


def measured(parsed: ParsedReplay, frames: pa.Table | None = None) -> dict[str, object]:
    table = parsed.frames if frames is None else frames
    return measure(table, header=parsed.manifest, players=parsed.players, stints=parsed.stints, goals=parsed.goals)


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
    assert found["players_a_side"] is None


@pytest.mark.parametrize(
    ("clock", "restarts"),
    [
        ([300, 299, 12, 300, 299], 1),
        ([2, 1, 0, 0, 300, 120, None, 300], 2),
        ([1, 0, 0, 1, 2, 30, None, 60], 0),  # overtime, of which a row is missing
        ([None, None, 300, 299], 0),
        ([None], 0),
    ],
)
def test_a_clock_that_is_set_back_is_another_match(
    parsed: ParsedReplay, clock: list[int | None], restarts: int
) -> None:
    """It runs down, and up in overtime, so that only a rematch makes it jump up."""
    frames = parsed.frames.slice(0, len(clock))
    at = frames.schema.get_field_index("seconds_remaining")
    told = frames.set_column(at, frames.schema.field(at), pa.array(clock, frames.schema.field(at).type))
    assert measured(parsed, told)["clock_restarts"] == restarts


def test_the_clock_runs_where_the_recording_does_not_tell_of_touches(parsed: ParsedReplay) -> None:
    """From the first touch on the ball is off its spot."""
    name = "ball_has_been_hit"
    at, field = parsed.frames.schema.get_field_index(name), parsed.frames.schema.field(name)
    untold = parsed.frames.set_column(at, field, pa.nulls(parsed.frames.num_rows, field.type))
    assert measured(parsed)["seconds_played"] == pytest.approx(40.0, abs=1.0)
    assert measured(parsed, untold)["seconds_played"] == pytest.approx(40.0, abs=1.0)


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


SIDES = {
    "two against two": ("blue 0 100, blue 0 100, orange 0 100, orange 0 100", 2),
    "a bot and whoever takes its place overlap": ("blue 0 100, blue 0 100, blue 50 60, orange 0 100, orange 0 100", 2),
    "both teams lose one": ("blue 0 100, blue 0 60, orange 0 100, orange 0 65", 2),
    "one never comes": ("blue 0 100, orange 0 100, orange 0 100, orange 0 100", 3),
    "one takes another's place": ("blue 0 50, blue 50 100, orange 0 100", 1),
    "nobody to play against": ("blue 0 100", 1),
    "most left before the play, or came after it": ("blue 0 100, blue -50 10, blue 95 150, orange 0 100", 1),
    "nobody": ("blue 0 0", None),
}
"""Who is on the field from which to which second of 100 s of play, and how many play on a side."""


def with_present(parsed: ParsedReplay, text: str, *, is_play_known: bool) -> tuple[pa.Table, list[dict[str, object]]]:
    """Return frames of a minute before play, 100 s of play and a minute after, and their players."""
    at = np.arange(-60.0, 160.0, 0.1, dtype=np.float32)
    rows = len(at)
    table = pa.concat_tables([parsed.frames] * (rows // parsed.frames.num_rows + 1)).slice(0, rows)
    in_play = (at >= 0) & (at < 100) & is_play_known
    columns = {
        "is_held": array_of(np.zeros(rows, dtype=bool)),
        "frame_time": array_of(at + 60),
        "segment": array_of(np.zeros(rows, dtype=np.int16), ~in_play),
    }
    players: list[dict[str, object]] = []
    for one in text.split(", "):
        team, first, last = one.split()
        slot = sum(row["team"] == team for row in players) + (0 if team == "blue" else 4)
        columns[f"p{slot}_present"] = array_of((at >= float(first)) & (at < float(last)))
        players.append({"slot": slot, "team": team, "is_bot": False, "goals": None, **UNLISTED})
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), table.schema.field(name), values)
    return table, players


@pytest.mark.parametrize("case", SIDES)
@pytest.mark.parametrize("is_play_known", [True, False])
def test_players_a_side_are_those_of_a_good_part_of_the_play(
    parsed: ParsedReplay, case: str, is_play_known: bool
) -> None:
    """Neither an overlap nor somebody who leaves changes it, and the header says nothing about it."""
    text, expected = SIDES[case]
    frames, players = with_present(parsed, text, is_play_known=is_play_known)
    assert (
        measure(frames, header=parsed.manifest, players=players, stints=players, goals=[])["players_a_side"] == expected
    )


def test_players_a_side_are_those_of_the_play(parsed: ParsedReplay) -> None:
    """Who is there before and after it counts only where nothing tells when it was."""
    text = "blue -60 160, blue -60 10, orange -60 160"
    for is_play_known, expected in ((True, 1), (False, 2)):
        frames, players = with_present(parsed, text, is_play_known=is_play_known)
        assert (
            measure(frames, header=parsed.manifest, players=players, stints=players, goals=[])["players_a_side"]
            == expected
        )


@pytest.mark.real_replays
@pytest.mark.parametrize(
    ("name", "header", "played"),
    [
        ("match/replay-format-2016-07-21-v868-12-net-none-lan.replay", 4, 3),
        ("match/post-eac-private-2026-04-28.replay", 3, 1),
        ("recoverable/9a2cd.replay", 3, 3),
        ("clip/GROUNDED_PASS_GOAL.replay", 2, 2),
    ],
)
def test_players_a_side_of_real_matches(real_replays: Path, name: str, header: int, played: int) -> None:
    """A LAN match of 3 against 3 in a room for 4, a duel in a room for 3, a fourth for 7 s of 69, a team of two alone."""
    found = parse_replay(real_replays / name, ParsingConfig.get_preset("minimal").params())
    assert (found.manifest["header_team_size"], found.measures["players_a_side"]) == (header, played)


@pytest.mark.real_replays
def test_a_rematch_in_a_recording_is_found(real_replays: Path) -> None:
    """Its clock goes from 0:12 back to 5:00, and the header has the goals of both matches with the score of one."""
    path = real_replays / "match/post-eac-private-2026-04-28.replay"
    found = parse_replay(path, ParsingConfig.get_preset("minimal").params()).measures
    assert found["clock_restarts"] == 1
    assert found["goal_mismatch"] > 0
