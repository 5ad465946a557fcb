"""Events: those of what happened, in one form whatever the parser tells of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.parsed_file import ParsedFile
from impulse.demo import Recording
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.products import events as events_module
from impulse.products.events import differences, make_events

PARAMS = dataclasses.replace(ParsingConfig.get_preset("standard").params(), events=True)
TEAMS = ("blue", "orange")


@pytest.fixture(scope="module")
def parsed(synthetic: tuple[Path, Recording]) -> ParsedReplay:
    return parse_replay(synthetic[0], PARAMS)


def test_events_are_those_of_the_truth(parsed: ParsedReplay, synthetic: tuple[Path, Recording]) -> None:
    """Pickups, goals, shots, assists and demolitions have the frames and players of what happened."""
    match = synthetic[1].match
    names = [row["name"] for row in parsed.players]

    def found(kind: str, /, **detail: str) -> list[tuple[Any, ...]]:
        return sorted(
            (row["frame"], row["team"], names[row["player"]])
            for row in parsed.on_request["events"]
            if row["kind"] == kind and json.loads(row["detail"]).items() >= detail.items()
        )

    def told(what: Sequence[Any], who: str) -> list[tuple[Any, ...]]:
        players = [(event.frame, match.players[getattr(event, who)]) for event in what]
        return sorted((frame, TEAMS[player.team], player.player.name) for frame, player in players)

    pickups = told([pad for pad in match.pickups if pad.player is not None], "player")
    late = [mine[0] - its[0] for mine, its in zip(found("boost_pickups"), pickups, strict=True)]
    assert [event[1:] for event in found("boost_pickups")] == [event[1:] for event in pickups]
    # The parser puts a pickup where the amount is told, if that is later.
    assert late.count(0) > 0.8 * len(late)
    assert 0 <= min(late) <= max(late) <= 5
    assert found("timeline", kind="Goal") == found("goal_context") == told(match.goals, "scorer")
    assert found("timeline", kind="Assist") == told(
        [goal for goal in match.goals if goal.assistant is not None], "assistant"
    )
    assert found("demolition") == told(match.demolitions, "attacker")
    victims = [names[row["other_player"]] for row in parsed.on_request["events"] if row["kind"] == "demolition"]
    assert victims == [match.players[event.victim].player.name for event in match.demolitions]
    assert len(match.demolitions) * len(match.goals) > 0


def test_who_counts_otherwise_than_the_header_is_named(parsed: ParsedReplay) -> None:
    """By each count that differs; of whom the header says nothing there is nothing to hold."""
    events, (first, second, third, *_) = parsed.on_request["events"], parsed.players
    assert parsed.facts["events_differ"] == []
    more = {**first, "goals": first["goals"] + 1, "shots": first["shots"] + 2}
    other = {**second, "saves": second["saves"] + 1}
    unlisted = {**third, "assists": 99, "stats_source": "network"}
    file = ParsedFile(
        Path("any"),
        "r",
        players=[more, other, unlisted],
        player_ids=["a", "b", "c"],
        stints=[],
        frame_time=np.empty(0, np.float32),
        frames=pa.table({}),
    )
    assert differences(events, dataclasses.replace(file, player_ids=["a", "b", "b"])) == differences(events, file)[:1]
    assert differences(events, file) == [
        f"{first['name']}: goals {first['goals']}, header {first['goals'] + 1}; shots {first['shots']}, header {first['shots'] + 2}",
        f"{second['name']}: saves {second['saves']}, header {second['saves'] + 1}",
    ]


def test_an_event_belongs_to_the_first_row_that_shows_it(parsed: ParsedReplay) -> None:
    """The row's network frame is at or after the event's, and the row above's is not."""
    shown, seen = parsed.frames["frame_time"].to_numpy(), 0
    for row in parsed.on_request["events"]:
        for place, time in ((row["row"], row["time"]), (row["end_row"], row["end_time"])):
            if place is not None:
                assert shown[place] >= np.float32(time)
                assert place == 0 or shown[place - 1] < np.float32(time)
                seen += 1
    assert seen > 100


def test_events_are_numbered_in_their_order(parsed: ParsedReplay) -> None:
    """By frame, whatever order the parser gives them in."""
    rows = parsed.on_request["events"]
    assert [row["event"] for row in rows] == list(range(len(rows)))
    assert [row["frame"] for row in rows] == sorted(row["frame"] for row in rows)


def test_events_are_made_only_on_request(synthetic: tuple[Path, Recording]) -> None:
    """They take as long as many replays, so the default does without."""
    assert parse_replay(synthetic[0], ParsingConfig.get_preset("standard").params()).on_request == {}


HOST, OTHER = {"Steam": "7"}, {"Epic": "e"}


def rows_of(monkeypatch: pytest.MonkeyPatch, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of events of two players, of whom the second changes sides in row 2, and of two at one screen."""
    monkeypatch.setattr(events_module, "call_events", lambda path: list(events))
    file = ParsedFile(
        Path("any"),
        "r",
        players=[{"player": number} for number in range(4)],
        player_ids=["Steam(7)", "Epic(e)", "Xbox(9)", "Xbox(9)"],
        stints=[
            {"player": 0, "slot": 0, "team": "blue", "first_row": 0},
            {"player": 1, "slot": 4, "team": "orange", "first_row": 2},
            {"player": 1, "slot": 1, "team": "blue", "first_row": 0},
            {"player": 2, "slot": 5, "team": "orange", "first_row": 0},
            {"player": 3, "slot": 6, "team": "orange", "first_row": None},
        ],
        frame_time=np.array([0.5, 1.0, 1.5, 2.0], dtype=np.float32),
        frames=pa.table({}),
    )
    return make_events(file)["events"]


def event(
    time: float, *, end: float | None = None, meta: dict[str, Any] | None = None, **payload: Any
) -> dict[str, Any]:
    timing: dict[str, Any] = {"type": "moment", "frame": int(30 * time), "time": time}
    if end is not None:
        timing = {
            "type": "span",
            "start_frame": int(30 * time),
            "start_time": time,
            "end_frame": int(30 * end),
            "end_time": end,
        }
    said = {"frame": int(30 * time), "time": time, **payload}
    return {"meta": {"stream": "k", "timing": timing, **(meta or {})}, "payload": {"kind": "k", "payload": said}}


def test_what_columns_say_is_no_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that says something else than its column is one, as the later frame of a span's end is."""
    whose = {"primary_player": HOST, "team_is_team_0": True, "player_position": [1.0, 2.0, 3.0], "confidence": 0.5}
    (row,) = rows_of(
        monkeypatch,
        event(
            0.9, end=1.6, meta=whose, player=HOST, is_team_0=True, player_position=[1.0, 2.0, 3.0], confidence=0.5,
            end_frame=48, end_time=1.7, speed=0.10000000149011612, tags=[{"group": "g", "value": "b"}, {"group": "g", "value": "a"}],
        ),
    )  # fmt: skip
    assert (row["frame"], row["end_frame"], row["row"], row["end_row"]) == (27, 48, 1, 3)
    assert (row["team"], row["player"], row["slot"], row["confidence"]) == ("blue", 0, 0, 0.5)
    assert (row["player_x"], row["player_y"], row["player_z"], row["ball_x"]) == (1.0, 2.0, 3.0, None)
    assert row["tags"] == ["g=a", "g=b"]
    assert row["detail"] == '{"end_time":1.7,"speed":0.1}'


def test_people_are_who_they_were_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the team of the event, else in the last one they had come to; who shares an account is nobody, a stranger too."""
    second = [
        event(0.6, meta={"primary_player": OTHER, "team_is_team_0": True}),
        event(1.9, meta={"primary_player": OTHER, "team_is_team_0": False, "secondary_player": HOST}, victim=HOST),
        event(1.9, meta={"primary_player": HOST, "secondary_player": OTHER}, by={"all": [OTHER, {"Xbox": "9"}]}),
        event(2.5, meta={"primary_player": {"Xbox": "9"}, "team_is_team_0": False}),
        event(2.6, meta={"primary_player": {"PS4": "1"}}),
    ]
    rows = rows_of(monkeypatch, *second)
    assert [(row["player"], row["slot"], row["team"]) for row in rows] == [
        (1, 1, "blue"),
        (0, 0, "blue"),
        (1, 4, "orange"),
        (None, None, "orange"),
        (None, None, None),
    ]
    assert [(row["other_player"], row["other_slot"]) for row in rows[1:3]] == [(1, 4), (0, 0)]
    assert [row["detail"] for row in rows[1:3]] == ['{"by":{"all":[1,"Xbox(9)"]}}', '{"victim":0}']
    assert rows[3]["row"] is None


def test_a_touch_is_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser gives the span of the ball's movement after it, and where the player is at the end of that."""
    end = [4000.0, 2.0, 3.0]
    told = event(
        1.2, end=1.9, meta={"stream": "touch", "primary_player": HOST, "player_position": end}, player_position=end
    )
    told["payload"]["payload"] |= {"frame": 27, "time": 0.9, "ball_position": [7.0, 8.0, 9.0]}
    (row,) = rows_of(monkeypatch, told)
    assert (row["frame"], row["time"], row["row"], row["end_frame"], row["end_row"]) == (27, 0.9, 1, None, None)
    assert [row[f"ball_{axis}"] for axis in "xyz"] == [7.0, 8.0, 9.0]
    assert [row[f"player_{axis}"] for axis in "xyz"] == [None] * 3
    assert json.loads(row["detail"]) == {"player_position": end}


@pytest.mark.parametrize("winner", [True, False, None])
def test_a_fifty_fifty_is_of_both_teams(monkeypatch: pytest.MonkeyPatch, winner: bool | None) -> None:
    """The parser calls the winner its team, and blue's player its player, also where orange won."""
    whose = {"stream": "fifty_fifty", "primary_player": HOST, "team_is_team_0": winner}
    (row,) = rows_of(monkeypatch, event(1.9, meta=whose, team_one_player=OTHER, winning_team_is_team_0=winner))
    assert (row["team"], row["player"], row["other_player"], row["other_slot"]) == (None, 0, 1, 4)
    assert json.loads(row["detail"])["winning_team_is_team_0"] is winner


def test_a_kind_that_nobody_knows_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser of tomorrow adds kinds and fields; what is not of the form of events at all refuses the product."""
    later = event(1.0, meta={"lifecycle": "new"}, something={"deep": [1, None, {"er": True}]})
    (row,) = rows_of(monkeypatch, later)
    assert (row["kind"], row["detail"]) == ("k", '{"something":{"deep":[1,null,{"er":true}]}}')
    with pytest.raises(ReplayError, match="not of the form expected"):
        rows_of(monkeypatch, {"meta": {}})
