"""Pads of real replays against the parser's own events and against the rules of the game."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subtr_actor
from tests.paths import REPLAYS

from impulse.config.parsing_config import ParsingConfig
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.sampling import Sampling

PARAMS = dataclasses.replace(
    ParsingConfig.get_preset("standard").params(), pads=True, pad_rows=True, sampling=Sampling.native
)
FILES = [path for kind in ("match", "clip", "recoverable") for path in sorted((REPLAYS / kind).glob("*.replay"))]
WITH_COUNTS = [
    path for path in FILES if "match" in path.parts and not any(f"-{year}-" in path.name for year in (2016, 2018, 2019))
]
RESPAWN = {"big": 10.0, "small": 4.0}
NEAR_UU = 500.0
KICKOFF_SECONDS = 0.4
"""A recording leaves out more before a kickoff."""


@cache
def parsed_of(path: Path) -> ParsedReplay:
    return parse_replay(path, PARAMS)


def pads_by_number(parsed: ParsedReplay) -> dict[int, dict[str, Any]]:
    return {row["pad"]: row for row in parsed.on_request["pads"]}


def kickoffs(parsed: ParsedReplay) -> np.ndarray:
    """Return the times at which the recording goes on with a kickoff."""
    times = parsed.frames["frame_time"].to_numpy()
    return np.asarray(times[1:][np.diff(times) > KICKOFF_SECONDS])


@pytest.mark.heavy
@pytest.mark.usefixtures("real_replays")
@pytest.mark.parametrize("path", WITH_COUNTS, ids=lambda path: path.name)
def test_pickups_are_the_parsers_without_what_is_told_again(path: Path) -> None:
    """Its frame data lists every state with a car; what it has beyond is told around a kickoff, which takes pickups back."""
    parsed = parsed_of(path)
    names = {number: row["names"] for number, row in pads_by_number(parsed).items()}
    mine = Counter((row["frame"], names[row["pad"]][0]) for row in parsed.on_request["pad_pickups"])
    last: dict[str, int | None] = {}
    everything: set[tuple[int, str]] = set()
    theirs: Counter[tuple[int, str]] = Counter()
    for event in subtr_actor.get_replay_frames_data(path)["boost_pad_events"]:
        pad = event["pad_id"].rsplit(".", 1)[-1]
        count = None if event["kind"] == "Available" else event["kind"]["PickedUp"]["sequence"]
        if count is not None:
            everything.add((event["frame"], pad))
            theirs[event["frame"], pad] += count != last.get(pad)
        last[pad] = count
    times = parsed.frames["frame_time"].to_numpy()
    jumps = np.flatnonzero(np.diff(times) > KICKOFF_SECONDS) + 1

    assert mine.keys() <= everything
    for frame, _ in theirs - mine:
        assert np.abs(jumps - frame).min() <= 1, frame


@pytest.mark.heavy
@pytest.mark.usefixtures("real_replays")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_team_picks_up_as_often_as_the_parser_finds(path: Path) -> None:
    """Not less than it finds in states and amounts both; its events lack up to a twentieth of the states that its frame data have."""
    parsed = parsed_of(path)
    pickups = parsed.on_request["pad_pickups"]
    told: dict[str, Counter[str]] = {"both": Counter(), "any": Counter()}
    for event in subtr_actor.get_stats_events(path)["events"]:
        if event["meta"]["stream"] == "boost_pickups":
            team = "blue" if event["meta"]["team_is_team_0"] else "orange"
            told["any"][team] += 1
            told["both"][team] += event["payload"]["payload"]["detection"] == "both"
    mine = Counter(row["team"] for row in pickups)

    assert all(row["player"] is not None for row in pickups)
    if pickups:  # dropshot has none, and the parser guesses some
        for team in ("blue", "orange"):
            assert told["both"][team] - 2 <= mine[team] <= 1.06 * told["any"][team] + 2, (mine, told)


@pytest.mark.heavy
@pytest.mark.usefixtures("real_replays")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pickups_keep_to_the_rules_of_the_game(path: Path) -> None:
    """The car is at the pad, which was there, and is back after 10 or 4 s, at a kickoff, or after the car took it again."""
    parsed = parsed_of(path)
    pads, pickups = pads_by_number(parsed), parsed.on_request["pad_pickups"]
    starts, near, seen = kickoffs(parsed), 0, 0
    until: dict[tuple[int, int], float] = {}
    in_time = returned = 0
    for row in pickups:
        pad = pads[row["pad"]]
        if pad["x"] is None or row["row"] is None:
            continue
        place = [parsed.frames[f"p{row['slot']}_pos_{axis}"][row["row"]].as_py() for axis in "xyz"]
        if None not in place:
            seen += 1
            near += float(np.linalg.norm(np.subtract(place, [pad[axis] for axis in "xyz"]))) < NEAR_UU
        if len(pad["names"]) == 1:
            assert row["time"] > until.get(row["pad"], -np.inf) - 0.2, row
            until[row["pad"]] = row["back_time"] or row["time"]
        if row["is_back_recorded"] and not ((starts > row["time"]) & (starts <= row["back_time"])).any():
            returned += 1
            in_time += abs(row["back_time"] - row["time"] - RESPAWN[pad["size"]]) < 0.5

    assert near >= 0.97 * seen
    assert in_time >= 0.9 * returned


@pytest.mark.heavy
@pytest.mark.usefixtures("real_replays")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_pad_adds_is_what_the_file_tells_of_the_tank(path: Path) -> None:
    """The first higher amount that is sent after a pickup is what was there and what was added, by the frames of the file."""
    parsed = parsed_of(path)
    pads = pads_by_number(parsed)
    told = agrees = 0
    for row in parsed.on_request["pad_pickups"]:
        if row["amount"] is None or row["row"] is None or pads[row["pad"]]["x"] is None:
            continue
        tank = parsed.frames[f"p{row['slot']}_boost"].slice(max(0, row["row"] - 2), 7).to_pylist()
        if None in tank:
            continue
        steps = np.diff(tank)
        told += 1
        agrees += abs(steps.max() - row["amount"]) < 4.0

    assert agrees >= 0.95 * told - 1


@pytest.mark.heavy
@pytest.mark.usefixtures("real_replays")
@pytest.mark.parametrize("path", WITH_COUNTS[:3], ids=lambda path: path.name)
def test_pads_give_what_the_parser_finds(path: Path) -> None:
    """Of each pickup that it finds, unless its own tank before and after says that it took a small pad for a big one."""
    parsed = parse_replay(path, dataclasses.replace(PARAMS, events=True))
    compared = equal = 0
    for event in parsed.on_request["events"]:
        if event["kind"] != "boost_pickups" or event["player"] is None:
            continue
        told = {name: value / 2.55 for name, value in json.loads(event["detail"]).items() if isinstance(value, float)}
        if abs(told["boost_before"] + told["collected_amount"] - told["boost_after"]) > 5:
            continue
        near = [
            row
            for row in parsed.on_request["pad_pickups"]
            if row["player"] == event["player"] and abs(row["frame"] - event["frame"]) < 8
        ]
        compared += 1
        equal += any(
            abs(row["amount"] - told["collected_amount"]) < 3 and abs(row["overfill"] - told["overfill_amount"]) < 3
            for row in near
        )
    assert equal >= 0.97 * compared > 30
