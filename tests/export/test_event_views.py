"""Views of events: each has the rows of its kind, with what their details say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from impulse.export.columns import EXPORTED_REPLAY_COLUMNS
from impulse.export.event_views import EVENT_VIEWS
from impulse.export.views import analysis_sql
from impulse.schema.column import Column
from impulse.tables.io import table_of, write_table
from impulse.tables.on_request import EVENT_COLUMNS
from impulse.tables.parsed import GOAL_COLUMNS, PLAYER_COLUMNS, STINT_COLUMNS


def event(
    number: int, kind: str, /, *, time: float = 1.0, tags: list[str] | None = None, **detail: Any
) -> dict[str, Any]:
    return {
        "replay_id": "r", "event": number, "kind": kind, "frame": int(30 * time), "time": time, "player": 1, "slot": 0,
        "team": "blue", "ball_x": 10.0 * number, "tags": tags, "detail": json.dumps(detail),
    }  # fmt: skip


EVENTS = [
    event(0, "touch", time=1.0, tags=["kind=hard_hit", "surface=wall"], role="first_man", ball_speed_change=900.5),
    event(1, "timeline", time=2.0, kind="Shot"),
    event(2, "timeline", time=9.0, kind="Shot"),
    event(3, "timeline", time=9.5, kind="Save"),
    event(4, "boost_pickups", is_steal=True, boost_before=0.0, collected_amount=30.6, pad_type="small"),
    event(5, "kickoff", team_zero_taker={"player": 3, "approach": "speed_flip"}, winning_team_is_team_0=False),
    event(6, "dodge", dodge_impulse=None),
    event(7, "fifty_fifty", team_zero_player=1, team_one_player=2, winning_team_is_team_0=None, is_kickoff=True),
]


@pytest.fixture
def views(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A dataset with these events and nothing else."""
    tables = {
        "replays": EXPORTED_REPLAY_COLUMNS,
        "players": PLAYER_COLUMNS,
        "stints": STINT_COLUMNS,
        "goals": GOAL_COLUMNS,
    }
    for name, columns in tables.items():
        write_table(table_of([], columns), tmp_path / f"{name}.parquet")
    write_table(table_of(EVENTS, EVENT_COLUMNS), tmp_path / "events.parquet")
    (tmp_path / "frames" / "split=train").mkdir(parents=True)
    of_frames = [Column(name, "bool", "") for name in ("replay_id", "row", "p0_present", "p0_x")]
    frames: pa.Table = pa.table({"replay_id": ["r"], "row": [0], "p0_present": [True], "p0_x": [1.0]})
    pq.write_table(frames, tmp_path / "frames" / "split=train" / "part-00000.parquet")
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{tmp_path}'")
    connection.execute(analysis_sql(of_frames, tmp_path))
    return connection


def test_details_are_columns(views: duckdb.DuckDBPyConnection) -> None:
    """Numbers, texts and flags as such, boost in percent, teams by name, classes by group; null for what a detail lacks."""

    def rows(sql: str) -> list[Any]:
        return views.execute(sql).fetchall()

    assert rows("SELECT event, hit, surface, role, ball_speed_change, action FROM touches") == [
        (0, "hard_hit", "wall", "first_man", 900.5, None)
    ]
    assert rows("SELECT event FROM saves") == [(3,)]
    assert rows("SELECT is_steal, boost_before, collected_amount, pad_type, overfill_amount FROM pickups") == [
        (True, 0.0, pytest.approx(12.0), "small", None)
    ]
    assert rows("SELECT blue_taker, blue_approach, orange_taker, winning_team, scoring_team FROM kickoffs") == [
        (3, "speed_flip", None, "orange", None)
    ]
    assert rows("SELECT direction, start_speed FROM dodges") == [(None, None)]
    assert rows("SELECT blue_player, orange_player, winning_team, is_kickoff FROM fifty_fifties") == [
        (1, 2, None, True)
    ]


def test_shots_have_the_touch_before_them(views: duckdb.DuckDBPyConnection) -> None:
    """If it was not long ago."""
    found = views.execute("SELECT event, ball_x, ball_speed_change, surface FROM shots ORDER BY event").fetchall()
    assert found == [(1, 0.0, 900.5, "wall"), (2, None, None, None)]


def test_every_view_can_be_asked(views: duckdb.DuckDBPyConnection) -> None:
    """Also where a dataset has no event of the kind."""
    for view in EVENT_VIEWS:
        kind = [item for item in EVENTS if item["kind"] == view.kind]
        count = sum(not view.of_kind or json.loads(item["detail"])["kind"] == view.of_kind for item in kind)
        assert len(views.execute(f"SELECT * FROM {view.name}").fetchall()) == count
