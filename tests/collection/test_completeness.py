"""A listing is complete by the API's own counts, or says what is missing."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place
from tests.collection.test_downloading import rejects

from impulse.collection.facade import DownloadIncomplete
from impulse.demo import edit_header
from impulse.demo.server import DemoServer
from impulse.errors import NotFoundError

TREE = {"top": None, "a": "top", "b": "top", "deep": "b"}


@pytest.fixture
def tree(place: Place, replays: list[bytes]) -> Place:
    """Four groups with twelve replays; pages have three entries."""
    place.server.page_size = 3
    for group, parent in TREE.items():
        place.server.add_group(group, parent)
    for number, data in enumerate(replays[:12]):
        place.server.add_replay(f"replay-{number:02d}", data, list(TREE)[number % 3 + 1])
    return place


def listings(place: Place, folder: str = "replays") -> dict[str, dict[str, Any]]:
    rows = pq.read_table(place.folder / folder / "listings.parquet").to_pylist()
    return {row["group_id"] or "query": row for row in rows}


def test_certificate_says_what_each_list_held(tree: Place) -> None:
    """Counts of the table are those of the server, and what became of the replays adds up."""
    tree.server.add_replay("again", b"", "a", rocket_league_id=f"{1:032X}")
    del tree.server.files["replay-03"]
    assert tree.get().successful == 11
    found = listings(tree)
    assert set(found) == set(TREE)
    for group, row in found.items():
        listed = len(tree.server.members[group])
        assert (row["listed"], row["counted"], row["is_complete"], row["problem"]) == (listed, listed, True, None)
        assert row["kept"] + row["duplicate"] + row["lost"] + row["pending"] == listed
    assert (found["a"]["kept"], found["a"]["duplicate"], found["a"]["lost"]) == (3, 1, 1)
    assert (found["b"]["direct_replays"], found["b"]["indirect_replays"]) == (4, 8)
    assert found["a"]["groups"] is None  # counts prove that nothing is below


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *[("/replays", fault) for fault in ("null", "nolist", "loop", "drop:1", "drop:3", "404", "403", "json")],
        *[("/groups", fault) for fault in ("null", "nolist", "loop", "drop:1", "404", "403", "json")],
    ],
)
@pytest.mark.parametrize("at", [0, *(pytest.param(at, marks=pytest.mark.heavy) for at in (1, 2))])
def test_list_that_comes_short_once_is_read_again(tree: Place, path: str, fault: str, at: int) -> None:
    """Whatever a list lacks in one answer, nothing of it is missing in the end."""
    tree.server.faults[path] = ["fine"] * at + [fault]
    assert tree.get().successful == 12
    assert all(row["is_complete"] for row in listings(tree).values())


@pytest.mark.parametrize("fault", ["null", "nolist", "loop", "drop:1", "404", "403", "500", "html", "reset"])
def test_list_that_comes_short_for_good_is_named(tree: Place, fault: str) -> None:
    """All that is there is kept, and the run fails with the group's name; once the list is whole, so is everything."""
    whole = tree.get(folder="whole", config=tree.config(database_path=tree.folder / "other.sqlite"))
    tree.server.always["/replays"] = fault
    with pytest.raises(DownloadIncomplete, match=r"of 4 lists are not known to be whole: (top|a|b) \("):
        tree.get(outage_patience=0.1)
    assert not listings(tree)["a"]["is_complete"]
    tree.server.always.clear()
    assert tree.get().successful == whole.successful == 12
    assert tree.written() == tree.written("whole")


def test_groups_that_are_not_listed_are_missed_by_their_replays(tree: Place) -> None:
    """Of child groups the API gives no count, but a group's own count includes what is below."""
    tree.server.counters["b"] = {"indirect_replays": 11}
    with pytest.raises(DownloadIncomplete, match=r"b \(8 replays came in it and below, the list of groups says 11\)"):
        tree.get()
    assert tree.get(accept_incomplete=["b"]).successful == 12
    row = listings(tree)["b"]
    assert (row["is_complete"], row["is_accepted"]) == (False, True)


def test_group_that_was_deleted_meanwhile_is_no_gap(tree: Place) -> None:
    """A 404 on its list is believed once its parent does not list it any more; what it held stays, with the date."""
    tree.get()
    tree.server.children["b"].clear()
    del tree.server.groups["deep"]
    tree.server.members["deep"].clear()
    assert tree.get(refresh=True).successful == 12
    rows = pq.read_table(tree.folder / "replays" / "manifest.parquet").to_pylist()
    assert sorted(row["replay_id"] for row in rows if row["delisted_at"]) == [f"replay-{n:02d}" for n in (2, 5, 8, 11)]
    assert listings(tree)["deep"]["delisted"] == 4


def test_counts_that_are_absent_prove_nothing_and_harm_nothing(tree: Place) -> None:
    """A server without counts is read to the last page of each list."""
    tree.server.has_counts = False
    assert tree.get().successful == 12
    assert {row["counted"] for row in listings(tree).values()} == {None}


def test_lists_of_leaves_are_not_asked_for(tree: Place) -> None:
    """Where direct and indirect counts agree nothing is below, so a tree costs one call for each leaf and page."""
    tree.get()
    asked = [call.split("group=")[1].split("&")[0] for call in tree.server.calls if call.startswith("/groups?")]
    assert sorted(set(asked)) == ["b", "top"]


def test_news_are_one_line(tree: Place, replays: list[bytes], caplog: pytest.LogCaptureFixture) -> None:
    """New, delisted, changed and lost replays are counted after every refresh."""
    caplog.set_level("INFO")
    tree.get()
    tree.server.add_replay("new-1", replays[12], "a")
    tree.server.add_replay("new-2", b"not a replay at all\0", "a")
    tree.server.remove_replay("replay-00", "a")
    tree.server.entries["replay-01"]["playlist_id"] = "hoops"
    caplog.clear()
    tree.get(refresh=True)
    line = "since the last run: 2 new, 1 delisted, 1 changed; of 14 replays: 13 kept, 0 duplicates, 1 lost, 0 to go"
    assert line in caplog.text
    caplog.clear()
    tree.get()
    assert "since the last run: 0 new, 0 delisted, 0 changed" in caplog.text


def test_root_that_is_renamed_or_gone_is_known_by_a_refresh(tree: Place) -> None:
    """Its new name is in the tables; gone altogether it is a list that cannot be read, not a wrong setting."""
    tree.get()
    tree.server.groups["top"] = "Another name"
    assert tree.get(refresh=True).successful == 12
    assert listings(tree)["top"]["name"] == "Another name"
    for path in ("/groups/top", "/replays?group=top", "/groups?group=top"):
        tree.server.always[path] = "404"
    with pytest.raises(DownloadIncomplete, match=r"top \(GET /replays: HTTP 404\)") as caught:
        tree.get(refresh=True)
    assert caught.value.result.successful == 12


def test_delisted_replays_are_dropped_on_request(tree: Place) -> None:
    """By default they stay; where the settings say so they are rejects with the day, and come back with the list."""
    from tests.collection.test_listing import fetched

    tree.get()
    tree.server.remove_replay("replay-00", "a")
    assert tree.get(refresh=True).successful == 12
    assert fetched(tree, groups=["top"], delisted="drop") == 11
    assert rejects(tree) == {"replay-00": "delisted"}
    tree.server.members["a"].append("replay-00")
    assert tree.get(refresh=True).successful == 12
    assert not any(pq.read_table(tree.folder / "replays" / "manifest.parquet")["delisted_at"].to_pylist())


def test_errors_in_the_place_of_lists_are_no_empty_lists(tree: Place) -> None:
    """However often all lists answer with an error and status 200, nobody takes the group for an empty one."""
    tree.server.always["/replays"] = tree.server.always["/groups"] = "json"
    with pytest.raises(
        DownloadIncomplete, match=r"top \(GET /replays: the answer is an error \(ballchasing.com fault\)\)"
    ):
        tree.get()
    tree.server.always.clear()
    assert tree.get().successful == 12


def test_counts_of_lists_that_are_not_asked_for_any_more_prove_nothing(tree: Place) -> None:
    """A group of the tree alone, refreshed after one of its replays went: what the list above said of it is old."""
    tree.get()
    tree.server.remove_replay("replay-00")
    found = tree.get("a", folder="a", refresh=True)
    assert (found.successful, found.delisted) == (3, 1)
    assert listings(tree, "a")["a"]["delisted"] == 1
    assert tree.get(refresh=True).successful == 12
    assert all(row["is_complete"] for row in listings(tree).values())


def test_group_of_another_server_is_asked_for_there(tree: Place) -> None:
    """What one server has is no word about another."""
    tree.get()
    tree.clock.is_quiet = lambda: True
    with DemoServer(clock=tree.clock.now) as other, pytest.raises(NotFoundError, match="there is no group 'top'"):
        tree.get(config=tree.config(base_url=other.url))


def test_cursor_that_is_no_text_ends_a_list(tree: Place) -> None:
    """Half of a surrogate pair, which JSON can hold and nothing else: the list is short, and is read again."""
    tree.server.next_link = lambda what, place: "http://x/?after=\ud800"
    with pytest.raises(DownloadIncomplete, match=r"a \(3 replays came, the list says 4\)"):
        tree.get()
    tree.server.next_link = None
    assert tree.get().successful == 12


def test_groups_that_an_earlier_run_missed_are_found_by_the_next(tree: Place) -> None:
    """Lists that were whole as far as that run saw are read again where the counts say that something is below."""
    tree.server.always["/groups?group=b"] = "null"
    with pytest.raises(DownloadIncomplete, match=r"b \(4 replays came in it and below, the list of groups says 8\)"):
        tree.get()
    tree.server.always.clear()
    assert tree.get().successful == 12


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/replays", "json"), ("/replays", "nolist"), ("/replays", "null"), ("/groups", "json"), ("/groups", "nolist")],
)
def test_answer_without_a_list_is_no_empty_list(tree: Place, path: str, fault: str) -> None:
    """However often it comes, and also where no count says that there is more."""
    tree.server.has_counts = False
    tree.server.always[path] = fault
    with pytest.raises(DownloadIncomplete, match="not known to be whole"):
        tree.get(outage_patience=0.1)
    tree.server.always.clear()
    assert tree.get().successful == 12


def test_group_without_replays_of_its_own_has_groups_below(tree: Place) -> None:
    """A list of groups that is null twice is believed of a group that has replays, and of no other."""
    tree.server.always["/groups?group=top"] = "null"
    with pytest.raises(DownloadIncomplete, match=r"top \(the answer holds no list\)"):
        tree.get(outage_patience=0.1)
    tree.server.members["top"].append("replay-00")
    tree.server.add_group("leaf")
    tree.server.members["leaf"].append("replay-00")
    tree.server.always["/groups?group=leaf"] = "null"
    assert tree.get("leaf", folder="leaf").successful == 1


def test_page_of_a_group_that_says_nothing_is_asked_for_again(tree: Place) -> None:
    """The name of the group that was asked for is known in the end."""
    tree.server.faults["/groups/top"] = ["null", "nolist", "json"]
    tree.get()
    assert listings(tree)["top"]["name"] == "Group / top"


@pytest.mark.parametrize("is_copy", [True, False])
def test_lists_say_the_same_whatever_came_first(place: Place, replays: list[bytes], is_copy: bool) -> None:
    """A second upload that was had before the first one was listed is a second upload of the same recording."""
    other = replays[0] if is_copy else edit_header(replays[0], {"ReplayName": "recorded by another"})
    place.server.add_group("late", "top")
    place.server.add_replay("replay-0", replays[0], "late", rocket_league_id="AB" * 16)
    place.server.add_replay("upload-0", other, "top", rocket_league_id="AB" * 16)
    place.server.always["/replays?group=late"] = "403"
    with pytest.raises(DownloadIncomplete, match="late"):
        place.get()
    place.server.always.clear()
    assert place.get().successful == 1
    place.get(folder="undisturbed", config=place.config(database_path=place.folder / "other.sqlite"))
    # A file that came first stays where it is, beside the lists.
    here, wanted = place.written(), place.written("undisturbed")
    assert {name: here[name] for name in wanted} == wanted
    assert here.keys() - wanted.keys() <= {"upload-0.replay"}
