"""A run takes over what is as it was, and writes what a run that knows of no other writes."""

from __future__ import annotations

import dataclasses
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.parsing.test_stage import PARAMS, REPLAYS, content, manifest_of, run
from tests.parsing.test_stage import data as data
from tests.parsing.test_stage import fetched as fetched

from impulse.config.engine import EngineParams
from impulse.files.store import Store
from impulse.parsing import last_run
from impulse.parsing.keys import ProductKeys, parsed_with
from impulse.parsing.last_run import LAST_RUN, LastRun
from impulse.tables.io import table_of, write_table
from impulse.tables.manifest import LISTED_PLAYER_COLUMNS

pytestmark = pytest.mark.slow

TABLES = ("frames", "replays", "measures", "players", "stints", "goals", "demolitions")


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the entries that are read."""
    keys: list[str] = []
    get = Store.get

    def noted(self: Store, key: str) -> object:
        keys.append(key)
        return get(self, key)

    monkeypatch.setattr(Store, "get", noted)
    return keys


def without_memory(data: Path, **settings: bool) -> dict[str, bytes]:
    """Return what a run writes that makes every row of the entries."""
    (data / ".state" / LAST_RUN).unlink(missing_ok=True)
    run(data, params=dataclasses.replace(PARAMS, **settings))  # type: ignore[arg-type]
    return content(data / "parsed")


def test_what_is_as_it_was_is_not_looked_up(data: Path, looked_up: list[str]) -> None:
    """Nor is it where replays come, go and come back, in whatever place; the tables are those of a run without memory."""
    manifest = manifest_of(data)
    run(data, manifest.slice(1, 3))
    for part, news in (
        (manifest.slice(1, 3), 0),
        (manifest, REPLAYS - 3),
        (manifest.slice(2), 0),
        (manifest.slice(0, 3), 2),
        (manifest.take(list(reversed(range(REPLAYS)))), REPLAYS - 3),
    ):
        looked_up.clear()
        counts = run(data, part)
        assert (counts.replays_in, counts.replays_out) == (part.num_rows, part.num_rows)
        assert counts.timing["parsed_now"] <= news
        assert len(looked_up) >= news
        assert (not looked_up) == (news == 0)
        found = content(data / "parsed")
        assert without_memory(data) == found
        frames = pq.read_table(data / "parsed" / "frames.parquet")
        assert counts.figures["bytes"] == sum(frames["bytes"].to_pylist())
        assert frames["replay_id"].to_pylist() == part["replay_id"].to_pylist()


def edited_row(data: Path) -> None:
    """The source calls a replay by another name."""
    manifest = manifest_of(data)
    names = [f"new/{name}" if at == 1 else name for at, name in enumerate(manifest["source_path"].to_pylist())]
    place = manifest.schema.get_field_index("source_path")
    write_table(
        manifest.set_column(place, manifest.schema.field(place), pa.array(names)), data / "raw" / "manifest.parquet"
    )


def listed_player(data: Path) -> None:
    """The source lists a player of a replay, with a rank."""
    players = pq.read_table(data / "parsed" / "players.parquet").to_pylist()
    someone = next(row for row in players if row["player_id"] and not row["is_bot"])
    row = {**someone, "rank": "Champion I", "rank_division": 2}
    write_table(table_of([row], LISTED_PLAYER_COLUMNS), data / "raw" / "listed_players.parquet")


def damaged_memory(data: Path) -> None:
    """The file of the last run lost a byte in the middle."""
    file = data / ".state" / LAST_RUN
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] + whole[len(whole) // 2 + 1 :])


def other_file(data: Path) -> None:
    """Something else has its name."""
    with zipfile.ZipFile(data / ".state" / LAST_RUN, "w") as file:
        file.writestr("index", b"no table")


def edited_frames(data: Path) -> None:
    """Frames of the store were overwritten, which nobody should do."""
    path = next((data / ".state" / "parsed").rglob("frames.arrow"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def lost_measures(data: Path) -> None:
    """Entries without files are gone."""
    for path in (data / ".state" / "parsed").rglob("*.record"):
        path.unlink()


@pytest.mark.parametrize(
    "change", [edited_row, listed_player, damaged_memory, other_file, edited_frames, lost_measures]
)
def test_what_is_not_as_it_was_is_made_again(data: Path, change: Callable[[Path], None]) -> None:
    """Whatever changed, the tables are those of a run without memory."""
    run(data)
    before = content(data / "parsed")
    change(data)
    run(data)
    found = content(data / "parsed")
    assert without_memory(data) == found
    assert (found != before) == (change in (edited_row, listed_player))


def test_no_damage_of_the_memory_ends_a_run(data: Path) -> None:
    """Wherever a bit flips, the file is what was written or nothing at all."""
    run(data)
    file, keys = data / ".state" / LAST_RUN, ProductKeys.of(parsed_with(PARAMS), EngineParams())
    whole = LastRun.read(file, keys, tables=TABLES)
    assert len(whole.index) == REPLAYS
    content = bytearray(file.read_bytes())
    places = range(0, len(content), max(1, len(content) // 300))
    for place in (*places, *range(len(content) - 1500, len(content), 3)):
        content[place] ^= 1 << place % 8
        file.write_bytes(content)
        found = LastRun.read(file, keys, tables=TABLES)
        assert found.index in ({}, whole.index)
        assert found.tables in ({}, whole.tables)
        content[place] ^= 1 << place % 8


def test_other_settings_and_other_code_are_not_taken_for_the_same(
    data: Path, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the last run wrote is of its settings and of its code."""
    run(data)
    looked_up.clear()
    slower = dataclasses.replace(PARAMS, fps=5.0)
    run(data, params=slower)
    assert looked_up
    rows = pc.sum(pq.read_table(data / "parsed" / "measures.parquet")["rows"]).as_py()
    run(data)
    assert pc.sum(pq.read_table(data / "parsed" / "measures.parquet")["rows"]).as_py() > 1.9 * rows
    looked_up.clear()
    run(data)
    assert not looked_up
    monkeypatch.setattr(last_run, "code_digest", lambda *_: "other")
    run(data)
    assert looked_up


def test_entries_of_the_last_run_are_used_ones(data: Path) -> None:
    """A sweep removes what was used long ago; what a run took over without reading it was used by it."""
    run(data)
    records = [*(data / ".state" / "parsed").rglob("record"), *(data / ".state" / "parsed").rglob("*.record")]
    assert len(records) == 2 * REPLAYS
    for record in records:
        os.utime(record, (1e9, 1e9))
    run(data)
    assert all(record.stat().st_mtime > 1.5e9 for record in records)


def test_what_is_made_on_request_does_without(data: Path) -> None:
    """A run with such a product and one after it give what they give alone."""
    run(data)
    run(data, params=dataclasses.replace(PARAMS, pads=True))
    found = content(data / "parsed")
    assert without_memory(data, pads=True) == found
    run(data)
    plain = content(data / "parsed")
    assert without_memory(data) == plain
