"""Events of all real files: changes and no values sent again, touches with players, and counts that are the header's."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import subtr_actor
from tests.decoding.test_decoders_agree import real_files
from tests.products.test_real_stats import counted_twice

from impulse.config.parsing_config import ParsingConfig
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay

pytestmark = pytest.mark.heavy
PARAMS = dataclasses.replace(ParsingConfig.get_preset("standard", fps=5.0).params(), events=True)
COUNTS = ("goals", "assists", "saves", "shots")

TOLD_BY_KEYFRAMES = {
    "551c.replay": "of January 2016; bodies stay for seconds",
    "ae466.replay": "bodies stay for seconds, up to the next keyframe",
    "old-ballchasing-midfield-car.replay": "a car that stays for seconds",
    "replay-format-2016-07-21-v868-12-net-none-lan.replay": "amounts of boost that come with the next keyframe",
}
"""Recordings in which a keyframe is the first to tell what changed seconds before, and what."""

BY_CHANCE = 0.01
"""How likely it may be that a kind of any is so often on keyframes by chance alone."""


class Found(NamedTuple):
    """What is kept of a file."""

    kinds: list[tuple[str, int]]
    """Kind and network frame of each event."""
    unnamed_touches: int
    keyframes: frozenset[int]
    frames: int
    players: list[dict[str, Any]]
    counted: Counter[tuple[int, str]]
    """By player and count."""
    differ: list[str]


def keyframes_of(replay: Mapping[str, Any]) -> frozenset[int]:
    """Return the network frames that spawn actors which live, read apart from the decoder."""
    alive: dict[int, int] = {}
    found = set()
    for number, frame in enumerate(replay["network_frames"]["frames"]):
        for actor in frame["deleted_actors"]:
            alive.pop(actor, None)
        for spawned in frame["new_actors"]:
            if alive.get(spawned["actor_id"]) == spawned["object_id"]:
                found.add(number)
            alive[spawned["actor_id"]] = spawned["object_id"]
    return frozenset(found)


@pytest.fixture(scope="module")
def found(real_replays: Path) -> dict[Path, Found]:
    every = {}
    for path in real_files(real_replays):
        try:
            parsed = parse_replay(path, PARAMS)
        except ReplayError as error:
            assert error.reason in ("team_too_large", "unsupported_format"), path
            continue
        events = parsed.on_request["events"]
        counted: Counter[tuple[int, str]] = Counter()
        for row in events:
            if row["kind"] == "core_player":
                detail = json.loads(row["detail"])
                counted.update({(row["player"], count): detail[f"{count}_delta"] for count in COUNTS})
        replay = subtr_actor.parse_replay(path.read_bytes())
        every[path] = Found(
            [(row["kind"], row["frame"]) for row in events],
            sum(row["kind"] == "touch" and row["player"] is None for row in events),
            keyframes_of(replay),
            len(replay["network_frames"]["frames"]),
            parsed.players,
            counted,
            parsed.facts["events_differ"],
        )
    return every


def test_events_are_on_keyframes_as_often_as_anywhere(found: dict[Path, Found]) -> None:
    """A value that a keyframe sends again is none: no kind is there more often than by chance, of all files together."""
    on: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for path, file in found.items():
        if path.name not in TOLD_BY_KEYFRAMES:
            share = len(file.keyframes) / max(file.frames, 1)
            for kind, frame in {*file.kinds}:  # those of one moment, as of all players, are not independent
                expected[kind] += share  # type: ignore[assignment]
                on[kind] += frame in file.keyframes
    assert sum(len(file.keyframes) for file in found.values()) > 500
    assert sum(on.values()) > 100
    likely = {kind: at_least(on[kind], mean) for kind, mean in expected.items()}
    assert {kind: p for kind, p in likely.items() if p < BY_CHANCE / len(likely)} == {}


def at_least(count: int, mean: float) -> float:
    """Return how likely so many or more of rare things are."""
    return 1 - sum(math.exp(-mean + number * math.log(mean) - math.lgamma(number + 1)) for number in range(count))


def test_what_changes_on_every_keyframe_would_be_noticed() -> None:
    """Old values sent again, such as a quarter of all touches, and a tenth of that, are far beyond chance."""
    assert at_least(750, 3000 * 0.0041) < BY_CHANCE / 50
    assert at_least(75, 3000 * 0.0041) < BY_CHANCE / 50
    assert at_least(13, 3000 * 0.0041) > 0.4


def test_touches_name_players(found: dict[Path, Found]) -> None:
    """Of 95 of 100."""
    touches = sum(kind == "touch" for file in found.values() for kind, _ in file.kinds)
    assert touches > 3000
    assert sum(file.unnamed_touches for file in found.values()) <= 0.05 * touches


def test_flips_that_came_back_are_there(found: dict[Path, Found]) -> None:
    """In the recordings that are named for them."""
    named = {path: file for path, file in found.items() if "flip-reset" in path.name}
    assert len(named) >= 2
    assert all(any(kind == "flip_reset" for kind, _ in file.kinds) for file in named.values())


def test_counts_are_the_headers(found: dict[Path, Found], real_replays: Path) -> None:
    """Of 98 of 100 players; the others are named, and the network data says the same of them, or the parser counts a goal twice."""
    players, differ = 0, []
    for path, file in found.items():
        if path.parent.name == "people":
            continue  # whose headers and entries do not belong together, on purpose
        wrong = {}
        for player in file.players:
            if player["stats_source"] == "header":
                players += path.is_relative_to(real_replays)
                counts = {count: file.counted[player["player"], count] for count in COUNTS}
                if others := {count for count in COUNTS if counts[count] != player[count]}:
                    wrong[player["name"]] = (player, others, counts)
        assert [
            line.split(": goals")[0].split(": assists")[0].split(": saves")[0].split(": shots")[0]
            for line in file.differ
        ] == [*wrong]
        differ += [(path, *what) for what in wrong.values()]
    assert players > 150
    assert sum(path.is_relative_to(real_replays) for path, *_ in differ) <= 0.02 * players
    for path, player, others, counts in differ:
        network_says_so = others <= set((player["stats_differ"] or "").split(";"))
        twice = others == {"goals"} and counted_twice(path, counts["goals"] - player["goals"])
        assert network_says_so or twice, (path, player["name"], others)
