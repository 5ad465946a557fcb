"""Known traps of parsers, each corrected, marked in the data, or refused; on real matches of several eras."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.parsing.samples import samples_at_10fps

from impulse.config.parsing_config import ParsingConfig
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.sampling import GapRows

MATCHES = (
    "replay-format-2016-07-21-v868-12-net-none-lan.replay",
    "replay-format-2019-04-19-v868-24-net10-modern-rigidbody.replay",
    "replay-format-2022-09-29-v868-32-net10-legacy-boost.replay",
    "rlcs-2025-worlds-grand-final-flcn-nrg-g5.replay",
    "replay-format-2026-06-02-v868-32-net11-worldcup-ball.replay",
)
PARAMS = ParsingConfig.get_preset("standard").params()


@cache
def parsed_at(path: Path) -> ParsedReplay:
    return parse_replay(path, PARAMS)


@pytest.fixture(params=MATCHES, ids=lambda name: name[:24])
def match(request: pytest.FixtureRequest, real_replays: Path) -> ParsedReplay:
    return parsed_at(real_replays / "match" / request.param)


def column(parsed: ParsedReplay, name: str) -> np.ndarray:
    values: np.ndarray = parsed.frames[name].to_numpy(zero_copy_only=False)
    return values


def test_an_absent_body_is_null_and_not_the_origin(match: ParsedReplay) -> None:
    """The parser fills zeros and the identity rotation; no row of ours has them."""
    raw = match.decoded.array
    filled = 0
    for player, slot in enumerate(row["slot"] for row in match.players):
        start = match.layout.global_width + player * match.layout.player_width
        zeros = (raw[:, start : start + 3] == 0).all(axis=1)
        filled += int(zeros.sum())
        assert np.isnan(column(match, f"p{slot}_pos_x")[zeros]).all()
        assert np.isnan(column(match, f"p{slot}_quat_w")[zeros]).all()
        assert np.isnan(column(match, f"p{slot}_boost")[zeros]).all()
    assert filled > 0


def test_a_missing_ball_is_null(match: ParsedReplay) -> None:
    """Where there is no ball its columns are null."""
    absent = ~column(match, "ball_present")
    assert np.isnan(column(match, "ball_pos_x")[absent]).all()
    assert not np.isnan(column(match, "ball_pos_x")[~absent]).any()


@pytest.mark.parametrize("name", MATCHES, ids=lambda name: name[:24])
def test_rows_that_fill_gaps_are_left_out_or_marked(name: str, real_replays: Path) -> None:
    """A row that shows another moment is there only on request; none that is more than one step ahead is left unmarked."""
    path = real_replays / "match" / name
    kept = parse_replay(path, replace(PARAMS, gap_rows=GapRows.keep))
    for parsed in (parsed_at(path), kept):
        ahead = column(parsed, "frame_time") - column(parsed, "time")
        fresh = ~column(parsed, "is_held")
        assert ahead[fresh].max() <= 0.1 + 1e-3
        assert ahead[~fresh].max() > 1.0 if parsed is kept else ahead.max() <= 0.25
    assert parsed_at(path).frames.num_rows == samples_at_10fps(path) < kept.frames.num_rows


def test_demolished_cars_are_hidden_until_they_are_back(match: ParsedReplay) -> None:
    """The parser's flag ends after a second; ours lasts to the respawn, and the wreck's state is null."""
    for row in match.demolitions:
        slot = row["victim_slot"]
        demolished = column(match, f"p{slot}_demolished")
        assert demolished[row["row"]]
        lasting = demolished[row["row"] :]
        length = int(np.argmin(lasting)) if not lasting.all() else len(lasting)
        assert np.isnan(column(match, f"p{slot}_pos_x")[row["row"] : row["row"] + length]).all()
        end = min(row["row"] + length, len(demolished) - 1)
        times = column(match, "frame_time")
        assert times[end] - times[row["row"]] >= 2.5
        assert match.frames[f"p{slot}_demolished_by"][row["row"]].as_py() == row["attacker_slot"]


def test_demolitions_are_told_in_all_years(match: ParsedReplay) -> None:
    """The parser does not read the attribute that recordings until 2020 have."""
    assert match.replay["demolitions_known"]
    assert match.demolitions
    assert match.frames["p0_demolished"].null_count == 0


def test_flags_are_booleans_and_not_counters(match: ParsedReplay) -> None:
    """Jumps come as counters of any size; odd means active."""
    offset = match.layout.player_at["PlayerJump"].start
    raw = match.decoded.array
    assert raw[:, match.layout.global_width + offset].max() > 1
    dodge = match.frames["p0_dodge"].drop_null().to_pylist()
    assert set(dodge) == {True, False}


def test_units_are_those_of_the_game(match: ParsedReplay) -> None:
    """Boost is 0 to 100, spins are below 5.5 rad/s, speeds below 2300 uu/s."""
    boost = np.concatenate([column(match, f"p{row['slot']}_boost") for row in match.players])
    assert 99.0 < np.nanmax(boost) <= 100.0
    assert np.nanmin(boost) >= 0.0
    spin = np.concatenate(
        [np.sqrt(sum(column(match, f"p{row['slot']}_angvel_{axis}") ** 2 for axis in "xyz")) for row in match.players]
    )
    assert 5.0 < np.nanmax(spin) <= 5.52
    speed = np.concatenate(
        [np.sqrt(sum(column(match, f"p{row['slot']}_vel_{axis}") ** 2 for axis in "xyz")) for row in match.players]
    )
    assert 2200 < np.nanmax(speed) <= 2312


def test_game_states_are_names(match: ParsedReplay) -> None:
    """Every file numbers its states differently; names are the same everywhere."""
    states = set(match.frames["game_state"].to_pylist()) - {None}
    assert {"Countdown", "Active", "PostGoalScored"} <= states


def test_goals_are_those_of_the_header_with_their_rows(match: ParsedReplay) -> None:
    """Each goal of the header has the row in which the game celebrates it, and a scorer of the right team."""
    states = match.frames["game_state"].to_pylist()
    assert match.goals
    for goal in match.goals:
        assert goal["row"] is not None
        assert states[goal["row"]] == "PostGoalScored"
        assert (goal["slot"] >= 4) == (goal["team"] == "orange")


def test_segments_cross_no_goal_and_no_reset(match: ParsedReplay) -> None:
    """Inside a segment the game is in play all the time and the clock of frames runs without a jump."""
    segment = match.frames["segment"].to_pandas()
    states = match.frames["game_state"].to_pandas()
    time = column(match, "frame_time")
    for number in segment.dropna().unique():
        rows = np.flatnonzero(segment == number)
        assert (np.diff(rows) == 1).all()
        assert set(states.iloc[rows]) == {"Active"}
        assert np.diff(time[rows]).max(initial=0) < 1.0


def test_players_are_told_apart_by_id(real_replays: Path) -> None:
    """Two players of one name, or one called like something of the game, each have a slot of their own."""
    twins = parsed_at(real_replays / "clip" / "PLAYERNAME_TWO_PLAYERS_NAMED_SAME.replay")
    assert len({row["player_id"] for row in twins.players}) == len(twins.players) == 2
    ball = parsed_at(real_replays / "clip" / "PLAYERNAME_BALL.replay")
    assert [row["name"].lower() for row in ball.players] == ["ball"]
    assert not np.isnan(column(ball, "p0_pos_x")).all()
    assert not np.isnan(column(ball, "ball_pos_x")).all()
