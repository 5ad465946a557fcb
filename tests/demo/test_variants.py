"""Flipped bits and edited headers, against the reader and the parser."""

from __future__ import annotations

import numpy as np
import pytest
from tests.demo.conftest import Parse
from tests.demo.oracle import expected_array

from impulse.demo import MatchPlan, Recording, RecordingPlan, edit_header, generate, with_flipped_bits
from impulse.replay.container import (
    read_body,
    read_header,
)


@pytest.fixture(scope="module")
def recording() -> Recording:
    """A 1v1 of about twenty seconds."""
    return Recording(generate(MatchPlan(seed=31, team_size=1, duration_seconds=12)), RecordingPlan())


def test_flipped_bits_are_in_the_network_data(recording: Recording) -> None:
    """So many bits differ, all of them within the network data; the seed decides which."""
    damaged = with_flipped_bits(recording.data, count=5, seed=1)
    differing = np.frombuffer(damaged, np.uint8) ^ np.frombuffer(recording.data, np.uint8)
    assert int(np.unpackbits(differing).sum()) == 5
    body = read_body(recording.data, read_header(recording.data))
    at = np.flatnonzero(differing)
    assert at.min() >= body.network_offset
    assert at.max() < body.network_offset + body.network_size
    assert with_flipped_bits(recording.data, count=5, seed=2) != damaged


def test_header_without_player_stats_parses(recording: Recording, parse: Parse) -> None:
    """Players are found without statistics."""
    meta, array = parse(edit_header(recording.data, {"PlayerStats": None}))
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))
    teams = [meta["replay_meta"][team] for team in ("team_zero", "team_one")]
    assert [player["stats"] for team in teams for player in team] == [None, None]


def test_forfeit_without_goals_leaves_scores_out(parse: Parse) -> None:
    """The header of a goalless forfeit has neither score; the clock does not get to zero."""
    match = generate(MatchPlan(seed=2, team_size=1, duration_seconds=20, goals=0, is_forfeit=True))
    recording = Recording(match, RecordingPlan())
    header = read_header(recording.data)
    assert header.get("bForfeit") is True
    assert header.get("Team0Score") is None
    assert header.get("Team1Score") is None
    _, array = parse(recording.data)
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))
    assert array[-1, 2] == 280
