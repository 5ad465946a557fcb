"""Goals, demolitions, pickups and touches as the parser finds them, against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subtr_actor
from tests.demo.conftest import PlayerOf

from impulse.demo import VERSIONS, MatchPlan, PadEvent, Recording, RecordingPlan, cut, generate
from impulse.demo.match.equipment import equipment
from impulse.demo.writer.version import DemolishFormat

# Frame data costs memory and time by length and players, so the matches are short and small.
CASES = {
    "1v1": (MatchPlan(seed=3, team_size=1, duration_seconds=25, goals=2, demolitions=2), RecordingPlan()),
    "1v1 all updates": (
        MatchPlan(seed=4, team_size=1, duration_seconds=20, goals=1, demolitions=1),
        RecordingPlan(dropped_updates=0),
    ),
    "2v2 bots": (
        MatchPlan(seed=5, team_size=2, duration_seconds=20, goals=2, demolitions=2, bots=2),
        RecordingPlan(),
    ),
    "2v2 joiner": (
        MatchPlan(seed=6, team_size=2, duration_seconds=25, goals=2, join_frame=400),
        RecordingPlan(),
    ),
    "1v1 no keyframe respawns": (
        MatchPlan(seed=7, team_size=1, duration_seconds=20, goals=1, demolitions=1),
        RecordingPlan(repeats_actors=False),
    ),
    **{
        f"1v1 {version.name}": (
            MatchPlan(seed=8, team_size=1, duration_seconds=20, goals=1, demolitions=1),
            RecordingPlan(version=version),
        )
        for version in VERSIONS
    },
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, replay_path: Path) -> tuple[Recording, dict[str, Any]]:
    """A recording and the parser's frame data of it."""
    plan, how = CASES[request.param]
    recording = Recording(generate(plan), how)
    replay_path.write_bytes(recording.data)
    return recording, subtr_actor.get_replay_frames_data(str(replay_path))


def test_goals_equal_the_truth(case: tuple[Recording, dict[str, Any]], player_of: PlayerOf) -> None:
    """Frame, scorer, team and scores of every goal."""
    recording, found = case
    assert [
        (
            event["frame"],
            player_of(recording, event["player"]),
            1 - event["scoring_team_is_team_0"],
            (event["team_zero_score"], event["team_one_score"]),
        )
        for event in found["goal_events"]
    ] == [(goal.frame, goal.scorer, goal.team, goal.scores) for goal in recording.match.goals]
    assert recording.match.goals


def test_demolitions_equal_the_truth(case: tuple[Recording, dict[str, Any]], player_of: PlayerOf) -> None:
    """Frame, attacker, victim and place of every demolition; none where the parser ignores the attribute."""
    recording, found = case
    match = recording.match
    expected = () if recording.plan.version.demolish is DemolishFormat.OLDEST else match.demolitions
    assert [
        (info["frame"], player_of(recording, info["attacker"]), player_of(recording, info["victim"]))
        for info in found["demolish_infos"]
    ] == [(event.frame, event.attacker, event.victim) for event in expected]
    for info, event in zip(found["demolish_infos"], expected, strict=True):
        place = [info["victim_location"][axis] for axis in "xyz"]
        np.testing.assert_allclose(place, match.cars.position[event.frame, event.victim], atol=0.0053)
        velocity = [info["attacker_velocity"][axis] for axis in "xyz"]
        np.testing.assert_allclose(velocity, match.cars.velocity[event.frame, event.attacker], atol=0.51)


def test_pickups_equal_the_truth(case: tuple[Recording, dict[str, Any]], player_of: PlayerOf) -> None:
    """Who picked up which pad in which frame, and when it was back."""
    recording, found = case
    events = [
        PadEvent(
            event["frame"],
            int(event["pad_id"].rsplit("_", 1)[-1]),
            None if event["player"] is None else player_of(recording, event["player"]),
        )
        for event in found["boost_pad_events"]
    ]

    def sorted_events(events: list[PadEvent]) -> list[PadEvent]:
        return sorted(events, key=lambda event: (event.frame, event.pad))

    assert sorted_events(events) == sorted_events(list(recording.match.pad_events))
    assert recording.match.pickups


def test_touches_equal_the_truth(case: tuple[Recording, dict[str, Any]]) -> None:
    """Frame and team of every touch; keyframes add none."""
    recording, found = case
    assert [(event["frame"], 1 - event["team_is_team_0"]) for event in found["touch_events"]] == [
        (touch.frame, touch.team) for touch in recording.match.touches
    ]


def test_stat_events_equal_the_truth(case: tuple[Recording, dict[str, Any]], player_of: PlayerOf) -> None:
    """Shots and assists of the scoreboard."""
    recording, found = case
    goals = recording.match.goals
    expected = [(goal.frame, "Shot", goal.scorer) for goal in goals]
    expected += [(goal.frame, "Assist", goal.assistant) for goal in goals if goal.assistant is not None]
    assert sorted(
        (event["frame"], event["kind"], player_of(recording, event["player"])) for event in found["player_stat_events"]
    ) == sorted(expected)


def test_every_frame_has_an_entry(case: tuple[Recording, dict[str, Any]]) -> None:
    """Times, clock and state of each network frame are the truth's."""
    recording, found = case
    match = recording.match
    frames = found["frame_data"]["metadata_frames"]
    assert len(frames) == match.frames
    assert [frame["time"] for frame in frames] == match.time.tolist()
    assert [frame["seconds_remaining"] for frame in frames] == match.seconds_remaining.tolist()
    assert [frame["replicated_game_state_name"] for frame in frames] == recording.state_indices[match.state].tolist()


def test_names_and_statistics_are_found(case: tuple[Recording, dict[str, Any]], player_of: PlayerOf) -> None:
    """Names come back as they were; all but Switch players and bots have header statistics."""
    recording, found = case
    for team, name in enumerate(("team_zero", "team_one")):
        for info in found["meta"][name]:
            number = player_of(recording, info["remote_id"])
            who, kit = recording.match.players[number], equipment(recording.match, number)
            assert who.team == team
            if not who.is_late:
                assert info["name"] == who.player.name
            if info["stats"]:
                assert (info["stats"]["Goals"], info["stats"]["Score"]) == (who.goals, who.score)
                if kit.camera is not None:
                    assert info["camera_settings"]["fov"] == kit.camera.fov
                if recording.plan.version.has_two_loadouts:  # the parser reads no other
                    assert info["car_body_id"] == kit.cars[who.team].body


def test_events_of_a_part_equal_its_truth(replay_path: Path, player_of: PlayerOf) -> None:
    """A recording that starts late tells of what happened in it, and only of that."""
    match = generate(MatchPlan(seed=7, team_size=1, duration_seconds=50, goals=3, demolitions=3))
    recording = Recording(cut(match, first=match.goals[0].frame + 30, stop=match.frames - 50))
    replay_path.write_bytes(recording.data)
    found = subtr_actor.get_replay_frames_data(str(replay_path))
    part = recording.match
    assert [(event["frame"], player_of(recording, event["player"])) for event in found["goal_events"]] == [
        (goal.frame, goal.scorer) for goal in part.goals
    ]
    assert [info["frame"] for info in found["demolish_infos"]] == [event.frame for event in part.demolitions]
    assert [event["frame"] for event in found["touch_events"]] == [touch.frame for touch in part.touches]
    assert [event["frame"] for event in found["boost_pad_events"]] == [event.frame for event in part.pad_events]
    assert len(part.goals) == 2
