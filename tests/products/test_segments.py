"""Segments: by state, resets of the ball and goals; in every real file no reset inside of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import MatchPlan, generate
from impulse.demo.match.bodies import Bodies
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.frames.segments import Movement, play_segments
from impulse.schema.sampling import Sampling

NOTHING = np.zeros(9, dtype=bool)
TIMES = np.arange(9, dtype=np.float32)


def flags(text: str) -> np.ndarray:
    """Return true for each x."""
    return np.array([letter == "x" for letter in text])


def test_segments_are_the_stretches_of_play() -> None:
    """A segment ends with play and wherever time runs backwards."""
    still = Movement(~NOTHING, NOTHING, NOTHING, NOTHING)
    times = np.array([0, 1, 2, 3, 4, 5, 1, 2, 3], dtype=np.float32)
    assert play_segments(flags("_xx_xxx_x"), times, still).tolist() == [-1, 0, 0, -1, 1, 1, 2, -1, 3]
    assert play_segments(NOTHING, times, still).tolist() == [-1] * 9


@pytest.mark.parametrize("state", ["xxxxxxxxx", None])
def test_a_reset_of_the_ball_ends_a_segment_whatever_the_state(state: str | None) -> None:
    """Between the goal, which removes the ball or stops it, and the first car that moves after the kickoff is no play."""
    moves = Movement(
        ball_there=flags("xxxx_xxxx"),
        ball_waits=flags("_____xxx_"),
        ball_moves=flags("xxx_____x"),
        car_moves=flags("xxxxx__xx"),
    )
    found = play_segments(None if state is None else flags(state), TIMES, moves)
    assert found.tolist() == [0, 0, 0, -1, -1, -1, -1, 1, 1]


def test_a_ball_that_flickers_on_its_spot_is_no_reset() -> None:
    """Rows without a ball before a kickoff tell nothing."""
    moves = Movement(flags("xx_xxx_xx"), flags("xx_xxx___"), flags("_______xx"), flags("__xxxxxxx"))
    assert play_segments(~NOTHING, TIMES, moves).tolist() == [0] * 9
    assert play_segments(None, TIMES, moves).tolist() == [-1, -1, 0, 0, 0, 0, 0, 0, 0]


def test_a_goal_that_is_known_ends_a_segment_until_the_reset() -> None:
    """Where neither state nor ball show it, as in a recording whose ball moves on."""
    moves = Movement(~NOTHING, flags("xx____x__"), flags("__xxxx_xx"), flags("_xxxxxxxx"))
    assert play_segments(None, TIMES, moves, goal_rows=[4]).tolist() == [-1, 0, 0, 0, -1, -1, 1, 1, 1]
    assert play_segments(flags("xxxxx_xxx"), TIMES, moves, goal_rows=[4]).tolist() == [0, 0, 0, 0, -1, -1, 1, 1, 1]


def states(bodies: Bodies) -> np.ndarray:
    """Return bodies as (..., 13), zeros where there are none."""
    values = np.concatenate([bodies.position, bodies.rotation, bodies.velocity, bodies.spin], axis=-1)
    return np.where(np.isnan(values), 0.0, values)


@pytest.mark.parametrize("seed", range(4))
def test_without_a_state_segments_are_those_of_the_match(seed: int) -> None:
    """From the end of the countdown to the goal or the end, in every play, up to two network frames."""
    match = generate(MatchPlan(seed=seed, team_size=2, duration_seconds=40.0, goals=2, demolitions=1))
    cars = states(match.cars)
    moves = Movement.of(states(match.ball), np.ones(len(cars), dtype=bool), list(np.moveaxis(cars, 1, 0)))
    found = play_segments(None, match.time.astype(np.float32), moves)
    assert found.max() + 1 == len(match.plays) == 3
    for number, play in enumerate(match.plays):
        rows = np.flatnonzero(found == number)
        assert abs(rows[0] - play.go) <= 2
        assert abs(rows[-1] + 1 - play.end) <= 2
        assert len(rows) == rows[-1] - rows[0] + 1


def assert_no_segment_has_a_reset(path: Path, sampling: Sampling) -> int:
    """Look for a ball that comes to the middle farther than it can fly, and for goals of the header; return the segments."""
    settings = replace(ParsingConfig.get_preset("standard").params(), sampling=sampling)
    try:
        parsed = parse_replay(path, settings)
    except ReplayError:
        return 0
    names = ["segment", "frame_time", "ball_pos_x", "ball_pos_y", "ball_pos_z"]
    frame = parsed.frames.select(names).to_pandas()
    ball = frame.dropna()
    for _, rows in ball.groupby("segment"):
        time, x, y, z = (rows[name].to_numpy(dtype=float) for name in names[1:])
        flown = np.sqrt(np.diff(x) ** 2 + np.diff(y) ** 2 + np.diff(z) ** 2)
        is_reset = (np.hypot(x, y)[1:] < 10) & (flown > 6000 * np.diff(time) + 100)
        assert not is_reset.any(), (path.name, rows.index[1:][is_reset])
    if sampling is Sampling.native and len(frame) == parsed.replay["network_frames"]:
        for goal in parsed.goals:
            if goal["frame"] is None:
                continue
            before, after = (frame["segment"].get(goal["frame"] + step) for step in (-10, 10))
            assert before != after or before is None, (path.name, goal)
    return int(frame["segment"].max() + 1) if frame["segment"].notna().any() else 0


@pytest.mark.real_replays
def test_a_match_without_states_and_one_whose_state_never_changes_have_segments(hazards: Path) -> None:
    """Five goals and six stretches; seven goals, the last of which ends the recording."""
    assert assert_no_segment_has_a_reset(hazards / "551c.replay", Sampling.parser) == 6
    assert assert_no_segment_has_a_reset(hazards / "42f2.replay", Sampling.parser) == 7


@pytest.mark.heavy
@pytest.mark.real_replays
@pytest.mark.parametrize("sampling", [Sampling.parser, Sampling.native])
def test_no_segment_of_a_real_file_has_a_reset(real_replays: Path, hazards: Path, sampling: Sampling) -> None:
    """Nor a goal; wherever the ball is shown."""
    paths = [*real_replays.rglob("*.replay"), *hazards.rglob("*.replay")]
    segments = [assert_no_segment_has_a_reset(path, sampling) for path in sorted(paths)]
    assert sum(number > 0 for number in segments) > 40
