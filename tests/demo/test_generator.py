"""The truth of generated matches: plausible, consistent, and a function of the seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from impulse.demo import GameState, Match, MatchPlan, Recording, RecordingPlan, cut, generate
from impulse.demo.match.arena import PAD_REACH_UU, PAD_RESPAWN_S, PADS_UU
from impulse.demo.match.draws import Draws
from impulse.demo.match.truth import GAME_STATES
from impulse.errors import ConfigError
from impulse.schema.physics import (
    ARENA_X_UU,
    ARENA_Y_UU,
    CEILING_UU,
    MAX_BALL_SPEED_UU_S,
    MAX_CAR_SPEED_UU_S,
    MAX_CAR_SPIN_RAD_S,
)

PLANS = [
    MatchPlan(seed=seed, team_size=seed % 4 + 1, duration_seconds=15.0 + 11.0 * seed, bots=seed % 2)
    for seed in range(8)
]


@pytest.fixture(scope="module", params=PLANS, ids=lambda plan: f"{plan.team_size}v{plan.team_size}-{plan.seed}")
def match(request: pytest.FixtureRequest) -> Match:
    """A match of any size."""
    return generate(request.param)


def test_bodies_stay_in_the_arena(match: Match) -> None:
    """Cars stay between the walls; the ball does too, but for the goals."""
    x, y, z = np.nanmax(np.abs(match.cars.position), axis=(0, 1))
    assert x < ARENA_X_UU
    assert y < ARENA_Y_UU
    assert z < CEILING_UU
    x, y, z = np.abs(match.ball.position).max(axis=0)
    assert x < ARENA_X_UU
    assert y <= ARENA_Y_UU + 100
    assert z < CEILING_UU


def test_speeds_are_within_the_game_s_limits(match: Match) -> None:
    """Neither car nor ball is faster than the game allows, and cars do move."""
    car_speed = np.sqrt((match.cars.velocity**2).sum(axis=2))
    assert np.nanmax(car_speed) < MAX_CAR_SPEED_UU_S
    assert np.nanmedian(car_speed[match.state == GAME_STATES.index(GameState.ACTIVE)]) > 500
    assert np.sqrt((match.ball.velocity**2).sum(axis=1)).max() < MAX_BALL_SPEED_UU_S
    assert np.nanmax(np.abs(match.cars.spin)) <= MAX_CAR_SPIN_RAD_S


def test_velocity_is_the_rate_of_position(match: Match) -> None:
    """Between two frames of a driving car, its displacement equals its mean velocity times the time."""
    steady = (match.state == GAME_STATES.index(GameState.ACTIVE))[:, None] & match.has_car & ~match.is_demolished
    both = steady[1:] & steady[:-1]
    for life in match.lives:
        if 0 < life.first <= len(both):
            both[life.first - 1, life.player] = False
    elapsed = np.diff(np.rint(match.time.astype(np.float64) * 120) / 120)[:, None, None]  # steps of the game
    mean = (match.cars.velocity[1:] + match.cars.velocity[:-1]) / 2
    error = np.abs(np.diff(match.cars.position, axis=0) - mean * elapsed)[both]
    assert np.quantile(error, 0.99) < 1.0


def test_rotations_are_unit_quaternions(match: Match) -> None:
    """All rotations have length 1."""
    assert np.nanmax(np.abs((match.cars.rotation**2).sum(axis=2) - 1)) < 1e-12
    assert np.abs((match.ball.rotation**2).sum(axis=1) - 1).max() < 1e-12


def test_clock_runs_only_while_the_ball_is_in_play(match: Match) -> None:
    """The clock never rises, stands still at kickoffs, and ends at zero."""
    drops = np.diff(match.seconds_remaining)
    assert set(drops.tolist()) <= {0, -1}
    in_play = match.is_ball_hit & (match.state == GAME_STATES.index(GameState.ACTIVE))
    assert not drops[~in_play[:-1] & ~in_play[1:]].any()
    assert match.seconds_remaining[-1] == 0


def test_times_are_jittered_and_jump_after_goals(match: Match) -> None:
    """Frames are 33 to 36 ms long; after each goal several seconds are missing."""
    steps = np.diff(match.time.astype(np.float64))
    jumps = [play.first - 1 for play in match.plays[1:]]
    assert match.time[0] > 0
    assert (steps[jumps] > 3).all()
    assert np.delete(steps, jumps).max() < 0.037
    assert np.delete(steps, jumps).min() > 0.033
    np.testing.assert_allclose(np.delete(steps, jumps), np.delete(match.delta[1:], jumps), atol=1e-4)


def test_goals_add_up(match: Match) -> None:
    """Goals, scorers, scores and players' statistics agree; no match with goals is a draw."""
    assert match.final_scores == tuple(sum(goal.team == team for goal in match.goals) for team in (0, 1))
    assert sum(who.goals for who in match.players) == len(match.goals)
    for goal in match.goals:
        assert match.players[goal.scorer].team == goal.team
        assert np.sign(match.ball.position[goal.frame, 1]) == (1 if goal.team == 0 else -1)
        assert abs(match.ball.position[goal.frame, 1]) > ARENA_Y_UU
    if match.goals:
        assert match.final_scores[0] != match.final_scores[1]


def test_pickups_happen_at_their_pads(match: Match) -> None:
    """Whoever picks a pad up is there; no pad is picked up twice before it is back."""
    last: dict[int, float] = {}
    for event in match.pickups:
        assert event.player is not None
        place = match.cars.position[event.frame, event.player, :2]
        assert np.linalg.norm(place - PADS_UU[event.pad, :2]) < PAD_REACH_UU[event.pad]
        elapsed = float(match.time[event.frame]) - last.get(event.pad, -100.0)
        assert elapsed > PAD_RESPAWN_S[event.pad] or any(
            last[event.pad] < match.time[play.first] <= match.time[event.frame] for play in match.plays
        )
        last[event.pad] = float(match.time[event.frame])


def test_the_ball_is_hit_by_cars_alone(match: Match) -> None:
    """It flies as a thrown ball from touch to touch, and at each it touches the car of whoever it is said to."""
    touched = {touch.frame for touch in match.touches} | {play.end for play in match.plays}
    elapsed = np.diff(match.time.astype(np.float64))[:, None]
    push = np.abs(np.diff(match.ball.velocity, axis=0) + [0.0, 0.0, 650.0] * elapsed).max(axis=1)
    flies = ~match.ball.asleep[1:] & ~match.ball.asleep[:-1]
    assert set((1 + np.flatnonzero(flies & (push > 1.0))).tolist()) <= touched
    for touch in match.touches:
        assert match.players[touch.player].team == touch.team
        assert -8.0 < gap_to_ball(match, touch.frame, touch.player) < 8.0
    assert {play.hit for play in match.plays} <= touched
    assert len(match.touches) >= match.time[-1] / 6


def gap_to_ball(match: Match, frame: int, player: int) -> float:
    """Return how far the ball is from an Octane's hitbox, in uu."""
    x, y, z, w = match.cars.rotation[frame, player]
    axes = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    ball = (match.ball.position[frame] - match.cars.position[frame, player]) @ axes - [13.88, 0.0, 20.75]
    return float(np.linalg.norm(np.maximum(np.abs(ball) - [59.0, 42.1, 18.1], 0.0))) - 92.75


def test_demolished_cars_come_back_after_three_seconds(match: Match) -> None:
    """A wreck does not move and gives way to a new car, unless the play ends before."""
    for event in match.demolitions:
        assert match.players[event.attacker].team != match.players[event.victim].team
        assert not match.is_demolished[event.frame, event.attacker]
        life = next(life for life in match.lives if life.player == event.victim and life.demolished == event.frame)
        wreck = match.cars.position[event.frame : life.stop, event.victim]
        assert (wreck == wreck[0]).all()
        ends = [play.stop for play in match.plays]
        if life.stop not in ends:
            assert 3.0 <= match.time[life.stop] - match.time[event.frame] < 3.04


def test_boost_stays_in_the_tank(match: Match) -> None:
    """Boost is 0..255, is burnt only while the component is on, and somebody burns some."""
    assert match.boost.min() >= 0
    assert match.boost.max() <= 255
    burning = match.component_counts[..., 0] % 2 == 1
    assert burning.any()
    falls = np.diff(match.boost, axis=0) < -1e-9
    same_car = np.ones_like(falls)
    for life in match.lives:
        same_car[max(life.first - 1, 0), life.player] = False
        same_car[min(life.stop, match.frames) - 2 :, life.player] &= life.stop < match.frames
    assert not (falls & same_car & ~burning[1:] & match.has_car[1:] & match.has_car[:-1]).any()


def test_draws_do_not_depend_on_how_they_are_taken() -> None:
    """An array of draws equals as many single ones; the stream itself is pinned."""
    draws = Draws(5, "x")
    assert [draws.uniform(0, 1) for _ in range(50)] == Draws(5, "x").uniforms((50,)).tolist()
    assert Draws(1, "pinned").word() == PINNED_WORD


PINNED_WORD = 0xCCD3CAF082A4235B
"""First word of the stream (1, "pinned"): a change would change every synthetic replay."""


def test_windows_keep_what_happened_in_them() -> None:
    """A window has the frames asked for, the goals within them, and the scores before them."""
    match = generate(MatchPlan(seed=7, team_size=2, duration_seconds=60, goals=3))
    first = match.goals[0].frame + 10
    part = cut(match, first=first, stop=match.frames - 5)
    assert part.frames == match.frames - 5 - first
    assert part.start_scores == match.goals[0].scores
    assert [goal.scores for goal in part.goals] == [goal.scores for goal in match.goals[1:]]
    assert part.final_scores == match.final_scores
    whole = cut(match, first=0, stop=match.frames)
    assert Recording(whole, RecordingPlan()).data == Recording(match, RecordingPlan()).data
    assert all(event.player is not None for event in part.pad_events[:1])
    early = cut(match, first=0, stop=first)
    assert early.final_scores == match.goals[0].scores
    assert sum(who.goals for who in early.players) == 1


@pytest.mark.parametrize("bounds", [(-1, 5), (5, 5), (0, 10**6)])
def test_windows_outside_the_match_are_refused(bounds: tuple[int, int]) -> None:
    """Frames that the match does not have cannot be recorded."""
    match = generate(MatchPlan(team_size=1, duration_seconds=5))
    with pytest.raises(ConfigError, match="cut"):
        cut(match, first=bounds[0], stop=bounds[1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"team_size": 0},
        {"team_size": 5},
        {"duration_seconds": 0.0},
        {"duration_seconds": 0.05},
        {"team_size": 2, "bots": 3},
        {"goals": -1},
        {"demolitions": -1},
        {"join_frame": -1},
        {"leave_frame": 0},
        {"team_size": 1, "join_frame": 5, "leave_frame": 9},
        {"team_size": 1, "bots": 1, "bots_from_frame": 9, "leave_frame": 9},
    ],
    ids=str,
)
def test_impossible_plans_are_refused(wrong: dict[str, Any]) -> None:
    """A plan says at once what is wrong with it."""
    with pytest.raises(ConfigError, match=list(wrong)[-1]):
        MatchPlan(**wrong)


def test_impossible_recordings_are_refused() -> None:
    """No more than all updates can be dropped."""
    with pytest.raises(ConfigError, match="dropped_updates"):
        RecordingPlan(dropped_updates=1.5)


@pytest.mark.parametrize(
    "plan", [{"bots": 1, "bots_from_frame": 3, "leave_frame": 50}, {"duration_seconds": 0.1}], ids=str
)
def test_short_plans_and_few_people_are_matches(plan: dict[str, Any]) -> None:
    """Also where nobody stays for the whole of the first kickoff."""
    match = generate(MatchPlan(**{"team_size": 1, "duration_seconds": 20.0, **plan}))
    assert match.frames > 0
