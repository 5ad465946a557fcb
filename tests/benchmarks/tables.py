"""Benchmarks of the stages that read tables alone: validate and dedupe."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from tests.benchmarks.measuring import run_stage
from tests.dedupe.worlds import make_world
from tests.settings import composed

from impulse.config.dedupe import DedupeParams
from impulse.replay.reasons import Reason
from impulse.schema.column import REPLAY_ID
from impulse.tables import rejects
from impulse.tables.io import table_of, write_table
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.parsed import REPLAY_COLUMNS
from impulse.tables.rejects import Reject

FLAWS: tuple[dict[str, Any], ...] = (
    {"rows": 50},
    {"n_players": 1},
    {"share_held": 0.7},
    {"n_bots": 2},
    {"outside_ball_pos": 0.2},
    {"goals_of_players": 0},
    {"mode": "hoops", "playlist_id": 27},
    {"map_code": "workshop_p"},
    {"share_unbalanced": 0.4},
)
"""What is wrong with one replay in four."""

WORLDS: dict[str, dict[str, Any]] = {
    "matches of 300 teams, 1 to 4 recordings each": {"rosters": 300},
    "all of one team, three goals each": {"rosters": 1, "goals": 3, "lacking": 0.0},
    "the same match, nothing but bots": {"bots": True},
    "the same match, recorded by all": {"bots": False},
}


def validate(folder: Path, *, replays: int = 10_000) -> None:
    """The validate stage over measures of ordinary matches, one in four of which violates some rule."""
    rows = _replays(replays)
    write_table(table_of(rows, REPLAY_COLUMNS), folder / "parsed" / "replays.parquet")
    write_table(table_of(rows, (REPLAY_ID, *MEASURE_COLUMNS)), folder / "parsed" / "measures.parquet")
    lost = [Reject(f"{n:032x}", f"lost/{n}.replay", "fetch", Reason.GONE, "status 404") for n in range(replays // 100)]
    write_table(rejects.to_table(lost), folder / "raw" / "rejects.parquet")
    write_table(rejects.to_table([]), folder / "parsed" / "rejects.parquet")
    cost = run_stage("validation", composed().validate, folder)
    sizes = {path.name: path.stat().st_size // 1024 for path in sorted((folder / "validated").glob("*.*"))}
    print(f"{cost.result.replays_in} in, {cost.result.replays_out} out: {cost}; KiB: {sizes}")


def dedupe(folder: Path, *, recordings: int = 10_000) -> None:
    """The dedupe stage over recordings that are easy, alike, or all of one match."""
    for number, (name, settings) in enumerate(WORLDS.items()):
        if "bots" in settings:
            world = make_world(1, matches=1, rosters=1, recordings=recordings, fewest=recordings, goals=3, lacking=0.0)
            for player in world.players if settings["bots"] else ():
                player.update(platform="splitscreen", player_id="1", is_bot=True)
        else:
            world = make_world(1, matches=recordings // 2, **settings)
            world = world.only(list(world.match_of)[:recordings])
        data = folder / str(number)
        world.write(data)
        cost = run_stage("dedupe", DedupeParams(), data)
        print(f"{name}: {cost.result.replays_in} in, {cost.result.replays_out} out: {cost}")


def _replays(count: int) -> list[dict[str, Any]]:
    """Return facts and measures of so many replays."""
    random = np.random.default_rng(1)
    blanks = {"string": "", "bool": False, "timestamp": None, "list<string>": []}
    zeros: dict[str, Any] = {column.name: 0 for column in MEASURE_COLUMNS}
    zeros |= {column.name: blanks.get(column.dtype, 0) for column in REPLAY_COLUMNS if not column.nullable}
    rows = []
    for number in range(count):
        goals, seconds = int(random.integers(0, 8)), float(random.normal(310, 20))
        share_held, share_absent = random.beta(2, 20, size=2).tolist()
        ordinary = {
            "replay_id": f"{number * 2654435761 % 2**32:08x}{number:024x}",
            "path": f"replays/{number}.replay",
            "source_path": f"season {number // 1000}/series {number // 5}/{number}.replay",
            "map_code": ("Stadium_P", "cs_day_p", "Park_P")[number % 3],
            "date": datetime(2025, 1, 1) + timedelta(minutes=number),  # noqa: DTZ001 - as headers have it
            "match_type": "Online",
            "header_team_size": 3,
            "playlist_id": 13,
            "mode": "soccer",
            "min_rank": "champion-1",
            "max_rank": "grand-champion-2",
            "n_players": 6,
            "n_blue": 3,
            "n_orange": 3,
            "players_at_once": 6,
            "players_a_side": 3,
            "blue_score": goals,
            "orange_score": 1,
            "goals_blue": goals,
            "goals_orange": 1,
            "goals_shown": goals + 1,
            "goals_of_players": goals + 1,
            "match_seconds": seconds,
            "seconds_played": seconds,
            "rows": int(13 * seconds),
            "frames_shown": int(12 * seconds),
            "share_held": share_held,
            "share_absent": share_absent,
        }
        rows.append({**zeros, **ordinary, **(FLAWS[number // 4 % len(FLAWS)] if number % 4 == 0 else {})})
    return rows
