"""The parser's array against its prediction, bit for bit, and the prediction against the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.demo.conftest import Parse
from tests.demo.oracle import expected_array, late_players, player_order, sampled_rows

from impulse.demo import VERSIONS, FormatVersion, MatchPlan, Platform, Recording, RecordingPlan, cut, generate
from impulse.demo.writer.version import DemolishFormat
from impulse.errors import UnsupportedReplay
from impulse.schema.feature_columns import CONTRACT_GLOBAL_FEATURES

BALL = len(CONTRACT_GLOBAL_FEATURES) - 1
"""Column of the ball's first value; the features before it have one column each."""
ONCE = BALL + 13
EACH = 13 + 1 + 3 + 1


def _record(recording: RecordingPlan | None = None, **plan: Any) -> Recording:
    return Recording(generate(MatchPlan(**plan)), recording)


def predicted(recording: Recording, parse: Parse) -> np.ndarray:
    """Return the parser's array, which is as predicted."""
    _, array = parse(recording.data)
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))
    return array


@pytest.mark.parametrize("seed", range(24))
def test_array_is_as_predicted(seed: int, parse: Parse) -> None:
    """Every column of random matches of all sizes and rates equals the prediction in every bit."""
    recording = _record(
        RecordingPlan(dropped_updates=(0.0, 0.3, 0.5, 0.9)[seed // 4 % 4], repeats_actors=seed % 5 != 0),
        seed=seed,
        team_size=seed % 4 + 1,
        duration_seconds=6.0 + 1.7 * seed,
        bots=(seed // 3) % 2,
    )
    fps = (10.0, 30.0, 60.0)[seed % 3]
    meta, array = parse(recording.data, fps=fps)
    expected = expected_array(recording, fps=fps)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, expected)
    names = [player["name"] for team in ("team_zero", "team_one") for player in meta["replay_meta"][team]]
    assert names == [recording.match.players[number].player.name for number in player_order(recording)]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_array_of_every_format_version_is_as_predicted(version: FormatVersion, parse: Parse) -> None:
    """Old versions are exact too, but for rotations stored as angles: one unit in the last place."""
    recording = _record(
        RecordingPlan(version=version), seed=21, team_size=2, duration_seconds=30, demolitions=3, goals=1
    )
    assert recording.match.demolitions
    _, array = parse(recording.data)
    expected = expected_array(recording, fps=30.0)
    angles = np.zeros(expected.shape[1], dtype=bool)
    for start in [BALL, *range(ONCE, expected.shape[1], EACH)]:
        angles[start + 3 : start + 7] = not version.has_quaternions
    np.testing.assert_array_equal(array[:, ~angles], expected[:, ~angles])
    np.testing.assert_allclose(array[:, angles], expected[:, angles], rtol=0, atol=1.2e-7)
    shows_demolitions = (array[:, ONCE + EACH - 1 :: EACH] >= 0).any()
    assert shows_demolitions == (version.demolish is not DemolishFormat.OLDEST)


@pytest.mark.parametrize("platform", [p for p in Platform if p is not Platform.BOT], ids=lambda p: p.name)
def test_players_of_one_platform_are_ordered(platform: Platform, parse: Parse) -> None:
    """Two players of the same platform on a team stand in the order of their ids' debug texts."""
    for seed in range(300):
        match = generate(MatchPlan(seed=seed, team_size=4, duration_seconds=1))
        teams = [who.team for who in match.players if who.player.platform is platform]
        if max(teams.count(0), teams.count(1)) >= 2:
            break
    recording = Recording(match, RecordingPlan())
    predicted(recording, parse)


def test_boost_prediction_is_within_half_a_unit_over_many_matches() -> None:
    """Rounded reports and the parser's rule never leave boost more than half a raw unit off."""
    for seed in range(30):
        recording = _record(seed=seed, team_size=3, duration_seconds=60)
        match = recording.match
        boost = expected_array(recording, fps=60.0, global_features=(), player_features=("PlayerBoost",))
        _, frames = sampled_rows(match, 60.0)
        truth = match.boost[frames][:, player_order(recording)]
        assert np.abs(boost - truth).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("part", [(0, 900), (40, 2000), (500, 1500), (130, 1999)], ids=str)
def test_array_of_a_part_of_a_match_is_as_predicted(part: tuple[int, int], parse: Parse) -> None:
    """A recording may start and end anywhere: in a countdown, before the first touch, in mid-play."""
    match = generate(MatchPlan(seed=7, team_size=2, duration_seconds=60, demolitions=6, goals=2))
    recording = Recording(cut(match, first=part[0], stop=part[1]), RecordingPlan())
    predicted(recording, parse)


def test_recording_may_start_with_a_wreck(parse: Parse) -> None:
    """A car demolished before the recording is absent until its player has a new one."""
    match = generate(MatchPlan(seed=7, team_size=2, duration_seconds=60, demolitions=6))
    event = next(event for event in match.demolitions if event.frame + 200 < match.frames)
    part = cut(match, first=event.frame + 20, stop=match.frames)
    assert not part.has_car[0, event.victim]
    recording = Recording(part, RecordingPlan())
    predicted(recording, parse)


def test_players_seen_by_frame_301_have_columns(parse: Parse) -> None:
    """A player who joins in frame 301 is zeros before; his name is unknown when the parser reads names."""
    recording = _record(seed=7, team_size=2, duration_seconds=30, join_frame=301)
    array = predicted(recording, parse)
    column = ONCE + player_order(recording).index(3) * EACH
    assert not array[:100, column : column + 3].any()
    assert array[-1, column : column + 3].any()
    assert late_players(recording) == []


def test_player_seen_in_frame_302_makes_the_array_call_fail(parse: Parse) -> None:
    """A later player is refused as in real files; without player columns the call works."""
    recording = _record(seed=7, team_size=2, duration_seconds=30, join_frame=302)
    with pytest.raises(Exception, match="NDArray player columns changed during collection"):
        parse(recording.data)
    with pytest.raises(UnsupportedReplay, match="players_changed: player 3 is first seen in frame 302"):
        expected_array(recording, fps=30.0)
    assert late_players(recording) == [3]
    _, array = parse(recording.data, player_features=())
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0, player_features=()))


@pytest.mark.parametrize("leave_frame", [150, 301, 302, 800])
def test_leavers_become_zeros(leave_frame: int, parse: Parse) -> None:
    """Whoever leaves keeps his columns: zeros, with the identity as rotation."""
    recording = _record(seed=9, team_size=2, duration_seconds=30, leave_frame=leave_frame)
    array = predicted(recording, parse)
    column = ONCE + player_order(recording).index(1) * EACH
    np.testing.assert_array_equal(array[-1, column : column + EACH - 1], [0] * 6 + [1] + [0] * 10)


def test_a_match_with_more_actors_than_ids(parse: Parse) -> None:
    """Ids of destroyed actors are used again in a match with thousands of them."""
    recording = _record(
        RecordingPlan(dropped_updates=0.97),
        seed=5,
        team_size=4,
        duration_seconds=900,
        goals=60,
        demolitions=60,
    )
    assert len(recording.match.lives) * 6 > 3000
    _, array = parse(recording.data, fps=10.0)
    np.testing.assert_array_equal(array, expected_array(recording, fps=10.0))
