"""Pads: tables and rows of synthetic matches against what happened in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.pads import Pad, Pickup
from impulse.demo import VERSIONS, MatchPlan, Recording, RecordingPlan, cut, generate
from impulse.demo.match.arena import BIG_PADS as BIG_ONES
from impulse.demo.match.arena import PADS_UU
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.products.pad_rows import empty_seconds
from impulse.schema.sampling import Sampling

PARAMS = replace(
    ParsingConfig.get_preset("standard").params(),
    pads=True,
    pad_rows=True,
    sampling=Sampling.causal,
    slots_per_team=3,
)
TEAMS = ("blue", "orange")
ORDER = sorted(range(len(PADS_UU)), key=lambda pad: (round(PADS_UU[pad][1] / 40), PADS_UU[pad][0]))
"""The truth's pads in the order of the table: by y, of which the game's places differ by some uu in a line, then x."""
BY_VERSION = {version.name: version for version in (VERSIONS[0], VERSIONS[-1])}


def parsed_of(recording: Recording, folder: Path) -> ParsedReplay:
    path = folder / "match.replay"
    path.write_bytes(recording.data)
    return parse_replay(path, PARAMS)


@pytest.fixture(scope="module", params=BY_VERSION)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, ParsedReplay]:
    """A match of the first and of the last format, whose keyframes tell again what pads are."""
    plan = RecordingPlan(version=BY_VERSION[request.param], repeats_pads=True)
    recording = Recording(generate(MatchPlan(seed=17, team_size=3, duration_seconds=30, goals=1)), plan)
    return recording, parsed_of(recording, tmp_path_factory.mktemp("pads"))


def test_pickups_are_those_of_the_truth(case: tuple[Recording, ParsedReplay]) -> None:
    """Who, which pad, when, and when it is back; a kickoff brings all back."""
    recording, parsed = case
    match, rows = recording.match, parsed.on_request["pad_pickups"]
    people = {row["player"]: row for row in parsed.players}
    expected = []
    for number, event in enumerate(match.pad_events):
        if event.player is None:
            continue
        later = (
            other.frame for other in match.pad_events[number + 1 :] if other.pad == event.pad and other.player is None
        )
        who = match.players[event.player]
        expected.append((event.frame, ORDER.index(event.pad), who.player.name, TEAMS[who.team], next(later, None)))
    found = [(row["frame"], row["pad"], people[row["player"]]["name"], row["team"], row["back_frame"]) for row in rows]

    assert found == sorted(expected)
    assert len(found) > 15
    for number, row in enumerate(rows):
        assert row["pickup"] == number
        assert row["time"] == match.time[row["frame"]]
        assert row["slot"] == people[row["player"]]["slot"]
        assert row["is_back_recorded"] == (row["back_frame"] is not None)
        seconds = 10.0 if row["pad"] in (3, 4, 15, 18, 29, 30) else 4.0
        back = row["time"] + seconds if row["back_frame"] is None else match.time[row["back_frame"]]
        assert row["back_time"] == pytest.approx(back)


def test_what_a_car_gains_is_what_fits_into_its_tank(case: tuple[Recording, ParsedReplay]) -> None:
    """And a pad of the other half is stolen."""
    recording, parsed = case
    match = recording.match
    pickups = {(event.frame, ORDER.index(event.pad)): event for event in match.pickups}
    for row in parsed.on_request["pad_pickups"]:
        event = pickups[row["frame"], row["pad"]]
        assert event.player is not None
        before = match.boost[event.frame - 1, event.player] / 2.55
        grant = 100.0 if event.pad < BIG_ONES else 12.0
        assert row["amount"] == pytest.approx(min(grant, 100.0 - before), abs=2.0)
        assert row["amount"] + row["overfill"] == pytest.approx(grant)
        y = PADS_UU[event.pad][1] * (1, -1)[match.players[event.player].team]
        assert row["is_stolen"] == (y > 0)
    assert any(row["overfill"] > 5 for row in parsed.on_request["pad_pickups"])


def test_pads_are_those_of_the_arena(case: tuple[Recording, ParsedReplay]) -> None:
    """All of it, with the names that the file has of those that were used."""
    recording, parsed = case
    used = {event.pad for event in recording.match.pad_events}
    for number, (row, pad) in enumerate(zip(parsed.on_request["pads"], ORDER, strict=True)):
        assert row["pad"] == number
        assert (row["x"], row["y"], row["z"]) == tuple(PADS_UU[pad])
        assert row["size"] == ("big" if pad < BIG_ONES else "small")
        assert row["names"] == ([f"VehiclePickup_Boost_TA_{pad}"] if pad in used else [])
        assert row["map"] == recording.match.map_name
        assert row["replay_id"] == parsed.replay["replay_id"]


def test_rows_say_how_long_big_pads_are_empty(case: tuple[Recording, ParsedReplay]) -> None:
    """Ten seconds from the pickup on, and nothing as soon as it is back; a row knows nothing of what comes."""
    recording, parsed = case
    match = recording.match
    frame_time = parsed.frames["frame_time"].to_numpy()
    seen = 0
    for place, pad in enumerate(ORDER):
        if pad >= BIG_ONES:
            continue
        empty_until = np.zeros(match.frames)
        for event in match.pad_events:
            if event.pad == pad:
                until = 0.0 if event.player is None else match.time[event.frame] + 10.0
                empty_until[event.frame :] = until
        left = np.clip(empty_until - match.time, 0.0, 10.0)
        assert parsed.pad_rows is not None
        found = parsed.pad_rows[f"pad{place}_empty_seconds"].to_numpy()
        np.testing.assert_allclose(found, left[np.searchsorted(match.time, frame_time)], atol=2e-3)
        seen += int((found > 0).sum())
    assert seen > 100


def test_a_part_of_a_match_tells_the_same_of_what_it_has(tmp_path: Path) -> None:
    """Those pickups, though most pads come up in it only when they are used."""
    match = cut(generate(MatchPlan(seed=1, team_size=3, duration_seconds=30, goals=1)), first=300, stop=800)
    parsed = parsed_of(Recording(match), tmp_path)

    found = [(row["frame"], row["pad"]) for row in parsed.on_request["pad_pickups"]]
    assert found == sorted((event.frame, ORDER.index(event.pad)) for event in match.pickups)
    assert found


def test_nothing_is_made_that_was_not_asked_for(tmp_path: Path) -> None:
    recording = Recording(generate(MatchPlan(seed=1, team_size=1, duration_seconds=8)))
    (tmp_path / "match.replay").write_bytes(recording.data)
    parsed = parse_replay(tmp_path / "match.replay", replace(PARAMS, pads=False, pad_rows=False))

    assert parsed.pad_rows is None
    assert parsed.on_request == {}


def test_what_is_not_known_of_a_pad_is_null() -> None:
    """Before its first return, where a return does not come, and of a pad that nobody used while others have no place."""
    times = np.arange(0, 40, 0.5, dtype=np.float32)
    never = Pad("a", [Pickup(4, 0, None)], known_from=0, place=3)
    late = Pad("b", [], known_from=10, place=15)
    lost = Pad("c", [Pickup(4, 0, 30)])

    empty = empty_seconds(3, [never], times)
    assert (empty[:4] == 0).all()
    np.testing.assert_array_equal(empty[4:25], 12 - times[4:25])
    assert np.isnan(empty[26:]).all()
    found = empty_seconds(15, [late], times)
    assert np.isnan(found[:10]).all()
    assert (found[10:] == 0).all()
    assert (empty_seconds(4, [never, late], times) == 0).all()
    assert np.isnan(empty_seconds(4, [never, lost], times)).all()
    assert np.isnan(empty_seconds(4, [], times)).all()


def test_of_two_pads_at_one_place_the_first_counts() -> None:
    times = np.arange(0, 40, 0.5, dtype=np.float32)
    one = Pad("a", [Pickup(4, 0, 24)], place=30)
    other = Pad("b", [Pickup(10, 0, 30)], place=30)

    empty = empty_seconds(30, [one, other], times)
    assert (empty[:10] == 0).all()
    np.testing.assert_array_equal(empty[10:24], 12 - times[10:24])
    assert (empty[24:] == 0).all()
