"""Ids and addresses of groups."""

from __future__ import annotations

from typing import Any

import pytest

from impulse.config.composition import checked
from impulse.config.fetch import FetchParams, query_filters
from impulse.config.group_address import group_id_of
from impulse.config.params import Params
from impulse.errors import ConfigError

ID = "rlcs-2024-jsvrszynst"

ADDRESSES = [
    ID, f"  {ID}\n", f"https://ballchasing.com/group/{ID}", f"http://ballchasing.com/group/{ID}",
    f"https://www.ballchasing.com/group/{ID}/", f"ballchasing.com/group/{ID}", f"www.ballchasing.com/group/{ID}?a=b#c",
    f"https://ballchasing.com/group/{ID}?replay=x/y&a=https://example.org/group/z#players", f"HTTPS://BallChasing.com/group/{ID}#top",
    f"https://ballchasing.com:443//group//{ID}//", f"https://ballchasing.com/group/{ID}/players-games-stats?x=1",
    f"https://ballchasing.com/api/groups/{ID}", f"https://ballchasing.com/api/groups/{ID}/?count=5",
    f"https://ballchasing.com/group/{ID.replace('-', '%2D')}",
]  # fmt: skip

OTHERS: list[Any] = [
    "", " ", ".", "..", "https://ballchasing.com/replay/0a1b2c3d", "https://ballchasing.com/player/steam/7656119",
    "https://ballchasing.com/api/replays?group=x", "https://ballchasing.com/api/groups", "https://ballchasing.com/groups?creator=1",
    "https://ballchasing.com/group", "https://ballchasing.com/group/", "https://ballchasing.com/group/..",
    "https://ballchasing.com/group/%2E%2E", "https://ballchasing.com/group/a%0Ab", "https://ballchasing.com",
    f"https://example.org/group/{ID}", f"https://ballchasing.com.example.org/group/{ID}", f"example.org/group/{ID}",
    f"https://ballchasing.com@example.org/group/{ID}", f"https://key@ballchasing.com/group/{ID}", f"ftp://ballchasing.com/group/{ID}",
    f"https://ballchasing.com:8080/group/{ID}", f"https://ballchasing.com:x/group/{ID}", "https://[::1/group/x",
    f"/group/{ID}", f"group/{ID}", "a/b", None, 7, ["x"],
]  # fmt: skip


@pytest.mark.parametrize("given", ADDRESSES)
def test_a_group_is_known_by_id_and_address(given: str) -> None:
    """Whatever a browser or the API shows; the settings keep what was written."""
    assert group_id_of(given, key="group_id") == ID
    params = checked(Params, {"fetch": {"groups": [given, ID]}}).fetch
    assert params.group_ids == [ID, ID]
    assert params.groups == [given, ID]
    assert query_filters({"group": given}) == {"group": [ID]}
    accepted = checked(Params, {"fetch": {"accept_incomplete": [given, "query title=a/b"]}}).fetch.accepted
    assert accepted == [ID, "query title=a/b"]


@pytest.mark.parametrize("given", OTHERS, ids=repr)
def test_what_is_no_group_is_one_line_that_says_what_was_expected(given: object) -> None:
    """Addresses of replays, players and other hosts, and no address at all."""
    expected = r"is no group; expected its id, or its address, like https://ballchasing\.com/group/ID$"
    with pytest.raises(ConfigError, match=rf"^fetch\.groups: [^\n]* {expected}"):
        FetchParams(groups=[given])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match=rf"^fetch\.accept_incomplete: [^\n]* {expected}"):
        FetchParams(accept_incomplete=[given])  # type: ignore[list-item]
    if given and isinstance(given, str):
        with pytest.raises(ConfigError, match=rf"^fetch\.query\.group: [^\n]* {expected}"):
            query_filters({"group": ["fine", given]})
