"""What the source tells of players reaches those it is about, and nobody else."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from impulse.parsing.listed_players import ListedPlayers
from impulse.tables.io import table_of
from impulse.tables.manifest import LISTED_PLAYER_COLUMNS


def row(name: str, account: str | None, *, team: str = "blue", platform: str | None = "steam", **more: Any) -> dict:
    return {"replay_id": "r", "team": team, "name": name, "platform": platform, "player_id": account, **more}


def listed(*rows: dict) -> ListedPlayers:
    return ListedPlayers(table_of(rows, LISTED_PLAYER_COLUMNS))


def ranks(found: list[dict]) -> list[str | None]:
    return [player["rank"] for player in found]


def test_the_id_decides_before_the_name() -> None:
    """Two players who changed names with each other keep their own ranks, in any order of the list."""
    shown = [row("a", "1", is_bot=False), row("b", "2", is_bot=False)]
    api = [row("b", "1", rank="gold-1"), row("a", "2", rank="gold-2")]

    for order in permutations(api):
        assert ranks(listed(*order).with_listed_facts("r", shown)) == ["gold-1", "gold-2"]


def test_ids_differ_in_case_only() -> None:
    """Consoles' names are ids, and the API may write them in lower case."""
    shown = [row("a", "Some_Name", platform="playstation", is_bot=False)]

    assert ranks(
        listed(row("x", "some_name", platform="playstation", rank="gold-1")).with_listed_facts("r", shown)
    ) == ["gold-1"]


@pytest.mark.parametrize(
    ("platform", "account", "api_platform", "api_account"),
    [
        ("steam", "76561190000000001", "steam", "76561190000000001"),
        ("epic", "de30b291e3e2a9a73ca8c7ac38334a20", "epic", "de30b291e3e2a9a73ca8c7ac38334a20"),
        ("playstation", "Some_Name", "playstation", "some_name"),
        ("xbox", str(0x0009_0001_0203_0405), "xbox", "0504030201000900"),
        ("xbox", str(0x0009_01AB_CDEF_0405), "xbox", "0504EFCDAB010900"),
        ("xbox", "2533274790400900", "xbox", "2533274790400900"),
        ("switch", "100000000249928207", "switch", "100000000249928207"),
        ("psynet", "100000000249928207", "switch", "100000000249928207"),
        ("psynet", "100000000249928207", "psynet", "100000000249928207"),
        ("qq", "77", "qq", "77"),
    ],
)
def test_ids_of_every_platform_are_understood(platform: str, account: str, api_platform: str, api_account: str) -> None:
    """As replays and as the API write them; Xbox numbers are bytes there, but not what is a number as it stands."""
    shown = [row("a", account, platform=platform, is_bot=False), row("b", "5", is_bot=False)]
    api = [row("c", api_account, platform=api_platform, rank="gold-1"), row("d", "6", rank="gold-2")]

    found = listed(*api).with_listed_facts("r", shown)

    assert ranks(found) == ["gold-1", None]
    assert found[0]["player_id"] == account


def test_the_name_decides_where_ids_are_of_no_use() -> None:
    """A player whose id the API writes otherwise is found by a name that only one of the team has."""
    shown = [row("a", "77", platform="switch", is_bot=False), row("a", "78", team="orange", is_bot=False)]
    api = [row("a", "other", platform="switch", rank="gold-1"), row("a", "another", team="orange", rank="gold-2")]

    assert ranks(listed(*api).with_listed_facts("r", shown)) == ["gold-1", "gold-2"]


@pytest.mark.parametrize(
    "api",
    [
        [row("a", "9", rank="gold-1"), row("a", "8", rank="gold-2")],
        [row("z", "9", rank="gold-1")],
        [row("a", "9", team="orange", rank="gold-1")],
        [row("a", "1", rank="gold-1") | {"replay_id": "another"}],
        [row("", None, platform=None, rank="gold-1")],
        [],
    ],
    ids=["two of the name", "no such name", "other team", "other replay", "nameless", "nothing listed"],
)
def test_who_is_not_surely_the_same_gets_nothing(api: list[dict]) -> None:
    """No rank is better than somebody else's."""
    found = listed(*api).with_listed_facts("r", [row("a", "1", is_bot=False)])

    assert (found[0]["rank"], found[0]["rank_division"], found[0]["player_id_api"]) == (None, None, None)
    assert found[0]["name"] == "a"


def test_two_of_one_name_on_the_field_get_nothing_by_name() -> None:
    """Names tell players apart only where one alone has it, on both sides."""
    shown = [row("a", "1", is_bot=False), row("a", "2", is_bot=False)]

    assert ranks(listed(row("a", "9", rank="gold-1")).with_listed_facts("r", shown)) == [None, None]
