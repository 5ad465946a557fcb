"""Statistics: those of what happened, in columns that are fixed, and nothing lost of what has no column."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import subtr_actor

from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.parsed_file import ParsedFile
from impulse.demo import Recording, write_replay
from impulse.demo.match.arena import BIG_PADS
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.products import stats as stats_module
from impulse.products.stats import make_stats
from impulse.tables.io import table_of
from impulse.tables.on_request import ON_REQUEST
from impulse.tables.statistics.columns import MODULES, PLAYER_STATS_COLUMNS, TEAM_STATS_COLUMNS

PARAMS = dataclasses.replace(ParsingConfig.get_preset("standard", fps=30.0).params(), stats=True)
TABLES = ON_REQUEST["stats"]
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def parsed(synthetic: tuple[Path, Recording]) -> ParsedReplay:
    return parse_replay(synthetic[0], PARAMS)


def told(parsed: ParsedReplay, *columns: str) -> dict[str, tuple[Any, ...]]:
    """Return values by the player's name."""
    names = [row["name"] for row in parsed.players]
    return {names[row["player"]]: tuple(row[column] for column in columns) for row in parsed.on_request["player_stats"]}


def test_counts_are_those_of_the_truth(parsed: ParsedReplay, synthetic: tuple[Path, Recording]) -> None:
    """Goals, assists, demolitions and pads of every player; each is in the sums of his team."""
    match = synthetic[1].match
    truth = {
        who.player.name: (
            sum(goal.scorer == number for goal in match.goals),
            sum(goal.assistant == number for goal in match.goals),
            sum(event.attacker == number for event in match.demolitions),
            sum(event.victim == number for event in match.demolitions),
            *(
                sum(pad.player == number and (pad.pad < BIG_PADS) == big for pad in match.pickups)
                for big in (True, False)
            ),
        )
        for number, who in enumerate(match.players)
    }
    players = told(parsed, "core_goals", "core_assists", "demo_demos_inflicted", "demo_demos_taken")
    assert players == {name: row[:4] for name, row in truth.items()}
    pads = told(
        parsed,
        "boost_big_pads_collected",
        "boost_big_pads_collected_inactive",
        "boost_small_pads_collected",
        "boost_small_pads_collected_inactive",
    )
    assert {name: (row[0] + row[1], row[2] + row[3]) for name, row in pads.items()} == {
        name: row[4:] for name, row in truth.items()
    }
    assert all(map(sum, zip(*truth.values(), strict=True)))
    for team, number in (("blue", 0), ("orange", 1)):
        (row,) = (row for row in parsed.on_request["team_stats"] if row["team"] == team)
        assert row["core_goals"] == sum(goal.team == number for goal in match.goals)


def in_play(frames: pd.DataFrame, slot: int) -> tuple[float, float, float]:
    """Return from the frames how long somebody is on the field in play, in s, and his mean speed and boost."""
    seconds = np.diff(frames["frame_time"].to_numpy(float), prepend=np.nan)
    seconds[~frames["game_state"].isin(["Active", "Finished"])] = np.nan
    speed = np.linalg.norm(frames[[f"p{slot}_vel_{axis}" for axis in "xyz"]].to_numpy(float), axis=1)
    boost = frames[f"p{slot}_boost"].to_numpy(float)
    there, told = ~np.isnan(seconds + speed), ~np.isnan(seconds + boost)
    return (
        float(seconds[there].sum()),
        float(np.average(speed[there], weights=seconds[there])),
        float(np.average(boost[told], weights=seconds[told])) if told.any() else np.nan,
    )


def means(row: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the same from the statistics."""
    speed = row["movement_speed_integral"] / row["movement_tracked_time"]
    return row["movement_tracked_time"], speed, row["boost_boost_integral"] / row["boost_tracked_time"]


def is_near(mine: Sequence[float], theirs: Sequence[float]) -> bool:
    """Tell whether time and speed are equal within 2 %, and boost within 1 % of a tank."""
    allowed = (0.02 * theirs[0], 0.02 * theirs[1], 1)
    return all(abs(one - other) <= most for one, other, most in zip(mine, theirs, allowed, strict=True))


def test_units_are_those_of_the_frames(parsed: ParsedReplay) -> None:
    """Time, mean speed and mean boost of each player are those that the columns of the frames have."""
    frames = parsed.frames.to_pandas()
    for row in parsed.on_request["player_stats"]:
        assert is_near(means(row), in_play(frames, row["slot"]))


def test_rows_are_those_of_players_and_teams(parsed: ParsedReplay) -> None:
    """Statistics are made on request alone, with slot and team of the table of players."""
    rows = parsed.on_request
    assert rows.keys() == {"player_stats", "team_stats"}
    place = [(row["player"], row["slot"], row["team"]) for row in parsed.players]
    assert [(row["player"], row["slot"], row["team"]) for row in rows["player_stats"]] == place
    assert [row["team"] for row in rows["team_stats"]] == ["blue", "orange"]
    assert all(row["further"] is None for table in rows.values() for row in table)
    for name, columns in TABLES.items():
        assert table_of(rows[name], columns).num_columns == len(columns)


def test_every_module_of_the_parser_has_columns() -> None:
    """A module that an upgrade adds is kept in `further`, and wants a place in the table."""
    assert {module.name for module in MODULES} == set(subtr_actor.get_stats_module_names())
    for columns in (PLAYER_STATS_COLUMNS, TEAM_STATS_COLUMNS):
        assert max(Counter(column.name for column in columns).values()) == 1


def test_thresholds_that_meanings_name_are_the_parsers(tmp_path: Path) -> None:
    """An upgrade that decides otherwise makes the texts wrong."""
    write_replay(tmp_path / "short.replay", seed=1, team_size=1, duration_seconds=2.0)
    config = subtr_actor.get_stats_snapshot_data(tmp_path / "short.replay", frame_step_seconds=1000.0)["config"]
    named = {
        ("aerial_goal", "min_ball_z"): "aerial_goal_count",
        ("high_aerial_goal", "min_ball_z"): "high_aerial_goal_count",
        ("long_distance_goal", "max_attacking_y"): "long_distance_goal_count",
        ("flick_goal", "max_event_to_goal_seconds"): "flick_goal_count",
        ("ceiling_shot_goal", "max_event_to_goal_seconds"): "ceiling_shot_goal_count",
        ("double_tap_goal", "max_event_to_goal_seconds"): "double_tap_goal_count",
        ("one_timer_goal", "max_event_to_goal_seconds"): "one_timer_goal_count",
        ("passing_goal", "max_pass_to_goal_seconds"): "passing_goal_count",
        ("air_dribble_goal", "max_end_to_goal_seconds"): "air_dribble_goal_count",
        ("flip_reset_goal", "max_event_to_goal_seconds"): "flip_reset_goal_count",
        ("bump_goal", "max_event_to_goal_seconds"): "bump_goal_count",
        ("demo_goal", "max_event_to_goal_seconds"): "demo_goal_count",
        ("half_volley_goal", "max_touch_to_goal_seconds"): "half_volley_goal_count",
        ("half_volley", "max_bounce_to_touch_seconds"): "half_volley_count",
        ("half_volley", "min_ball_speed"): "half_volley_count",
        ("ball_half", "neutral_zone_half_width_y"): "ball_half_side_time",
        ("ball_third", "boundary_y"): "ball_third_third_time",
        ("positioning", "level_ball_depth_margin"): "positioning_time_behind_ball",
        ("rotation", "first_man_ambiguity_margin"): "rotation_time_ambiguous_role",
    }
    meanings = {column.name: column.meaning for column in (*PLAYER_STATS_COLUMNS, *TEAM_STATS_COLUMNS)}
    for (module, setting), column in named.items():
        (value,) = (value for name, value in config[module].items() if name.endswith(setting))
        numbers = [float(text.replace(",", "")) for text in re.findall(r"\d[\d,.]*\d|\d", meanings[column])]
        assert any(number == pytest.approx(value, rel=1e-4) for number in numbers), (column, value)
        assert module in column


HOST, OTHER, GUEST = {"Steam": "7"}, {"Epic": "e"}, {"Xbox": "9"}


def rows_of(
    monkeypatch: pytest.MonkeyPatch, *, known: tuple[dict[str, str], ...] = (HOST, OTHER), **modules: Any
) -> Rows:
    """Return the rows of two players, and of two at one screen, of a match of which the parser tells this."""
    meta = {"team_zero": [{"remote_id": account} for account in known], "team_one": []}
    monkeypatch.setattr(stats_module, "call_stats", lambda path: {"modules": modules, "replay_meta": meta})
    file = ParsedFile(
        Path("any"),
        "r",
        players=[{"player": number, "slot": number, "team": "blue"} for number in range(4)],
        player_ids=["Steam(7)", "Epic(e)", "Xbox(9)", "Xbox(9)"],
        stints=[],
        frame_time=np.zeros(0, dtype=np.float32),
        frames=pa.table({}),
    )
    return make_stats(file, tables=TABLES)


def of_player(account: dict[str, str], **stats: Any) -> dict[str, Any]:
    return {"player_stats": [{"player_id": account, "stats": stats}]}


def test_boost_is_as_in_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full tank is 100, in sums and over time; counts stay."""
    mine = {"amount_collected": 510.0, "boost_integral": 2550.0, "big_pads_collected": 2}
    host = rows_of(monkeypatch, boost=of_player(HOST, **mine))["player_stats"][0]
    assert (host["boost_amount_collected"], host["boost_boost_integral"], host["boost_big_pads_collected"]) == (
        200,
        1000,
        2,
    )


def test_nothing_done_is_nothing_and_nothing_told_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of a module are 0 for those whom it does not list, its best is null; a module that is missing is null."""
    rows = rows_of(
        monkeypatch,
        flick=of_player(HOST, count=1, best_confidence=0.5),
        dodge_reset=of_player(HOST, count=1, flip_reset_min_time_to_use=0.0),
        half_volley={"player_stats": [], "team_zero": {"count": 0, "fastest_ball_speed": 0.0}, "team_one": {}},
    )
    host, other, guest, _ = rows["player_stats"]
    assert (host["flick_count"], host["flick_best_confidence"], host["flick_kind__side"]) == (1, 0.5, 0)
    assert (other["flick_count"], other["flick_best_confidence"], other["flick_kind__side"]) == (0, None, 0)
    assert (host["dodge_reset_flip_reset_min_time_to_use"], other["dodge_reset_flip_reset_min_time_to_use"]) == (
        0,
        None,
    )
    assert rows["team_stats"][0]["half_volley_fastest_ball_speed"] is None
    assert {row.get("touch_touch_count") for row in rows["player_stats"]} == {None}
    assert guest.keys() == {"replay_id", "player", "slot", "team"}


def test_nobody_has_the_statistics_of_an_account_that_several_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests have their host's, so the parser's sums are of both; whom the parser does not know has none either."""
    rows = rows_of(monkeypatch, known=(HOST, GUEST), touch=of_player(GUEST, touch_count=3))["player_stats"]
    assert [row.get("touch_touch_count") for row in rows] == [0, None, None, None]


def test_sums_of_the_match_are_those_of_each_team(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a team is the team's own, and stands before one of both."""
    stats = {
        "count": 3,
        "wins": 9,
        "team_zero_wins": 2,
        "team_one_wins": 1,
        "kickoff_team_one_wins": 1,
        "kickoff_team_zero_wins": 0,
    }
    blue, orange = rows_of(monkeypatch, fifty_fifty={"stats": stats, "player_stats": []})["team_stats"]
    columns = ("fifty_fifty_count", "fifty_fifty_wins", "fifty_fifty_kickoff_wins")
    assert [tuple(row[column] for column in columns) for row in (blue, orange)] == [(3, 2, 0), (3, 1, 1)]
    assert blue["further"] is None


def test_goals_of_a_kind_are_their_scorers(monkeypatch: pytest.MonkeyPatch) -> None:
    """And events that the parser only lists are whose they are; a goal that nobody scored is the team's."""
    goals = [
        {"scorer": OTHER, "scoring_team_is_team_0": False},
        {"scorer": HOST, "scoring_team_is_team_0": True},
        {"scorer": None, "scoring_team_is_team_0": True},
    ]
    rows = rows_of(
        monkeypatch,
        core={"goal_context": goals, "player_stats": []},
        flick_goal={"events": [{"goal_index": 1}, {"goal_index": 0}, {"goal_index": 2}, {"goal_index": 1}]},
        dodge={"events": [{"player": OTHER, "is_team_0": False}]},
        rush={"events": [{"is_team_0": True}], "stats": {"team_zero_count": 1}},
    )
    assert [row["flick_goal_count"] for row in rows["player_stats"][:2]] == [2, 1]
    assert [row["flick_goal_count"] for row in rows["team_stats"]] == [3, 1]
    assert [row["dodge_count"] for row in (*rows["player_stats"][:2], *rows["team_stats"])] == [0, 1, 0, 1]
    assert rows["team_stats"][0]["rush_count"] == 1


@pytest.mark.parametrize(("evaluated", "expected"), [(0, None), (1, 0.25)])
def test_expected_goals_are_null_where_the_parser_has_no_model(
    monkeypatch: pytest.MonkeyPatch, evaluated: int, expected: float | None
) -> None:
    """In all matches but two against two it gives zeros."""
    team = {"xg": 0.25, "evaluated_touch_count": evaluated, "unavailable_touch_count": 0, "current_threat": 0.1}
    module = {**of_player(HOST, xg=0.25), "team_zero": team, "team_one": {**team, "evaluated_touch_count": 0}}
    rows = rows_of(monkeypatch, expected_goals=module)
    assert {row.get("expected_goals_xg") for row in (rows["player_stats"][0], *rows["team_stats"])} == {expected}
    assert rows["team_stats"][0]["further"] is None


def test_what_a_parser_of_tomorrow_adds_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module, a statistic, a class, an odd type: all go into one column by name; what was so at the end is no sum."""
    by_class = [
        {"labels": [{"key": "kind", "value": "musty"}, {"key": "direction", "value": "left"}], "count": 2},
        {"labels": [{"key": "kind", "value": "side"}, {"key": "direction", "value": "left"}], "count": 1},
    ]
    stats = {
        "count": 2.5,
        "high_confidence_count": 2**40,
        "new": 1,
        "is_last_flick": True,
        "last_flick_time": 3.0,
        "labeled_event_counts": {"entries": by_class},
    }
    tomorrow = {**of_player(HOST, boost=1), "team_zero": {"boost": 1}, "stats": {"team_one_boost": 2}}
    rows = rows_of(monkeypatch, flick=of_player(HOST, **stats), tomorrow=tomorrow, new_goal={"events": []})
    host, other = rows["player_stats"][:2]
    assert json.loads(host["further"]) == {
        "flick_count": 2.5,
        "flick_high_confidence_count": 2**40,
        "flick_kind__musty": 2,
        "flick_new": 1,
        "tomorrow_boost": 1,
    }
    assert (host["flick_direction__left"], host["flick_kind__side"], host.get("flick_count")) == (3, 1, None)
    assert other["further"] is None
    assert [row["further"] for row in rows["team_stats"]] == ['{"tomorrow_boost":1}', '{"tomorrow_boost":2}']


def test_what_is_of_no_form_known_refuses_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReplayError, match="not of the form expected"):
        rows_of(monkeypatch, core={"goal_context": []}, flick_goal={"events": [{"goal_index": 4}]})
