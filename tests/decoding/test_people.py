"""Who plays, for whom, and by what name: by hand-made entries, and by the synthetic files about people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.decoding.test_decoders_agree import settings
from tests.decoding.walks import to, walk_of

from impulse.decoding import attributes
from impulse.decoding.cars import drives_and_demolitions
from impulse.decoding.people import people_of, stints_of
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.sampling import Decoder

CAR, ENTRY, TEAMS = (
    "Archetypes.Car.Car_Default",
    "TAGame.Default__PRI_TA",
    ("Archetypes.Teams.Team0", "Archetypes.Teams.Team1"),
)
NO_NAME = {"name": "", "online_id": "0", "unknown1": [98, 49]}


def unique_id(local_id: int = 0, **remote_id: Any) -> dict[str, Any]:
    return {"remote_id": remote_id, "local_id": local_id, "system_id": 1}


def found(
    ids: dict[int, Any], teams: list[tuple[int, int, int]], names: list[tuple[int, int, str]], **others: Any
) -> Any:
    """Return the people of four entries, which have the lives 2 to 5, after two teams and before four cars."""
    lives = [*((team, 0, 900) for team in TEAMS), *[(ENTRY, 0, 900)] * 4, *[(CAR, 0, 900)] * 4]
    sent = {
        attributes.PLAYER_ID: [(0, life, value) for life, value in ids.items()],
        attributes.PLAYER_TEAM: [(frame, life, to(team)) for frame, life, team in teams],
        attributes.PLAYER_NAME: names,
        **others,
    }
    return people_of(walk_of(900, lives, sent))


def test_a_person_is_an_account_and_a_number_at_the_screen() -> None:
    """A guest is somebody else; whoever comes back is the same; an entry without a team tells neither people nor names."""
    one, guest = unique_id(Steam="7"), unique_id(1, Steam="7")
    people = found(
        {2: one, 3: guest, 4: one, 5: one},
        [(0, 2, 0), (0, 3, 0), (500, 4, 0)],
        [(0, 2, "A"), (0, 3, "A(2)"), (500, 4, "B"), (600, 5, "spectator"), (700, 2, "A")],
    )
    assert [(person.local_id, person.name, person.entries) for person in people] == [
        (0, "B", [2, 4, 5]),
        (1, "A(2)", [3]),
    ]


def test_ids_that_say_nothing_are_not_one_person() -> None:
    """Of three drivers two have an empty id and one has none; the fourth entry has no car, so it is nobody."""
    people = found(
        {2: unique_id(PlayStation=NO_NAME), 3: unique_id(PlayStation=NO_NAME), 5: unique_id(SplitScreen=0)},
        [(0, life, life % 2) for life in range(2, 6)],
        [(0, life, str(life)) for life in range(2, 6)],
        **{attributes.PAWN_PLAYER: [(0, 6, to(2)), (0, 7, to(3)), (0, 8, to(4))]},
    )
    assert [(person.name, person.team, person.is_bot) for person in people] == [
        ("2", 0, False),
        ("4", 0, False),
        ("3", 1, False),
    ]
    assert [next(iter(person.remote_id)) for person in people] == ["PlayStation", "SplitScreen", "PlayStation"]


def test_bots_that_follow_each_other_under_one_actor_id_are_two() -> None:
    """The id of an entry is used again when it is gone."""
    walk = walk_of(
        900,
        [(TEAMS[0], 0, 900), (ENTRY, 0, 300), (ENTRY, 400, 900)],
        {
            attributes.PLAYER_IS_BOT: [(0, 1, True), (400, 2, True)],
            attributes.PLAYER_TEAM: [(0, 1, to(0)), (400, 2, to(0))],
            attributes.PLAYER_NAME: [(0, 1, "Sundown"), (400, 2, "Goose")],
        },
    )
    walk.lives[2].actor = 1
    assert sorted(person.name or "" for person in people_of(walk)) == ["Goose", "Sundown"]
    assert len({person.id_text for person in people_of(walk)}) == 2


@pytest.mark.parametrize(
    ("born", "gone", "expected"),
    [
        (0, 900, [(0, 500, 0), (500, 900, 1)]),
        (495, 900, [(495, 900, 1)]),
        (0, 505, [(0, 505, 0)]),
        (0, 400, [(0, 400, 0)]),
    ],
    ids=["drives on", "comes with the change", "goes with the change", "gone before"],
)
def test_a_car_is_driven_for_the_team_of_its_driver_then(
    born: int, gone: int, expected: list[tuple[int, int, int]]
) -> None:
    """Links and teams are told some network frames apart; leaving a team is not yet being in the other."""
    walk = walk_of(
        900,
        [*((team, 0, 900) for team in TEAMS), (ENTRY, 0, 900), (CAR, born, gone)],
        {
            attributes.PLAYER_ID: [(0, 2, unique_id(Steam="7"))],
            attributes.PLAYER_TEAM: [(0, 2, to(0)), (480, 2, to(-1)), (500, 2, to(1))],
            attributes.PAWN_PLAYER: [(born, 3, to(2))],
        },
    )
    people = people_of(walk)
    drives, _ = drives_and_demolitions(walk, people)
    assert [(drive.start, drive.end, drive.stint.team) for drive in drives] == expected
    everyone, stints, _ = stints_of(people, {drive.stint: drive.end for drive in drives})
    assert [stint.team for stint in stints] == [team for _, _, team in expected]
    assert everyone[0].team == expected[-1][2]


def parsed(hazards: Path, name: str, decoder: Decoder) -> ParsedReplay:
    path = hazards / "people" / f"{name}.replay"
    if not path.is_file():
        pytest.skip("no synthetic files about people")
    return parse_replay(path, settings(decoder))


def people(replay: ParsedReplay) -> list[tuple[Any, ...]]:
    columns = ("name", "team", "slot", "player_id", "local_id", "is_guest", "goals", "score")
    return [tuple(row[name] for name in columns) for row in replay.players]


TURTLE, ORANGE = (
    "76561190687136062",
    [
        ("double commit", "orange", 4, "de304f95f82c10959c8a52f702d7fdf2", 0, False, 0, 0),
        ("Zoë", "orange", 5, "2533000275333684", 0, False, 0, 0),
    ],
)


@pytest.mark.parametrize("decoder", [Decoder.auto, Decoder.exact])
def test_a_second_entry_and_a_guest_take_nobody_away(hazards: Path, decoder: Decoder) -> None:
    """Four players, each with what is his own, and a goal that is the first one's."""
    replay = parsed(hazards, "second_entry_without_team", decoder)
    kickoff_king = ("kickoff_king", "blue", 1, "2533000882526280", 0, False, 0, 50)
    assert people(replay) == [("🐢", "blue", 0, TURTLE, 0, False, 1, 100), kickoff_king, *ORANGE]
    assert [(goal["player"], goal["slot"]) for goal in replay.goals] == [(0, 0)]
    replay = parsed(hazards, "split_screen", decoder)
    guest = ("kickoff_king", "blue", 1, TURTLE, 1, True, 0, 50)
    assert people(replay) == [("🐢", "blue", 0, TURTLE, 0, False, 1, 100), guest, *ORANGE]
    assert [(goal["player"], goal["slot"]) for goal in replay.goals] == [(0, 0)]
    assert all(row["rows_present"] == replay.measures["rows"] for row in replay.players)


def test_whoever_changes_sides_has_a_slot_on_each(hazards: Path) -> None:
    """The header does not know of it; the goal was scored for blue, and from then on three play against one."""
    replay = parsed(hazards, "team_change", Decoder.exact)
    (turtle,) = (row for row in replay.players if row["name"] == "🐢")
    assert (turtle["team"], turtle["slot"], turtle["rows_present"]) == ("orange", 5, replay.measures["rows"])
    mine = [row for row in replay.stints if row["player"] == turtle["player"]]
    assert [(row["team"], row["slot"]) for row in mine] == [("blue", 0), ("orange", 5)]
    assert (mine[0]["first_row"], mine[0]["last_row"] + 1, mine[1]["last_row"]) == (
        0,
        mine[1]["first_row"],
        replay.measures["rows"] - 1,
    )
    assert [(goal["player"], goal["slot"]) for goal in replay.goals] == [(turtle["player"], 0)]
    assert replay.measures["share_unbalanced"] > 0.5
    assert replay.measures["kickoffs_in_other_half"] == 1


@pytest.mark.parametrize("decoder", [Decoder.auto, Decoder.exact])
def test_a_late_person_has_his_name(hazards: Path, decoder: Decoder) -> None:
    """With statistics and the slot of his goal; and two of one name are told apart by their team."""
    replay = parsed(hazards, "late_person", decoder)
    assert people(replay)[1] == ("half flip", "orange", 4, "de3048fae7942cf3b3a0e8dcf0b0a41c", 0, False, 1, 100)
    assert [(goal["player"], goal["slot"]) for goal in replay.goals] == [(1, 4)]
    replay = parsed(hazards, "two_of_one_name", decoder)
    assert [(row["name"], row["goals"]) for row in replay.players] == [("Twin", 0), ("Twin", 1)]
    assert [(goal["player"], goal["slot"]) for goal in replay.goals] == [(1, 4)]
