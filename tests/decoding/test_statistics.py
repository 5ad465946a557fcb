"""Whose line of the header is whose, what the network data says of those without one, and what people play with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.decoding.walks import to, walk_of

from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.attributes import CAMERA, CAMERA_OWNER, LOADOUTS, MVP, STATISTICS, STEERING
from impulse.decoding.first_frames import LOOK_FRAMES
from impulse.decoding.listed import listed_entries
from impulse.decoding.people import Person
from impulse.decoding.setups import setups_of
from impulse.decoding.statistics import sent_statistics
from impulse.demo import MatchPlan, Recording, generate
from impulse.demo.match import equipment
from impulse.parsing.parsed_replay import parse_replay
from impulse.replay.facts import HeaderPlayer

COUNTS = ("score", "goals", "assists", "saves", "shots")


def person(kind: str, account: Any, name: str = "a", team: int = 0, entries: tuple[int, ...] = (0,)) -> Person:
    return Person({kind: account}, list(entries), is_bot=kind == "SplitScreen", name=name, team=team)


def entry(platform: str | None, *accounts: str, name: str = "a", team: str = "blue", score: int = 1) -> HeaderPlayer:
    stats = {"score": score, "goals": 0, "assists": 0, "saves": 0, "shots": 0}
    return HeaderPlayer(name, team, platform, accounts, platform is None, stats)


PLAYSTATION_OF_2018 = {"name": "a", "online_id": "1", "unknown1": []}


@pytest.mark.parametrize(
    ("who", "line"),
    [
        (
            person("Steam", "76561190000000001", name="new"),
            entry("Steam", "76561190000000001", name="old", team="orange"),
        ),
        (person("Epic", "de30a"), entry("Epic", "de30a", name="other")),
        (person("Epic", "de30a"), entry("Epic")),
        (person("PlayStation", PLAYSTATION_OF_2018), entry("PS4")),
        (person("PlayStation", {**PLAYSTATION_OF_2018, "online_id": "77"}), entry("PS4", "77", name="other")),
        (person("Xbox", "2533000000000001"), entry("Dingo", "2533000000000001", name="other")),
        (person("Switch", {"online_id": "88", "unknown1": []}), entry("NNX", "88", name="other")),
        (person("PsyNet", {"online_id": "88", "unknown1": []}), entry("NNX", "88", name="other")),
        (person("PsyNet", {"online_id": "88", "unknown1": []}), entry("NNX")),
        (person("QQ", "99"), entry("QQ", "99", name="other")),
        (person("SplitScreen", 4294967274), entry(None)),
    ],
    ids=lambda value: f"{value.platform} {value.accounts}" if isinstance(value, HeaderPlayer) else str(value.remote_id),
)
def test_a_line_is_found_by_account_else_by_team_and_name(who: Person, line: HeaderPlayer) -> None:
    """On each platform, in each form that headers have; an account goes before a name and a team."""
    assert listed_entries([who], [entry("Steam", "5", name="somebody"), line]) == {0: line}


@pytest.mark.parametrize(
    ("who", "line"),
    [
        (person("Steam", "76561190000000001"), entry("Steam", "76561190000000002")),
        (person("Epic", "de30a"), entry("Epic", "de30b")),
        (person("Xbox", "2533000000000001"), entry("Steam", "2533000000000001")),
        (person("Xbox", "2533000000000001"), entry("Steam")),
        (person("SplitScreen", 4294967274), entry("Steam", "76561190000000001")),
        (person("Epic", "de30a"), entry("Epic", team="orange")),
        (person("Epic", "de30a"), entry("Epic", name="b")),
    ],
    ids=[
        "other account",
        "other Epic account",
        "number of another platform",
        "other platform",
        "a bot",
        "team",
        "name",
    ],
)
def test_a_line_about_somebody_else_is_nobodys(who: Person, line: HeaderPlayer) -> None:
    """No statistics are better than another's: he may have left, and his namesake may be in no row."""
    assert listed_entries([who], [line]) == {}


def test_two_of_one_name_are_told_apart_by_account_only() -> None:
    """Where only one has an account that the header lists, the other gets nothing but what is left for him alone."""
    twins = [person("Epic", "de30a"), person("Epic", "de30b")]
    lines = [entry("Epic", "de30b", score=2), entry("Epic", "de30a", score=1)]
    assert listed_entries(twins, lines) == {0: lines[1], 1: lines[0]}
    assert listed_entries(twins, lines[:1]) == {1: lines[0]}
    assert listed_entries(twins, [entry("Epic"), entry("Epic")]) == {}
    assert listed_entries(twins, [entry("Epic")]) == {}


def test_a_guest_at_one_screen_has_his_own_line() -> None:
    """He plays on the account of his host, so that the account tells nobody apart, and names do."""
    people = [person("Steam", "1234567", name="host"), person("Steam", "1234567", name="host(2)")]
    lines = [entry("Steam", "1234567", name="host(2)", score=2), entry("Steam", "1234567", name="host", score=1)]
    assert listed_entries(people, lines) == {0: lines[1], 1: lines[0]}


PRI = "TAGame.Default__PRI_TA"


def counted(sent: list[tuple[int, int, int]], lives: list[tuple[int, int]], entries: tuple[int, ...]) -> int | None:
    """Return the goals of somebody with some entries."""
    walk = walk_of(900, [(PRI, start, end) for start, end in lives], {STATISTICS["goals"]: sent})
    (mine,) = sent_statistics(walk, [person("Epic", "de30a", entries=entries)])
    assert mine["saves"] is None
    return mine["goals"]


def test_counts_of_the_network_are_the_last_ones_of_each_entry() -> None:
    """Keyframes send values again, also of an entry that nobody uses any more; a new one counts from 0 or goes on."""
    assert counted([(10, 0, 1), (300, 0, 1), (400, 0, 2), (600, 0, 2)], [(0, 900)], (0,)) == 2
    assert counted([], [(0, 900)], (0,)) == 0
    assert counted([(10, 0, 2), (500, 1, 1), (600, 0, 2), (600, 1, 1)], [(0, 900), (450, 900)], (0, 1)) == 3
    assert counted([(10, 0, 2), (450, 1, 2), (500, 1, 3)], [(0, 400), (450, 900)], (0, 1)) == 3
    assert counted([(0, 0, 5), (500, 0, 6)], [(0, 900)], (0,)) == 6


def test_the_best_player_is_who_is_named() -> None:
    """Where nobody is named nobody is known not to be the best."""
    two = [person("Epic", "de30a", entries=(0,)), person("Epic", "de30b", entries=(1,))]
    for sent, best in (([], [None, None]), ([(90, 1, True)], [False, True]), ([(50, 0, False)], [None, None])):
        walk = walk_of(99, [(PRI, 0, 99), (PRI, 0, 99)], {MVP: sent})
        assert [mine["is_mvp"] for mine in sent_statistics(walk, two)] == best


def test_what_a_file_has_no_attribute_for_is_not_told() -> None:
    """Then nobody's count is 0."""
    (mine,) = sent_statistics(walk_of(10, [(PRI, 0, 10)], {}), [person("Epic", "de30a")])
    assert mine == dict.fromkeys((*COUNTS, "demolitions", "is_mvp"))


def parts(body: int) -> dict[str, int]:
    return {"version": 28, "body": body, "decal": 0, "wheels": 7, "unknown1": 3}


def test_what_people_play_with_is_what_was_sent_at_first() -> None:
    """In the first network frames, or in as many from the entry on: so the start of a file tells what all of it does."""
    sent: dict[str, list[tuple[int, int, Any]]] = {
        LOADOUTS: [
            (0, 0, {"blue": parts(23), "orange": parts(403)}),
            (LOOK_FRAMES, 0, {"blue": parts(30), "orange": parts(30)}),
            (LOOK_FRAMES + 50, 1, {"blue": parts(22), "orange": parts(28)}),
            (2 * LOOK_FRAMES + 50, 1, {"blue": parts(30), "orange": parts(30)}),
        ],
        STEERING: [(LOOK_FRAMES, 0, 2.0)],
        CAMERA: [(5, 2, {"fov": 100.0, "transition": None}), (5, 3, {"fov": 90.0}), (600, 4, {"fov": 80.0})],
        CAMERA_OWNER: [(5, 2, to(0)), (LOOK_FRAMES, 3, to(0)), (500, 4, to(1)), (700, 3, to(1))],
    }
    lives = [(PRI, 0, 900), (PRI, LOOK_FRAMES + 50, 900), *[("Camera", 0, 900)] * 3]
    people = [person("Epic", "de30a"), person("Epic", "de30b", team=1, entries=(1,)), person("Xbox", "1", entries=())]
    early, late, unseen = setups_of(walk_of(900, lives, sent), people)
    assert early.loadout == {"body": 23, "wheels": 7, "unknown1": 3}
    assert (early.camera, early.steering) == ({"fov": 100.0}, 1.0)
    assert (late.loadout["body"], late.camera) == (28, {"fov": 90.0})  # told late, the first that is told
    assert unseen == type(unseen)()


def test_an_unknown_body_keeps_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hitbox is not guessed."""
    monkeypatch.setattr(equipment, "BODIES", (60_000,))
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(generate(MatchPlan(seed=2, team_size=1, duration_seconds=12))).data)
    players = parse_replay(path, ParsingConfig.get_preset("minimal").params()).players
    assert [(row["car_body_id"], row["car_body"], row["hitbox"]) for row in players] == [(60_000, None, None)] * 2


@pytest.mark.real_replays
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two_of_one_name", {"blue": (0, 0), "orange": (1, 100)}),
        ("nintendo_person", {"blue": (1, 100), "orange": (0, 0)}),
    ],
)
def test_small_files_about_people(hazards: Path, name: str, expected: dict[str, tuple[int, int]]) -> None:
    """Each has his own statistics, from the header."""
    path = hazards / "people" / f"{name}.replay"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    players = parse_replay(path, ParsingConfig.get_preset("minimal").params()).players
    assert {row["team"]: (row["goals"], row["score"]) for row in players} == expected
    assert {row["stats_source"] for row in players} == {"header"}
