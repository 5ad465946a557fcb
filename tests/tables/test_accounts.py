"""Who is a person is decided once, for deduplication, splits and card alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.export.replicas import replicate
from tests.exported import exported

from impulse.config.export import ExportParams, SplitBy
from impulse.dedupe.recordings import read_recordings
from impulse.export.splitting import split_keys
from impulse.tables.accounts import account
from impulse.tables.io import write_table

NOBODY = [
    ("steam", "0", False),
    ("playstation", "0000", False),
    ("xbox", '{"online_id": 0}', False),
    ("splitscreen", "12", False),
    ("splitscreen", "12", True),
    ("steam", "76561197960287930", True),
]
"""Platform, id and is_bot of players whose id names no account."""


def player(replay_id: str, who: tuple[str, str, bool]) -> dict[str, Any]:
    platform, player_id, is_bot = who
    return {"replay_id": replay_id, "platform": platform, "player_id": player_id, "is_bot": is_bot}


@pytest.mark.parametrize("who", NOBODY, ids=str)
def test_an_id_that_names_nobody_is_no_account(who: tuple[str, str, bool]) -> None:
    """Bots, guests, zeros, and structures without a name."""
    assert account(player("r", who)) is None
    assert account(player("r", ("epic", "a0", False))) == "epic:a0"


@pytest.mark.parametrize("who", NOBODY, ids=str)
def test_an_id_that_names_nobody_links_no_matches(who: tuple[str, str, bool]) -> None:
    """Two matches with such a player are not kept together by it."""
    recordings = [{"replay_id": f"r{i}", "match_key": f"m{i}", "kept": True, "group_ids": None} for i in range(2)]
    keys = split_keys(recordings, [player(f"r{i}", who) for i in range(2)], ExportParams(split_by=SplitBy.player))
    assert keys == {"m0": "m0", "m1": "m1"}


def test_the_card_counts_accounts(data: Path, tmp_path: Path) -> None:
    """Players whose ids name nobody are not counted as one person each."""
    folder = replicate(data, tmp_path / "data", 2)
    path = folder / "parsed" / "players.parquet"
    schema, rows = pq.read_schema(path), pq.read_table(path).to_pylist()
    people = [("steam", "1", False), ("steam", "1", False), ("epic", "2", False), *NOBODY]
    made = [{**rows[0], **player(rows[0]["replay_id"], who), "slot": slot} for slot, who in enumerate(people)]
    write_table(pa.Table.from_pylist(made, schema), path)
    assert "\n2 players, " in (exported(folder, tmp_path) / "README.md").read_text()


@pytest.mark.parametrize("who", [*NOBODY, ("epic", "a0", False)], ids=str)
def test_matches_are_known_by_accounts(data: Path, who: tuple[str, str, bool]) -> None:
    """Where nobody has one, deduplication has no scene to compare; otherwise it has the id and not the name."""
    tables = {name: pq.read_table(data / "parsed" / f"{name}.parquet") for name in ("replays", "players", "goals")}
    replay_id = tables["replays"]["replay_id"][0].as_py()
    row = {**tables["players"].to_pylist()[0], **player(replay_id, who), "name": "somebody"}
    tables["players"] = pa.Table.from_pylist([row], tables["players"].schema)
    (found,) = read_recordings(**tables, frames_shown={replay_id: 1}, min_goals=3)
    assert ('"epic","a0"' in found.scene) == bool(found.scene) == (who not in NOBODY)
    assert "somebody" not in found.scene
