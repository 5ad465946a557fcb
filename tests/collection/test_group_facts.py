"""Names of groups and titles, as the server has them, from its tree to the dataset."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import QUICK, Place
from tests.exported import exported
from tests.jobs import job
from tests.settings import composed

from impulse.collection.ballchasing import open_ballchasing
from impulse.collection.group_facts import group_columns, own_group
from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.config.dedupe import DedupeParams
from impulse.config.export import ExportParams, SplitBy
from impulse.config.fetch import FetchParams, SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.dedupe import stage as dedupe
from impulse.demo.corpus import Kind, corpus
from impulse.demo.server import DemoServer
from impulse.parsing import stage as parsing
from impulse.tables.paths import replay_path
from impulse.validation import stage as validation

HOSTILE = {
    "top": "RLCS / 25 & 26 %2F",
    "event": "</td><script>alert('x')</script>",
    "stage": "Swiss | `b` {{ 7 * 7 }}\x00\x1b[31m\u202e\n\n# head",
    "series": "\ud800 half; '); DROP TABLE replays; --",
    "bare": "",
    "blank": " \t ",
    "huge": "x" * 1_000_000,
    "a/b %2F": "an id with a slash",
}
"""Names that strangers gave groups, by id."""

PARENTS = (
    ("event", "top"), ("stage", "event"), ("series", "stage"), ("bare", "event"), ("blank", "bare"), ("huge", "top"),
    ("a/b %2F", "huge"), ("series", "bare"),
)  # fmt: skip


def paths_below(server: DemoServer, group: str, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every way from a group down the server's tree."""
    here = (*above, group)
    yield here
    for child in server.children[group]:
        if child not in here:
            yield from paths_below(server, child, here)


def expected_groups(server: DemoServer, replay_id: str) -> tuple[str, ...] | None:
    """The shortest way to a replay; of several the one whose ids come first."""
    ways = [way for way in paths_below(server, "top") if replay_id in server.members[way[-1]]]
    return min(ways, key=lambda way: (len(way), way)) if ways else None


def shown(server: DemoServer, group: str) -> str:
    name = server.groups[group].encode(errors="replace").decode().strip()[:200].strip()
    return name or group


def taken_in(place: Place, folder: Path, **settings: Any) -> list[dict[str, Any]]:
    """Take in what the source gives as the stage does; return the manifest."""
    params = FetchParams(source=SourceKind.ballchasing, **settings)
    storage = RawStorage.in_folder(folder)
    with open_ballchasing(
        params, place.config(), name_of=replay_path, clock=place.clock.restarted(), retries=QUICK
    ) as source:
        take_in(source.files(storage), source=params.source, storage=storage)
    rows: list[dict[str, Any]] = pq.read_table(folder / "manifest.parquet").to_pylist()
    return rows


@pytest.mark.heavy
def test_names_of_groups_and_titles_reach_the_dataset(place: Place, tmp_path: Path) -> None:
    """A tree of four levels, replays in several groups and in none, names and titles of every kind."""
    server = place.server
    for group, parent in PARENTS:
        server.add_group(group, parent)
    server.groups.update(HOSTILE)
    homes: tuple[list[str], ...] = (
        ["series"],
        ["series", "stage"],
        ["blank"],
        ["huge", "event"],
        ["a/b %2F"],
        ["top", "series"],
        [],
    )
    titles = ("a title ", None, "", 7, ["x"], "t" * 500, "<b>\x00\ud800")
    of_kind = {Kind.MATCH, Kind.LEAVER, Kind.BOTS, Kind.JOINER, Kind.SIDE_CHANGE, Kind.OLD_FORMAT}
    made = [item for item in corpus(matches=len(homes), seed=11, duration_seconds=20.0) if item.kind in of_kind]
    for number, (item, groups, title) in enumerate(zip(made, homes, titles, strict=True)):
        server.add_replay(f"replay-{number}", item.data, *groups, replay_title=title)
    data = tmp_path / "data"
    manifest = taken_in(place, data / "raw", groups=["top"], query={"playlist": "ranked-standard"})

    assert len(manifest) == len(homes)
    texts = dict(enumerate(["a title", None, None, "7", None, "t" * 200, "<b>\x00?"]))
    for number, row in enumerate(sorted(manifest, key=lambda row: str(row["source_path"]))):
        ids = expected_groups(server, row["source_path"])
        names = [shown(server, group) for group in ids] if ids else None
        assert row["group_ids"] == (list(ids) if ids else None)
        assert row["group_path"] == names
        assert [row[f"group_{level}"] for level in range(1, 6)] == ([*(names or ()), *[None] * 5])[:5]
        assert row["title"] == texts[number]
    assert max(len(row["group_ids"] or ()) for row in manifest) == 4

    parsing.run(job(ParsingConfig.get_preset("minimal").params(), data))
    validation.run(job(composed().validate, data))
    dedupe.run(job(DedupeParams(), data))
    folder = exported(data, tmp_path, ExportParams(split_by=SplitBy.group))
    replays = pq.read_table(folder / "replays.parquet").to_pylist()
    facts = ("title", "group_path", "group_ids", *(f"group_{level}" for level in range(1, 6)))
    of_replay = {row["replay_id"]: row for row in manifest}
    assert len(replays) > 4
    assert {row["replay_id"]: [row[name] for name in facts] for row in replays} == {
        row["replay_id"]: [of_replay[row["replay_id"]][name] for name in facts] for row in replays
    }
    sql = f"SELECT group_2, count(*) FROM '{folder}/replays.parquet' GROUP BY group_2"
    counted = duckdb.connect().execute(sql).fetchall()
    assert dict(counted) == {
        name: sum(row["group_2"] == name for row in replays) for name in {row["group_2"] for row in replays}
    }
    described = {
        column["name"]: column for column in json.loads((folder / "schema.json").read_text())["tables"]["replays"]
    }
    assert described["group_path"]["dtype"] == "list<string>"
    for page in (folder / "README.md", data / "validated" / "report.html"):
        assert "alert('x')" not in page.read_text()


def test_groups_of_a_replay_do_not_depend_on_the_order_of_lists(place: Place, replays: list[bytes]) -> None:
    """However the server orders children, members and groups that were asked for, the manifest is the same."""
    server = place.server
    for group, parent in (("b", "top"), ("a", "top"), ("a-c", "a"), ("d", "b")):
        server.add_group(group, parent)
    for number in range(4):
        server.add_replay(f"replay-{number}", replays[number], "d", "a-c", *["b"][: number % 2])
    found = []
    for seed in range(3):
        draws = random.Random(seed)
        for listed in (*server.children.values(), *server.members.values()):
            draws.shuffle(listed)
        rows = taken_in(
            place, place.folder / "raw", groups=draws.sample(["top", "d"], 2) if seed else ["d", "top"], refresh=True
        )
        found.append([row["group_ids"] for row in rows])
    assert found == [[["d"]] * 4] * 3
    rows = taken_in(place, place.folder / "raw", groups=["top"])
    assert [row["group_ids"] for row in rows] == [["top", "a", "a-c"], ["top", "b"]] * 2


def test_levels_beyond_those_with_a_column_are_in_the_lists() -> None:
    """A deep path is whole in the lists."""
    ids = [f"g{level}" for level in range(9)]
    found = group_columns({"replay": "/".join(ids), "other": None}, {group: group.upper() for group in ids[:8]})
    assert found["other"] == {}
    assert found["replay"]["group_ids"] == ids
    assert found["replay"]["group_path"] == [*(group.upper() for group in ids[:8]), "g8"]
    assert [found["replay"].get(f"group_{level}") for level in range(1, 7)] == ["G0", "G1", "G2", "G3", "G4", None]


@pytest.mark.parametrize(
    "row",
    [{"group_path": "top/a%2Fb"}, {"group_path": ["Top", "A"], "group_ids": ["top", "a/b"]}],
    ids=["schema 1", "now"],
)
def test_the_own_group_is_known_by_a_row_of_any_schema(row: dict[str, Any]) -> None:
    """A ledger is made again from whatever manifest is there."""
    assert own_group(row) == "a/b"
    assert own_group(dict.fromkeys(row)) is None
