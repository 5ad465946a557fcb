"""Goals: those that the header lists, the score counts and the frames show, each once, with the best time there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.frames.goals import Goal, find_goals, shown_goals
from impulse.replay.facts import HeaderGoal
from impulse.schema.sampling import Sampling

NETWORK_TIMES = np.arange(0, 100, 1 / 32, dtype=np.float32)
"""3,200 network frames, 32 a second."""
FRAME_TIME = NETWORK_TIMES[::4]
TIME = FRAME_TIME - np.float32(0.01)


def found(listed: list[tuple[int, str]], score: tuple[int, int], shown: list[float] = [], **tells: Any) -> list[Goal]:  # noqa: B006
    """Return the goals of a header with frames and teams, and of frames that show goals at times in s."""
    return find_goals(
        [HeaderGoal(frame, team, f"who {frame}") for frame, team in listed],
        {"blue": score[0], "orange": score[1]},
        shown=np.searchsorted(FRAME_TIME, np.array(shown, dtype=np.float32)),
        frame_time=FRAME_TIME,
        time=TIME,
        **tells,
    )


def test_goals_are_shown_by_the_state_after_them() -> None:
    """Each by the first row of the phase."""
    codes = np.array([0, 1, 1, 0, -1, 1], dtype=np.int32)
    assert shown_goals(codes, ["Active", "PostGoalScored"]).tolist() == [1, 5]
    assert shown_goals(codes, ["Active", "Countdown"]).tolist() == []


def test_a_goal_that_the_frames_do_not_show_has_the_time_of_the_headers_frame() -> None:
    """The others keep that of their row; they are matched by time, not by their places in the list."""
    goals = found([(320, "blue"), (960, "orange"), (1601, "blue")], (2, 1), [30.0, 50.0], network_times=NETWORK_TIMES)
    assert [(goal.time, goal.time_source) for goal in goals] == [
        (10.0, "header"),
        (pytest.approx(29.99), "frames"),
        (pytest.approx(49.99), "frames"),
    ]
    assert [goal.row for goal in goals] == [80, 240, 400]
    assert [goal.scorer for goal in goals] == ["who 320", "who 960", "who 1601"]


def test_a_goal_of_the_last_moment_has_the_frame_after_the_last() -> None:
    """Headers number it so where the recording ends with a goal; rows may end before it."""
    (goal,) = found([(len(NETWORK_TIMES), "blue")], (1, 0), network_times=NETWORK_TIMES)
    assert (goal.time, goal.row, goal.time_source) == (NETWORK_TIMES[-1], None, "header")


def test_the_score_tells_goals_that_the_list_misses() -> None:
    """Each once, whatever keyframes send again; what the first frame tells was scored before the recording."""
    updates = [
        (0, "orange", 1),
        (320, "blue", 1),
        (322, "blue", 1),
        (960, "blue", 2),
        (1600, "orange", 1),
        (1664, "orange", 2),
    ]
    goals = found([(321, "blue")], (2, 2), [30.0], network_times=NETWORK_TIMES, score_updates=updates)
    assert [(goal.team, goal.scorer, goal.frame, goal.time_source) for goal in goals] == [
        ("orange", None, None, None),
        ("blue", "who 321", 321, "header"),
        ("blue", None, 960, "frames"),
        ("orange", None, 1664, "score"),
    ]
    assert [goal.row for goal in goals] == [None, 81, 240, 416]


def test_a_goal_that_only_the_frames_show_is_the_one_that_the_score_counts() -> None:
    """When one team alone lacks goals in the list, and as many as are shown beside it."""
    goals = found([(320, "blue")], (1, 1), [10.0, 60.0], network_times=NETWORK_TIMES)
    assert [(goal.team, goal.row, goal.time_source) for goal in goals] == [
        ("blue", 80, "frames"),
        ("orange", 480, "frames"),
    ]
    goals = found([(320, "blue")], (2, 1), [10.0, 60.0, 90.0], network_times=NETWORK_TIMES)
    assert [goal.row for goal in goals] == [80, None, None]


def test_a_list_that_is_longer_than_the_score_stays_whole() -> None:
    """The score of a match that was begun again counts the last part."""
    assert [goal.team for goal in found([(320, "blue"), (640, "blue"), (960, "orange")], (1, 1))] == [
        "blue",
        "blue",
        "orange",
    ]


@pytest.mark.parametrize(("shown", "rows"), [([30.0, 50.0], [240, 400]), ([30.0], [None, None]), ([], [None, None])])
def test_without_times_of_network_frames_the_places_in_both_lists_tell(
    shown: list[float], rows: list[int | None]
) -> None:
    """When there are as many in both; else nothing does."""
    goals = found([(960, "blue"), (1600, "orange")], (1, 1), shown)
    assert [goal.row for goal in goals] == rows


@pytest.mark.real_replays
@pytest.mark.parametrize(("name", "goals"), [("42f2", 7), ("551c", 5)])
def test_matches_whose_frames_show_no_goal_have_times(hazards: Path, name: str, goals: int) -> None:
    """Those of the network frames that the header names."""
    settings = replace(ParsingConfig.get_preset("standard").params(), sampling=Sampling.native)
    parsed = parse_replay(hazards / f"{name}.replay", settings)
    times = parsed.frames["frame_time"].to_pylist()
    assert [goal["time"] for goal in parsed.goals] == [
        times[min(goal["frame"], len(times) - 1)] for goal in parsed.goals
    ]
    assert [goal["time_source"] for goal in parsed.goals] == ["header"] * goals
