"""A ledger that is damaged or lost is made again from what was collected, and nothing is downloaded again."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place
from tests.collection.test_downloading import manifest, rejects

from impulse.collection.ledger import Ledger
from impulse.collection.ledger_tables import LAYOUT
from impulse.collection.status import status_lines
from impulse.errors import ImpulseError, StageError


@pytest.fixture
def collected(place: Place, replays: list[bytes]) -> Place:
    """Eight recordings with everything that can become of a replay, one of them delisted since."""
    for number in range(8):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.server.add_replay("same-bytes", replays[0], "top")
    place.server.add_replay("same-recording", replays[1], "top", rocket_league_id=f"{2:032X}")
    place.server.add_replay("damaged", replays[9][:-1] + bytes([replays[9][-1] ^ 1]), "top")
    place.server.add_replay("gone", replays[10], "top")
    del place.server.files["gone"]
    place.get(max_lost_share=1)
    place.server.remove_replay("replay-7", "top")
    place.get(max_lost_share=1, refresh=True)
    return place


def spoil(path: Path, how: str) -> None:
    """Damage a ledger as disks and people do."""
    data = bytearray(path.read_bytes())
    if how == "lost":
        path.unlink()
        return
    if how == "pages":
        for start in range(4096, len(data), 8192):
            data[start : start + 200] = random.Random(start).randbytes(200)
    elif how == "cut":
        del data[len(data) // 2 :]
    elif how == "header":
        data[:100] = bytes(100)
    elif how == "text":
        data[:] = b"not a database " * 300
    elif how == "empty":
        data.clear()
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["pages", "cut", "header", "text", "empty", "lost"])
def test_nothing_is_downloaded_again(collected: Place, how: str, caplog: pytest.LogCaptureFixture) -> None:
    """One line says so; files, tables and what was known of every replay are as they were, also of one that is delisted."""
    ledger = collected.folder / "ledger.sqlite"
    before, known, sent = collected.written(), rejects(collected), collected.server.files_sent.total()
    spoil(ledger, how)
    collected.get(max_lost_share=1)

    assert collected.server.files_sent.total() == sent
    after = collected.written()
    assert {name for name in before if before[name] != after[name]} <= {"listings.parquet"}
    assert rejects(collected) == known
    assert [row["replay_id"] for row in manifest(collected) if row["delisted_at"]] == ["replay-7"]
    was_damaged = how not in ("lost", "empty")
    assert [path.name for path in collected.folder.glob("*.damaged-1")] == ["ledger.sqlite.damaged-1"] * was_damaged
    lines = [record.getMessage() for record in caplog.records if "set aside" in record.getMessage()]
    assert len(lines) == was_damaged
    assert "\n" not in "".join(lines)


def test_damage_is_one_line_for_who_only_looks(collected: Place) -> None:
    """The status of a damaged ledger says what happens next."""
    spoil(collected.folder / "ledger.sqlite", "header")
    with pytest.raises(StageError, match="cannot be read: file is not a database; the next download"):
        status_lines(collected.folder / "ledger.sqlite", now=collected.clock.now())


def test_tables_that_are_damaged_too_cost_only_a_reading(collected: Place) -> None:
    """Without manifest and rejects the files themselves are read; what is missing is asked for."""
    shutil.rmtree(collected.folder / "ledger.sqlite.seen")
    (collected.folder / "ledger.sqlite").unlink()
    for name in ("manifest.parquet", "rejects.parquet"):
        (collected.folder / "replays" / name).write_bytes(b"PAR1 damaged")
    before = collected.server.files_sent.copy()
    assert collected.get(max_lost_share=1).successful == 7  # no list names the delisted one, and now nothing else does
    assert {name for name in collected.server.files_sent if collected.server.files_sent[name] != before[name]} <= {
        "same-bytes",
        "damaged",
        "replay-0",  # a known file, which shows that the service works
    }


def test_ledgers_of_the_first_layout_go_on(collected: Place) -> None:
    """Its lists are read again, for their counts; what was lost in it may have been an outage's fault, and is asked for."""
    path = collected.folder / "ledger.sqlite"
    with sqlite3.connect(path) as database:
        for table, columns in (
            ("listings", ("counted", "unusable", "problem")),
            ("members", ("is_seen", "delisted_at")),
            ("groups", ("direct", "indirect")),
            ("replays", ("retry_at",)),
        ):
            for column in columns:
                database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.execute("DROP TABLE refusals")
        database.execute("DELETE FROM facts WHERE name = 'filled'")
        database.execute("UPDATE facts SET value = '1' WHERE name = 'layout'")
    database.close()
    collected.server.files["gone"] = collected.server.files["replay-6"] + b"more"
    before = collected.server.files_sent.copy()
    result = collected.get(max_lost_share=1)
    assert (result.successful, result.failed) == (8, 1)
    assert collected.server.files_sent - before == {"gone": 1, "damaged": 4, "replay-0": 1}
    with Ledger(path) as ledger:
        assert ledger.fact("layout") == str(LAYOUT)


@pytest.mark.parametrize(("value", "layout"), [("99", 99), ("x", 0)])
def test_ledger_of_a_later_version_is_refused(place: Place, value: str, layout: int) -> None:
    """It is not changed."""
    place.get(accept_incomplete=["top"])
    with sqlite3.connect(place.folder / "ledger.sqlite") as database:
        database.execute("UPDATE facts SET value = ? WHERE name = 'layout'", (value,))
    database.close()
    with pytest.raises(StageError, match=f"has layout {layout},"):
        place.get()
    assert pq.read_table(place.folder / "replays" / "manifest.parquet").num_rows == 0


def test_no_changed_byte_becomes_a_traceback_or_a_gap(collected: Place) -> None:
    """Whatever a bad disk makes of a ledger, two runs later everything is there, and every error on the way is one line."""
    ledger, rng = collected.folder / "ledger.sqlite", random.Random(5)
    whole, before = ledger.read_bytes(), collected.written()
    for _ in range(25):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 3, 40))):
            damaged[rng.randrange(100, len(damaged))] ^= rng.randrange(1, 256)
        for name in ("-wal", "-shm"):
            ledger.with_name(ledger.name + name).unlink(missing_ok=True)
        ledger.write_bytes(damaged)
        with suppress(StageError):
            status_lines(ledger, now=collected.clock.now())
        for last in (False, False, True):
            try:
                collected.get(max_lost_share=1)
                break
            except ImpulseError as error:
                assert "\n" not in str(error)
                assert not last, error
        after = collected.written()
        assert {name: data for name, data in after.items() if name.endswith(".replay")} == {
            name: data for name, data in before.items() if name.endswith(".replay")
        }
        assert {row["replay_id"] for row in manifest(collected)} >= {f"replay-{number}" for number in range(7)}
