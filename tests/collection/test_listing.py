from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import QUICK, Place
from tests.demo.variants import clones

from impulse.collection.ballchasing import Ballchasing, open_ballchasing
from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import SourcePlan
from impulse.collection.status import status_lines
from impulse.config.fetch import FetchParams, SourceKind
from impulse.errors import EXIT_CONFIG, ConfigError, UnexpectedResponse


@contextmanager
def source(place: Place, **settings) -> Iterator[Ballchasing]:
    params = FetchParams(source=SourceKind.ballchasing, **settings)
    config, clock = place.config(), place.clock.restarted()
    with open_ballchasing(params, config, name_of=lambda name: f"{name}.replay", clock=clock, retries=QUICK) as opened:
        yield opened


def planned(place: Place, **settings) -> SourcePlan:
    with source(place, dry_run=True, **settings) as opened:
        return opened.plan(RawStorage.in_folder(place.folder / "replays"))


def plan(place: Place, **settings) -> str:
    return planned(place, **settings).text


def fetched(place: Place, **settings) -> int:
    """Take in what the source gives; return how many replays there are."""
    storage = RawStorage.in_folder(place.folder / "replays")
    with source(place, **settings) as opened:
        return take_in(opened.files(storage), source=SourceKind.ballchasing, storage=storage).replays_out


def test_plan_changes_no_file_and_no_count(place: Place, replays: list[bytes]) -> None:
    """Files that are damaged or of another replay stay, and ``impulse status`` counts what the last run was about."""
    for number in range(3):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.server.add_group("other")
    place.server.add_replay("replay-3", replays[3], "other")
    place.get()
    (place.folder / "replays" / "replay-0.replay").write_bytes(replays[0][:-1])
    (place.folder / "replays" / "replay-1.replay").write_bytes(replays[7] + b"longer")
    (place.folder / "replays" / "replay-3.replay").write_bytes(b"")
    files, counts = place.written(), status_lines(place.folder / "ledger.sqlite", now=place.clock.now())[1]

    assert "4 replays listed, 1 here already, 3 to download" in plan(place, groups=["top", "other"])
    assert place.written() == files
    assert (
        status_lines(place.folder / "ledger.sqlite", now=place.clock.now())[1]
        == counts
        == "recordings: 3 here; of 3 uploads"
    )
    assert fetched(place, groups=["top", "other"]) == 4
    assert [place.written()[f"replay-{number}.replay"] for number in range(4)] == replays[:4]


def test_tree_is_walked_to_its_leaves(place: Place, replays: list[bytes]) -> None:
    """Groups with children and replays of their own, shared replays, empty groups and cycles give each replay once."""
    server = place.server
    for child, parent in (("mid", "top"), ("leaf", "mid"), ("other", "top"), ("empty", "leaf")):
        server.add_group(child, parent)
    server.children["leaf"].append("top")
    server.children["other"].append("leaf")
    server.add_replay("in-top", replays[0], "top")
    server.add_replay("in-leaf", replays[1], "leaf", "other")
    server.add_replay("in-mid", replays[2], "mid")
    assert place.get().successful == 3
    rows = pq.read_table(place.folder / "replays" / "manifest.parquet").to_pylist()
    assert {row["replay_id"]: row["group_ids"] for row in rows} == {
        "in-top": ["top"],
        "in-leaf": ["top", "other"],
        "in-mid": ["top", "mid"],
    }
    lists = [call for call in server.calls if call.startswith(("/groups?", "/replays?"))]
    # Counts say that nothing is below the empty one; no count proves the groups of the first one, so they are read twice.
    assert (len(lists), len(set(lists))) == (10, 9)


@pytest.mark.parametrize("size", [1, 7, 200])
def test_paging_yields_each_replay_once(place: Place, replays: list[bytes], size: int) -> None:
    """The page size of the server does not matter, and every call carries its own parameters and the cursor."""
    place.server.page_size = size
    for number in range(21):
        place.server.add_replay(f"replay-{number:02d}", replays[number], "top")
    assert plan(place, groups=["top"]).startswith("21 replays listed, 0 here already, 21 to download")
    for call in place.server.calls:
        query = parse_qs(urlsplit(call).query)
        assert not call.startswith("/replays?") or (query["group"] == ["top"] and query["count"] == ["200"])
        assert "max-rank" not in query


@pytest.mark.parametrize(
    "link",
    [
        lambda what, after: "http://127.0.0.2:9/api/replays?after=same",
        lambda what, after: f"http://127.0.0.2:9/api/{what}",
        lambda what, after: "::not a link [",
        lambda what, after: 7,
    ],
    ids=["foreign", "no-cursor", "no-link", "number"],
)
def test_useless_next_ends_the_list(place: Place, replays: list[bytes], link) -> None:
    """A link to the same page, another host or nowhere neither loops nor leaves the server."""
    place.server.next_link = link
    place.server.children["top"] = []
    place.server.add_replay("replay-0", replays[0], "top")
    assert place.get().successful == 1
    assert len(place.server.calls) < 10


def test_endless_list_of_new_entries_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never stops inventing replays is left after a bounded number of pages."""
    monkeypatch.setattr("impulse.collection.listing.MAX_PAGES", 20)
    numbers = itertools.count()
    monkeypatch.setattr(
        place.server,
        "page",
        lambda what, query: {"list": [{"id": f"id-{next(numbers)}"}], "next": f"x?after={next(numbers)}"},
    )
    with pytest.raises(UnexpectedResponse, match="does not end"):
        place.get()
    assert len(place.server.calls) < 30


@pytest.mark.parametrize("fault", ["html", "empty", "500", "429", "truncated", "reset"])
def test_lists_survive_passing_faults(place: Place, replays: list[bytes], fault: str) -> None:
    """A list call that fails once is made again."""
    place.server.add_replay("replay-0", replays[0], "top")
    for path in ("/", "/replays", "/groups", "/groups/top"):
        place.server.faults[path] = [fault]
    assert place.get().successful == 1


def test_list_goes_on_after_the_page_that_was_read(place: Place, replays: list[bytes]) -> None:
    """A run that ends between two pages does not read the first again."""
    place.server.page_size = 5
    for number in range(10):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.server.faults["/replays"] = ["fine", "400"]
    with pytest.raises(ConfigError, match="HTTP 400"):
        place.get()
    assert place.get().successful == 10
    assert place.server.count("/replays") == 3


def test_query_is_sent_as_documented(place: Place, replays: list[bytes]) -> None:
    """Filters reach the server by its own names, repeated where they have several values, booleans in lower case."""
    place.server.add_replay("replay-0", replays[0])
    place.server.add_replay("replay-1", replays[1], playlist_id="ranked-duels")
    place.server.add_replay("replay-2", replays[2], playlist_id="hoops")
    query = {"playlist": ["ranked-standard", "ranked-duels"], "pro": True, "min_rank": "gold-1"}
    assert fetched(place, query=query) == 2
    asked = parse_qs(urlsplit(next(call for call in place.server.calls if call.startswith("/replays?"))).query)
    assert asked == {
        "playlist": ["ranked-standard", "ranked-duels"],
        "pro": ["true"],
        "min-rank": ["gold-1"],
        "count": ["200"],
    }


def test_wrong_query_is_refused(place: Place) -> None:
    """A filter that the API does not have is refused before any call, a value that it refuses with what it said."""
    with pytest.raises(ConfigError, match=r"fetch\.query\.colour: unknown filter"):
        FetchParams(query={"colour": "red"})
    place.server.always["/replays"] = "400"
    with pytest.raises(ConfigError, match=r"fetch\.query: GET /replays: HTTP 400") as caught:
        fetched(place, query={"created-after": "yesterday"})
    assert caught.value.exit_code == EXIT_CONFIG
    assert place.server.count("/replays") == 1


def test_nothing_asked_for_is_refused(place: Place) -> None:
    """The source needs a group or a query."""
    with pytest.raises(ConfigError, match=r"fetch\.groups"), source(place):
        pass


def test_dry_run_says_what_is_to_do_and_downloads_nothing(place: Place, replays: list[bytes]) -> None:
    """A dry run lists, names replays, calls and time, and leaves the folder as it is."""
    place.server.tier = "regular"
    for number in range(100):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    assert plan(place, groups=["top"]).startswith(
        "100 replays listed, 0 here already, 100 to download; 100 calls, 31 min at this key's pace"
    )
    assert place.server.files_sent == {}
    assert not (place.folder / "replays").exists()


def test_a_plan_knows_what_will_be_there(place: Place, replays: list[bytes]) -> None:
    """Sizes of files that are here; no list has those of others. A limit of the run counts."""
    for number in range(3):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    fetched(place, groups=["top"], max_replays=1)
    (here,) = (place.folder / "replays").rglob("*.replay")
    expected = {f"replay-{number}": None for number in range(3)} | {here.stem: here.stat().st_size}
    assert planned(place, groups=["top"]).sizes == expected
    assert len(planned(place, groups=["top"], max_replays=1).sizes) == 2


@pytest.mark.heavy
def test_hundreds_of_shared_replays_over_six_levels(place: Place, replays: list[bytes], tmp_path: Path) -> None:
    """Replays in a tree of six levels, a third of them in two groups, end as as many distinct files."""
    groups = ["top"]
    for level in range(1, 6):
        parents = groups[-(2 ** (level - 1)) :]
        for number, parent in enumerate(parents * 2):
            groups.append(place.server.add_group(f"level-{level}-{number}", parent))
    for number, data in enumerate(clones(replays[0], count=300)):
        homes = {groups[number % len(groups)], groups[(number * 7) % len(groups)] if number % 3 == 0 else "top"}
        place.server.add_replay(f"replay-{number:04d}", data, *homes)
    result = place.get()

    assert (result.successful, result.total) == (300, 300)
    assert len({path.read_bytes() for path in result.files}) == 300
    assert set(place.server.files_sent.values()) == {1}
    assert place.server.violations == []
