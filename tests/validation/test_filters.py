"""Filters leave out what was not asked for, and say so with reasons of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.validation.conftest import judged, quality, reasons

from impulse.config.composition import checked
from impulse.config.params import Params
from impulse.config.validate import RANKS, FilterParams, Severity, rank_number
from impulse.errors import ConfigError
from impulse.replay.modes import PLAYLISTS, GameMode, game_mode
from impulse.validation.filters import FILTERS


def _local(*parts: int) -> datetime:
    """Return a time as headers have it, without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - see above


@pytest.mark.parametrize(
    ("wanted", "good", "bad"),
    [
        ({"mode": [GameMode.soccer]}, {"mode": "soccer"}, {"mode": "hoops"}),
        ({"map": ["stadium_p", "Park_P"]}, {"map_code": "Stadium_P"}, {"map_code": "cs_p"}),
        ({"playlist": ["ranked-duels"]}, {"playlist": "ranked-duels"}, {"playlist": "ranked-doubles"}),
        ({"players_a_side": [1, 2]}, {"players_a_side": 2}, {"players_a_side": 3}),
        (
            {"players_a_side": [3]},
            {"match_type": "LAN", "header_team_size": 4, "players_a_side": 3},
            {"match_type": "LAN", "header_team_size": 3, "players_a_side": 2},
        ),
        ({"mutated": False}, {"mutators": []}, {"mutators": ["ball_scale=1.3"], "mode": "special"}),
        ({"date_from": "2025-06-01"}, {"date": _local(2025, 6, 1)}, {"date": _local(2025, 5, 31, 23, 59, 59)}),
        ({"date_to": "2025-06-01"}, {"date": _local(2025, 6, 1, 23, 59, 59)}, {"date": _local(2025, 6, 2)}),
        ({"min_rank": "gold-3"}, {"min_rank": "platinum-1"}, {"min_rank": "gold-2"}),
        ({"max_rank": "grand-champion-1"}, {"max_rank": "grand-champion"}, {"max_rank": "grand-champion-2"}),
    ],
)
def test_a_filter_leaves_out_what_was_not_asked_for(
    wanted: dict[str, Any], good: dict[str, Any], bad: dict[str, Any]
) -> None:
    """Each with its own reason, and the finding names what was found and what was asked for."""
    judgement = judged(good, bad, params=quality(filter=FilterParams(**wanted)))
    kept, left_out = judgement.verdicts.to_pylist()
    assert kept["verdict"] == "accept"
    assert left_out["verdict"] == "reject"
    (item,) = [item for item in FILTERS if set(wanted) & set(item.settings)]
    assert left_out["reasons"] == item.reason
    assert "asked for" in left_out["findings"]
    assert judgement.filtered == 1


@pytest.mark.parametrize(
    ("wanted", "unknown"),
    [
        ({"mode": [GameMode.soccer]}, {"mode": None}),
        ({"map": ["Stadium_P"]}, {"map_code": None}),
        ({"playlist": ["private"]}, {"playlist": None, "playlist_id": None}),
        ({"players_a_side": [3]}, {"players_a_side": None}),
        ({"mutated": False}, {"mutators": None}),
        ({"date_from": "2020-01-01"}, {"date": None}),
        ({"min_rank": "bronze-1"}, {"min_rank": None, "max_rank": None}),
        ({"min_rank": "bronze-1"}, {"min_rank": "unranked", "max_rank": "unranked"}),
    ],
)
def test_a_set_filter_leaves_out_replays_that_do_not_tell(wanted: dict[str, Any], unknown: dict[str, Any]) -> None:
    """What is not known was not asked for, and the finding says that it is unknown."""
    params = quality(filter=FilterParams(**wanted))
    if unknown == {"mode": None}:
        params = quality(filter=params.filter, unknown_mode={"severity": Severity.ignore})
    (row,) = judged(unknown, params=params).verdicts.to_pylist()
    assert row["reasons"].startswith("filtered_")
    if "unranked" not in unknown.values():
        assert "is unknown" in row["findings"]


def test_the_filter_of_mutators_also_takes_only_matches_with_them() -> None:
    """The finding names what was found, and nothing is null: it takes all."""
    rows: list[dict[str, Any]] = [{"mutators": ["ball_scale=1.3"]}, {"mutators": []}]
    only = judged(*rows, params=quality(filter=FilterParams(mutated=True))).verdicts
    assert only["verdict"].to_pylist() == ["warn", "reject"]
    assert "mutators is none; asked for mutated True" in only["findings"][1].as_py()
    assert judged(*rows).verdicts["verdict"].to_pylist() == ["warn", "accept"]


def test_without_filters_nothing_is_left_out() -> None:
    """Null takes all, also replays of which nothing is known."""
    unknown = dict.fromkeys(
        ("playlist", "playlist_id", "date", "min_rank", "max_rank", "header_team_size", "players_a_side")
    )
    assert reasons(judged(unknown)) == set()


def test_a_replay_that_was_not_asked_for_is_not_counted_as_bad() -> None:
    """Its first reason is the filter's, whatever rules it violates."""
    judgement = judged({"rows": 3, "mode": "hoops"}, params=quality(filter=FilterParams(mode=[GameMode.soccer])))
    assert judgement.rejects[0].reason == "filtered_mode"
    assert judgement.verdicts["reasons"].to_pylist() == ["filtered_mode; too_few_frames"]


@given(
    low=st.sampled_from(RANKS), high=st.sampled_from(RANKS), least=st.sampled_from(RANKS), most=st.sampled_from(RANKS)
)
def test_ranks_are_ordered(low: str, high: str, least: str, most: str) -> None:
    """A match passes when all its players are within the range."""
    order = list(RANKS)
    if order.index(low) > order.index(high) or order.index(least) > order.index(most):
        return
    judgement = judged(
        {"min_rank": low, "max_rank": high},
        params=quality(filter=FilterParams(min_rank=least, max_rank=most)),
    )
    inside = order.index(least) <= order.index(low) and order.index(high) <= order.index(most)
    assert (judgement.filtered == 0) == inside


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"mode": ["socar"]}, "validate.filter.mode"),
        ({"mode": []}, "validate.filter.mode: an empty list"),
        ({"players_a_side": [0]}, "validate.filter.players_a_side: 0 is out of range"),
        ({"team_size": [2]}, "^validate.filter.team_size: .*; it is called validate.filter.players_a_side now$"),
        ({"date_from": "1.2.2024"}, "validate.filter.date_from: '1.2.2024' is no day"),
        ({"date_from": "2024-02-30"}, "validate.filter.date_from: '2024-02-30' is no day"),
        ({"date_from": "2024-02-02", "date_to": "2024-02-01"}, "date_from: 2024-02-02 is after"),
        ({"min_rank": "gold"}, "validate.filter.min_rank: unknown rank 'gold'"),
        ({"min_rank": "gold-2", "max_rank": "gold-1"}, "validate.filter.min_rank: gold-2 is above"),
        ({"colour": "red"}, "validate.filter.colour"),
    ],
)
def test_wrong_filters_are_refused_in_one_line(wanted: dict[str, Any], message: str) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigError, match=message) as caught:
        checked(Params, {"validate": {"filter": wanted}})
    assert "\n" not in str(caught.value)


def test_modes_are_told_by_playlist_or_class_of_the_game() -> None:
    """A playlist of one mode decides; private, offline and tournament matches by their class; unknown stays unknown."""
    soccar, hoops = "TAGame.GameInfo_Soccar_TA", "TAGame.GameInfo_Basketball_TA"
    assert game_mode(27, [soccar]) is GameMode.hoops
    assert game_mode(6, ["Core.Object", hoops]) is GameMode.hoops
    assert game_mode(None, [soccar, "TAGame.GameInfo_Soccar_TA:bX"]) is GameMode.soccer
    assert game_mode(34, ["GameInfo_Soccar.GameInfo.GameInfo_Soccar:GameReplicationInfoArchetype"]) is GameMode.soccer
    assert game_mode(6, ["Gameinfo_Hockey.GameInfo.Gameinfo_Hockey:GameReplicationInfoArchetype"]) is GameMode.snowday
    assert game_mode(9999, [soccar]) is None
    assert game_mode(6, ["TAGame.GameInfo_Surprise_TA"]) is None
    assert game_mode(6, []) is None
    assert rank_number("unranked") is None
    assert len({name for name, _ in PLAYLISTS.values()}) >= 35
