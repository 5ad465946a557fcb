from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Recording
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.events import make_events

PARAMS = dataclasses.replace(ParsingConfig.get_preset("standard").params(), events=True)


def test_events_are_those_of_the_truth(synthetic: tuple[Path, Recording]) -> None:
    """Touches, pickups, goals, shots and demolitions have the frames and players of what happened."""
    path, recording = synthetic
    match = recording.match
    parsed = parse_replay(path, PARAMS)
    names = {row["slot"]: row["name"] for row in parsed.players}

    def found(kind: str) -> list[tuple[int, str | None]]:
        return [(row["frame"], names.get(row["slot"])) for row in parsed.events if row["kind"] == kind]

    def name(player: int) -> str:
        return match.players[player].player.name

    assert [frame for frame, _ in found("touch")] == [touch.frame for touch in match.touches]
    assert [row["team"] for row in parsed.events if row["kind"] == "touch"] == [
        ("blue", "orange")[t.team] for t in match.touches
    ]
    assert sorted(found("boost_pickup")) == sorted(
        (pad.frame, name(pad.player)) for pad in match.pickups if pad.player is not None
    )
    assert found("goal") == [(goal.frame, name(goal.scorer)) for goal in match.goals]
    assert found("demolition") == [(event.frame, name(event.attacker)) for event in match.demolitions]
    assert [row["frame"] for row in parsed.events] == sorted(row["frame"] for row in parsed.events)


def test_an_event_belongs_to_the_first_row_that_shows_it(synthetic: tuple[Path, Recording]) -> None:
    """The row's network frame is at or after the event's, and the row above's is not."""
    parsed = parse_replay(synthetic[0], PARAMS)
    shown = parsed.frames["frame_time"].to_numpy()
    for row in parsed.events:
        if row["row"] is not None:
            assert shown[row["row"]] >= np.float32(row["time"])
            assert row["row"] == 0 or shown[row["row"] - 1] < np.float32(row["time"])


def test_events_are_made_only_on_request(synthetic: tuple[Path, Recording]) -> None:
    """They take as long as many replays, so the default does without."""
    assert parse_replay(synthetic[0], ParsingConfig.get_preset("standard").params()).events == []


@pytest.mark.parametrize(
    ("position", "expected"),
    [({"x": 1.0, "y": 2.0, "z": 3.0}, (1.0, 2.0, 3.0)), ([1.0, 2.0, 3.0], (1.0, 2.0, 3.0)), (None, (None, None, None))],
    ids=["named", "listed", "not told"],
)
def test_positions_are_read_in_every_form(monkeypatch: pytest.MonkeyPatch, position: object, expected: object) -> None:
    """The parser names the axes, lists them for refreshed dodges, and leaves the position out for others."""
    player, kinds = {"Steam": 7}, ("touch", "boost_pad", "player_stat", "goal", "dodge_refreshed")
    event = {"time": 1.0, "frame": 30, "player": player, "player_position": position}
    data: dict[str, list[object]] = {f"{kind}_events": [] for kind in kinds} | {
        "demolish_infos": [],
        "dodge_refreshed_events": [event],
    }
    monkeypatch.setattr("impulse.products.events.decode_frames", lambda path: data)
    (row,) = make_events(
        Path("any"),
        replay_id="r",
        players=[{"player": 0}],
        player_ids=["Steam(7)"],
        stints=[{"player": 0, "slot": 4, "team": "orange", "first_row": 0}],
        frame_time=np.array([0.5, 1.0], dtype=np.float32),
    )
    assert (row["player_x"], row["player_y"], row["player_z"]) == expected
    assert (row["kind"], row["row"], row["slot"], row["team"]) == ("dodge_refresh", 1, 4, "orange")
