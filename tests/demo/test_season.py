"""Synthetic seasons: what the server lists is what its files are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
import urllib3
from click.testing import CliRunner
from tests.paths import ROOT

from impulse.demo.server import DemoServer, Season, add_season
from impulse.demo.server.__main__ import main
from impulse.demo.server.catalog import Catalog
from impulse.errors import CorruptReplay
from impulse.replay.container import check_integrity


def season(**settings) -> tuple[Catalog, Season]:
    catalog = Catalog(page_size=200)
    return catalog, add_season(catalog, **{"matches": 8, "match_seconds": 10.0, **settings})


@pytest.fixture(scope="module")
def eight() -> tuple[Catalog, Season]:
    return season()


def test_a_season_follows_from_its_arguments(eight: tuple[Catalog, Season]) -> None:
    """The same ones give the same bytes, ids, names and entries; others share no id of a replay."""
    assert {name: value for name, value in vars(season()[0]).items() if name != "url"} == {
        name: value for name, value in vars(eight[0]).items() if name != "url"
    }
    for other in (season(seed=2), season(match_seconds=11.0)):
        assert not set(other[0].entries) & set(eight[0].entries)
        assert other[1].identity != eight[1].identity
    catalog = Catalog(page_size=7)
    catalog.url = "http://127.0.0.1:1/api"
    assert add_season(catalog, matches=8, match_seconds=10.0).identity == eight[1].identity


def test_a_season_is_a_tree_of_groups(eight: tuple[Catalog, Season]) -> None:
    """Events, stages and series below the root; all replays are in it, most of them in series, and one stage is empty."""
    catalog, made = eight
    levels = [[made.group]]
    while below := [child for group in levels[-1] for child in catalog.children[group]]:
        levels.append(below)
    assert [len(level) for level in levels] == [1, 2, 4, 3]
    assert catalog.groups[made.group] == "Demo League 2026"
    assert all(" vs " in catalog.groups[group] for group in levels[3])
    assert sum(len(catalog.members[group]) for group in levels[3]) == 12
    assert [len(catalog.members[group]) for group in levels[1]] == [1, 0]
    assert [catalog.groups[group] for group in levels[2] if not catalog.children[group]] == ["Tiebreakers"]
    assert len(catalog.entries) == 13


def test_entries_say_what_is_in_their_files(eight: tuple[Catalog, Season]) -> None:
    """Id, date, map and players are found in the bytes as the game writes them."""
    catalog, made = eight
    for replay_id, data in catalog.files.items():
        entry = catalog.entries[replay_id]
        date, time = entry["date"][:19].split("T")
        assert entry["rocket_league_id"].encode() in data
        assert f"{date} {time.replace(':', '-')}".encode() in data
        assert entry["map_code"].encode() in data.lower()
        players = [player for team in ("blue", "orange") for player in entry[team]["players"]]
        for player in players:
            name = player["name"]
            assert name.encode("utf-16-le") in data or name.encode("latin-1", "replace") in data
        assert entry["playlist_id"] == {2: "ranked-duels", 4: "ranked-doubles", 6: "ranked-standard"}[len(players)]
        ranks = [player["rank"] for player in players if player["id"]]
        assert {rank["tier"] for rank in ranks} >= {entry["min_rank"]["tier"], entry["max_rank"]["tier"]}
    assert len({entry["rocket_league_id"] for entry in catalog.entries.values()}) == made.recordings + 1 == 11


def test_a_season_has_what_makes_real_ones_difficult(eight: tuple[Catalog, Season]) -> None:
    """Second recordings, a second upload, a damaged first upload whose successor is good, and a file that is gone."""
    catalog, made = eight
    by_recording: dict[str, list[str]] = {}
    for replay_id in sorted(catalog.entries, key=lambda item: catalog.entries[item]["created"]):
        by_recording.setdefault(catalog.entries[replay_id]["rocket_league_id"], []).append(replay_id)
    assert Counter(map(len, by_recording.values())) == {1: 9, 2: 2}
    twice = [uploads for uploads in by_recording.values() if len(uploads) == 2]
    assert all(len({catalog.entries[item]["uploader"]["steam_id"] for item in uploads}) == 2 for uploads in twice)

    (damaged,), (gone,) = made.damaged, made.deleted
    with pytest.raises(CorruptReplay):
        check_integrity(catalog.files[damaged])
    (uploads,) = [uploads for uploads in twice if damaged in uploads]
    assert uploads[0] == damaged
    check_integrity(catalog.files[uploads[1]])
    assert gone not in catalog.files
    assert sum(catalog.entries[gone]["date"] == entry["date"] for entry in catalog.entries.values()) == 2
    assert all(catalog.files[item] for item in catalog.entries if item != gone)


def test_large_seasons_have_more_series_in_the_same_stages() -> None:
    """A tree grows in its leaves."""
    catalog, made = season(matches=60)
    events = catalog.children[made.group]
    assert len(events) == 4
    assert [len(catalog.children[event]) for event in events] == [2, 2, 2, 3]
    assert sum(len(catalog.children[stage]) for event in events for stage in catalog.children[event]) == 20


def test_anybody_can_run_it() -> None:
    """It says where it is, answers with its faults, and ends well at Ctrl-C."""
    code = (
        "import runpy, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell in the background ignores it
        "runpy.run_module('impulse.demo.server', run_name='__main__')"
    )
    faults = (
        "--fault",
        "/replays/*/file=503:9",
        "--once",
        "/=html",
        "--fault",
        "/replays?group=x=foreign:http://h?a=b",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--matches", "1", "--tier", "gold", *faults],
        env={**os.environ, "PYTHONPATH": str(ROOT / "stages")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(10)]
    url, key, group = (said[number].split()[1] for number in (1, 2, 3))
    headers = {"Authorization": key}
    assert urllib3.request("GET", f"{url}/", headers=headers).data == b"<html>welcome</html>"
    assert urllib3.request("GET", f"{url}/", headers=headers).json()["type"] == "gold"
    assert urllib3.request("GET", f"{url}/groups/{group}", headers=headers).json()["name"] == "Demo League 2026"
    answer = urllib3.request("GET", f"{url}/replays/x/file", headers=headers, retries=False)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "9")
    answer = urllib3.request("GET", f"{url}/replays?group=x", headers=headers, retries=False, redirect=False)
    assert answer.headers["Location"] == "http://h?a=b"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err, out) == (0, "", "ended\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "/replays=nonsense"], "'nonsense' is no fault; faults are statuses such as 503, and fine, "),
        (["--fault", "replays"], "'replays' must look like /replays=503"),
        (["--tier", "silver"], "'silver' is not one of 'regular', 'gold'"),
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str], message: str) -> None:
    """Before anything is made."""
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_a_port_that_is_taken_is_one_line() -> None:
    """The message says what to do."""
    with DemoServer() as server:
        done = CliRunner().invoke(main, ["--port", server.url.split(":")[2].split("/")[0]])
    assert done.exit_code == 1
    assert "cannot be had (Address already in use); name another one" in done.output
