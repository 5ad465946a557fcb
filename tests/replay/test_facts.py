from __future__ import annotations

from datetime import datetime

import pytest

from impulse.replay.container import ReplayHeader
from impulse.replay.facts import header_facts, header_winner, match_id, recording_date
from impulse.replay.modes import GameMode, game_mode, mutators_of
from impulse.replay.properties import Property, PropertyValue


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-28 19-39-28", datetime(2026, 4, 28, 19, 39, 28)),  # noqa: DTZ001 - the header has no time zone
        ("2015-10-27:18-29", datetime(2015, 10, 27, 18, 29)),  # noqa: DTZ001
        ("2020-02-31 00-00-00", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_recording_date_reads_every_spelling(text, expected) -> None:
    """Both spellings of the header's date are read; nonsense is unknown, not an error."""
    assert recording_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("ab12", "AB12"), ("0" * 32, None), ("", None), (None, None), (7, None)]
)
def test_match_id_knows_placeholders(text, expected) -> None:
    """An all-zero id is no id: otherwise unrelated matches would be merged."""
    assert match_id(text) == expected


def header(**properties: PropertyValue) -> ReplayHeader:
    listed = tuple(Property(name, "IntProperty", value) for name, value in properties.items())
    return ReplayHeader(868, 32, 10, "TAGame.Replay_Soccar_TA", listed, 0)


NEW = {"MatchStartEpoch": 1777392055}


@pytest.mark.parametrize(
    ("properties", "is_forfeit", "winner"),
    [
        ({"Team0Score": 3, "Team1Score": 2}, None, None),  # an older header: nothing is told by what it leaves out
        ({"Team0Score": 6, "Team1Score": 4, **NEW}, False, "blue"),
        ({"Team0Score": 2, "Team1Score": 3, "WinningTeam": 1, **NEW}, False, "orange"),
        ({"Team0Score": 1, "Team1Score": 1, "WinningTeam": 1, "bForfeit": True, **NEW}, True, "orange"),
        ({"Team0Score": 1, "Team1Score": 1, "bForfeit": True, **NEW}, True, "blue"),
        ({"Team0Score": 3, "WinningTeam": 1, "bForfeit": True, **NEW}, True, "orange"),  # who leads gave up
        ({"Team1Score": 1, "WinningTeam": -1, **NEW}, False, None),  # not over
        (NEW, False, None),
        ({"bForfeit": True}, True, None),
    ],
)
def test_an_outcome_that_a_header_leaves_out_is_told_by_new_headers_only(properties, is_forfeit, winner) -> None:
    """The game leaves out false and the number of blue."""
    assert header_facts(header(**properties))["is_forfeit"] is is_forfeit
    assert header_winner(header(**properties)) == winner


def test_a_header_names_the_match_by_either_spelling() -> None:
    """Placeholders of zeros are no names, and a start is one in UTC."""
    assert header_facts(header(MatchGuid="ab12"))["match_guid"] == "AB12"
    assert header_facts(header(MatchGUID="0" * 32, MatchGuid="ab12"))["match_guid"] == "AB12"
    assert header_facts(header())["match_guid"] is None
    assert header_facts(header(**NEW))["started_at"] == datetime(2026, 4, 28, 16, 0, 55)  # noqa: DTZ001 - UTC by its column
    assert [header_facts(header(MatchStartEpoch=epoch))["started_at"] for epoch in (0, 2**63, "x")] == [None] * 3


def test_items_make_another_mode_of_a_private_match() -> None:
    """Sets of items without a mode of their own are rumble; modes that are not built on soccer or dropshot stay."""
    soccer, dropshot, hoops = ([f"TAGame.GameInfo_{name}_TA"] for name in ("Soccar", "Breakout", "Basketball"))
    assert game_mode(6, soccer) == game_mode(11, soccer) == GameMode.soccer
    assert game_mode(6, soccer, "ItemsMode") == game_mode(6, soccer, "ItemsMode_BallManipulators") == GameMode.rumble
    assert game_mode(6, soccer, "ItemsMode_HauntedBallBeam") == GameMode.special
    assert game_mode(6, dropshot, "ItemsMode") == GameMode.dropshot_rumble
    assert game_mode(6, hoops, "ItemsMode") == GameMode.hoops
    assert game_mode(31, soccer, "ItemsMode_HauntedBallBeam") == GameMode.special


def test_rules_that_a_mode_has_are_no_mutators_of_it() -> None:
    """Of modes without known rules what is not soccer's is named; what is not told stays untold."""
    rules = ("ball=breakout", "boost_recharge_delay=0.25", "boost_recharge_rate=0.1")
    assert mutators_of(rules, GameMode.dropshot) == []
    assert mutators_of((*rules, "car_scale=2"), GameMode.dropshot) == ["car_scale=2"]
    assert mutators_of(rules, GameMode.soccer) == list(rules)
    assert mutators_of(("ball=default", "car_scale=2"), None) == ["car_scale=2"]
    assert mutators_of(None, GameMode.soccer) is None
