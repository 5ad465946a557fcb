"""Which decoder makes which match, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.products.test_truth import Shown, shown
from tests.products.truth_cases import CASES

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import MatchPlan, Recording, generate
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.sampling import Decoder, Sampling

WHY = {
    "joiner": "players_come_and_go",
    "late joiner": "players_changed",
    "leaver": "players_come_and_go",
    "era 868.12": "demolitions_of_old",
    "era 868.24.10": "demolitions_of_old",
    "demolition told again": "demolition_sent_again",
    "no boost": "boost_not_told",
    "boost told late": "boost_told_late",
    "boost told some frames late": "boost_told_late",
    "unlimited boost 2016": "boost_unlimited",
    "unlimited boost": "boost_unlimited",
    "unlimited time": "time_unlimited",
    "bot replaced": "players_come_and_go",
    "ball spawner": "balls",
    "two balls": "balls",
    "no state": "state_not_told",
    "knockout": "cars_of_another_kind",
}
"""What speaks against the array in a match; other things may too."""
ORDINARY = ("era 868.32.10", "era 868.32.11", "every update", "few updates", "frozen")
"""Matches that the array shows rightly, which is twice as fast."""


@pytest.mark.parametrize("name", WHY)
def test_what_speaks_against_the_array_is_named(name: str) -> None:
    """Each doubt by itself, though another one may lead to the same decoder."""
    it = shown(name, Sampling.parser, Decoder.auto)
    assert isinstance(it, Shown)
    assert it.parsed.facts["decoder"] == "exact"
    assert WHY[name] in it.parsed.facts["why_exact"].split(";")


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_match_is_the_arrays(name: str) -> None:
    """Nothing speaks against it."""
    it = shown(name, Sampling.parser, Decoder.auto)
    assert isinstance(it, Shown)
    assert (it.parsed.facts["decoder"], it.parsed.facts["why_exact"]) == ("array", None)
    assert name in CASES


def test_a_clock_that_counts_up_is_a_doubt(tmp_path: Path) -> None:
    """It does in overtime, and where time becomes unlimited in mid-match, which the first network frames do not tell."""
    match = generate(MatchPlan(seed=4, team_size=1, duration_seconds=16, goals=0, demolitions=0))
    clock = match.seconds_remaining.copy()
    later = slice(len(clock) // 2, None)
    clock[later] = 2 * clock[later][0] - clock[later]
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(replace(match, seconds_remaining=clock)).data)
    parsed = parse_replay(path, ParsingConfig.get_preset("standard").params())
    assert parsed.facts["why_exact"] == "clock_counts_up"
    shows = parsed.frames["seconds_remaining"].drop_null().to_numpy()
    assert (np.diff(shows) > 0).any()
    assert (np.diff(shows) < 0).any()
