"""Several groups in one folder: its lists tell of all of them."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place

from impulse.collection import facade, intake
from impulse.collection.merging import read_lists
from impulse.collection.raw_storage import RawStorage
from impulse.demo import edit_header, with_flipped_bits
from impulse.demo.server import DemoServer
from impulse.errors import StageError
from impulse.schema.column import SCHEMA_VERSION
from impulse.tables.io import to_parquet

LISTS = ("manifest.parquet", "listed_players.parquet", "rejects.parquet", "listings.parquet")


def rows(place: Place, name: str = "manifest.parquet", folder: str = "replays") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(place.folder / folder / name).to_pylist()
    return found


def ids(place: Place, name: str = "manifest.parquet") -> list[str]:
    return [row["replay_id"] for row in rows(place, name)]


@pytest.fixture
def two(place: Place, replays: list[bytes]) -> DemoServer:
    """A server with two groups: replays of their own, one that both have, and one each that is no good file."""
    server = place.server
    server.add_group("second")
    for number in range(6):
        groups = [*["top"][: number < 4], *["second"][: number >= 3]]
        server.add_replay(f"replay-{number}", replays[number], *groups)
    server.add_replay("bad-top", with_flipped_bits(replays[8]), "top")
    server.add_replay("bad-second", with_flipped_bits(replays[9]), "second")
    return server


def test_a_second_group_adds_to_the_lists(place: Place, two: DemoServer, replays: list[bytes]) -> None:
    """Rows, players and rejects of both are there, a result tells of its own group, and the order does not matter."""
    first = place.get("top")
    second = place.get("second")

    assert [path.stem for path in first.files] == ["replay-0", "replay-1", "replay-2", "replay-3"]
    assert [path.stem for path in second.files] == ["replay-3", "replay-4", "replay-5"]
    assert [(done.total, done.successful, done.failed) for done in (first, second)] == [(5, 4, 1), (4, 3, 1)]
    assert ids(place) == [f"replay-{number}" for number in range(6)]
    assert [row["group_1"] for row in rows(place)] == [*["Group / top"] * 3, *["Group / second"] * 3]
    assert sorted(set(ids(place, "listed_players.parquet"))) == ids(place)
    assert len(rows(place, "listed_players.parquet")) == 2 * 6
    assert ids(place, "rejects.parquet") == ["bad-second", "bad-top"]
    assert [row["group_ids"] for row in rows(place, "listings.parquet")] == [["second"], ["top"]]

    calls, before = len(two.calls), place.written()
    assert place.get("second") == place.get("second")
    assert (len(two.calls), place.written()) == (calls, before)
    for group in ("second", "top", "second"):
        place.get(group, folder="elsewhere")
    assert [place.written("elsewhere")[name] for name in LISTS] == [before[name] for name in LISTS]


def test_what_another_download_adds_meanwhile_stays(
    place: Place, two: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists are read when they are written: a download with a ledger of its own may have ended since this one began."""
    take_in = intake.take_in

    def begin(*args: Any, **settings: Any) -> Any:
        monkeypatch.setattr(facade, "take_in", take_in)
        place.get("second", config=place.config(database_path=place.folder / "other.sqlite"))
        return take_in(*args, **settings)

    monkeypatch.setattr(facade, "take_in", begin)
    place.get("top")
    assert ids(place) == [f"replay-{number}" for number in range(6)]


def test_the_newer_row_wins(place: Place, two: DemoServer) -> None:
    """What a later run knows of a replay takes the place of what an earlier one knew, also of players and rejects."""
    place.get("top")
    two.entries["replay-3"] |= {
        "replay_title": "renamed",
        "blue": {},
        "orange": {"players": [{"name": "new", "id": {}}]},
    }
    two.files["bad-top"] = two.files["replay-5"]
    two.members["second"].append("bad-top")
    two.members["second"].remove("replay-5")
    place.get("second", retry_failed=True)

    assert {row["replay_id"]: row["title"] for row in rows(place)}["replay-3"] == "renamed"
    players = [row["name"] for row in rows(place, "listed_players.parquet") if row["replay_id"] == "replay-3"]
    assert players == ["new"]
    assert "bad-top" in ids(place)
    assert ids(place, "rejects.parquet") == ["bad-second"]


def test_rows_without_their_files_go(place: Place, two: DemoServer, caplog: pytest.LogCaptureFixture) -> None:
    """A file that is gone or has other bytes is in no row, which one line says; its group brings it back."""
    caplog.set_level(logging.INFO)
    place.get("top")
    (place.folder / "replays" / "replay-0.replay").unlink()
    (place.folder / "replays" / "replay-1.replay").write_bytes(b"something else")
    place.get("second")
    assert ids(place) == [f"replay-{number}" for number in range(2, 6)]
    assert "2 replays of earlier downloads are not there any more, or changed" in caplog.messages
    assert place.get("top").downloaded_now == 2
    assert ids(place) == [f"replay-{number}" for number in range(6)]


def test_what_one_group_has_twice_another_may_have_once(place: Place, replays: list[bytes]) -> None:
    """A later upload of a recording is the replay of its own group, whatever a group with both takes, in any order."""
    server = place.server
    same = {"rocket_league_id": "AB" * 16}
    server.add_group("second")
    server.add_replay("upload-1", replays[0], "second", **same)
    server.add_replay("upload-2", edit_header(replays[0], {"ReplayName": "renamed"}), "top", "second", **same)
    found = []
    for folder, order in (("one", ("top", "second")), ("other", ("second", "top"))):
        results = {
            group: place.get(group, folder=folder, config=place.config(database_path=place.folder / folder / "l"))
            for group in order
        }
        assert [path.stem for path in results["top"].files] == ["upload-2"]
        assert [path.stem for path in results["second"].files] == ["upload-1"]
        found.append([place.written(folder)[name] for name in LISTS])
    assert found[0] == found[1]
    assert [row["replay_id"] for row in rows(place, folder="one")] == ["upload-1", "upload-2"]
    assert rows(place, "rejects.parquet", "one") == []


def damaged(content: bytes) -> bytes:
    return content[: len(content) // 2]


def of_another_kind(_: bytes) -> bytes:
    return to_parquet(pa.table({"replay_id": ["x"], "path": ["x.replay"]}))


def of_a_newer_schema(content: bytes) -> bytes:
    table = pq.read_table(pa.BufferReader(content))
    return to_parquet(table.replace_schema_metadata({"impulse_schema_version": str(SCHEMA_VERSION + 1)}))


@pytest.mark.parametrize(
    ("name", "spoil", "why"),
    [
        *((name, damaged, r"cannot be read \(.*\)") for name in LISTS),
        (LISTS[0], of_another_kind, "is no list of impulse"),
    ],
)
def test_damaged_lists_are_set_aside(
    name: str, spoil: Any, why: str, place: Place, two: DemoServer, caplog: pytest.LogCaptureFixture
) -> None:
    """One line, nothing is overwritten, and everything is listed again once its group is downloaded again, which costs nothing."""
    place.get("top")
    path = place.folder / "replays" / name
    for number in (1, 2):
        path.write_bytes(spoil(path.read_bytes()))
        content = path.read_bytes()
        place.get("second")
        (line,) = [line for line in caplog.messages if "set aside" in line]
        assert re.fullmatch(
            rf"{name} {why} and is set aside as {name}\.damaged-{number}; replays of other groups .*", line
        )
        assert path.with_name(f"{name}.damaged-{number}").read_bytes() == content
        caplog.clear()
    assert place.get("top").downloaded_now == 0
    assert ids(place) == [f"replay-{number}" for number in range(6)]


def test_lists_of_a_newer_impulse_are_left_alone(place: Place, two: DemoServer) -> None:
    """One line before the first call, and nothing is changed."""
    place.get("top")
    path = place.folder / "replays" / LISTS[1]
    path.write_bytes(of_a_newer_schema(path.read_bytes()))
    calls, before = len(two.calls), place.written()
    message = rf"^{LISTS[1]} has schema version {SCHEMA_VERSION + 1}, and this impulse knows {SCHEMA_VERSION}: upgrade impulse$"
    with pytest.raises(StageError, match=message):
        place.get("second")
    assert (len(two.calls), place.written()) == (calls, before)


def test_lists_of_an_older_schema_are_added_to(place: Place, two: DemoServer) -> None:
    """Rows of a manifest with ids for a group path, and without what came later, stay; what they do not say is null.

    A column that had another name keeps its values.
    """
    place.get("top")
    path = place.folder / "replays" / "manifest.parquet"
    table = pq.read_table(path)
    older = table.drop_columns([name for name in table.column_names if name.startswith("group_") or name == "title"])
    older = older.append_column("group_path", pa.array(["top"] * older.num_rows))
    older = older.rename_columns(["team_size" if name == "header_team_size" else name for name in older.column_names])
    assert table["header_team_size"].null_count == 0
    path.write_bytes(to_parquet(older.replace_schema_metadata({"impulse_schema_version": "1"})))
    place.get("second")
    forfeits = pq.read_table(path)["is_forfeit"].to_pylist()  # false, in older lists also of headers that do not tell
    assert forfeits[:3] == [value or None for value in table["is_forfeit"].to_pylist()[:3]]
    assert None in forfeits
    known = ["replay_id", "sha256", "playlist", "uploaded_at", "date", "match_seconds", "header_team_size"]
    assert pq.read_table(path).select(known).slice(0, 3).equals(table.select(known).slice(0, 3))
    assert [row["group_path"] for row in rows(place)] == [*[None] * 3, *[["Group / second"]] * 3]


def test_a_place_without_lists_has_none(tmp_path: Path) -> None:
    """Nothing is made up."""
    assert read_lists(RawStorage.in_folder(tmp_path)).replays == []
