"""Made-up matches and the tables that parse would write about their recordings, with the truth about who shows what."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.jobs import job

from impulse.config.dedupe import DedupeParams
from impulse.dedupe.stage import run
from impulse.files.output import write_json
from impulse.run.job import Counts
from impulse.schema.column import Column
from impulse.tables.io import table_of, write_table
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.parsed import FRAMES_FILE_COLUMNS, GOAL_COLUMNS, PLAYER_COLUMNS, REPLAY_COLUMNS
from impulse.tables.paths import FEATURES
from impulse.tables.validated import VERDICT_COLUMNS

MAPS = ("Stadium_P", "cs_day_p", "Park_P")
ZONE_MINUTES = (-480, -300, 0, 60, 120, 345, 570, 840)
DAY = datetime(2023, 5, 1)  # noqa: DTZ001 - dates of headers have no time zone
ROW_SECONDS = 0.1
FEATURES_CONTENT = {
    "fps": 1 / ROW_SECONDS,
    "sampling": "parser",
    "slots_per_team": 3,
    "global_features": [],
    "player_features": ["PlayerBoost"],
}
"""What parse writes about the frames that the tables belong to."""


@dataclass
class World:
    """Recordings, and which match each of them shows."""

    match_of: dict[str, int] = field(default_factory=dict)
    """Number of the true match by replay id."""
    complete: set[str] = field(default_factory=set)
    """Recordings that tell all that parse can know."""
    replays: list[dict[str, Any]] = field(default_factory=list)
    players: list[dict[str, Any]] = field(default_factory=list)
    goals: list[dict[str, Any]] = field(default_factory=list)
    frames: dict[str, Any] = field(default_factory=dict)
    """What parse found in the frames of every recording."""
    features: dict[str, Any] = field(default_factory=dict)
    """What differs from :data:`FEATURES_CONTENT`."""

    def only(self, replay_ids: Iterable[str]) -> World:
        """Return the world with these recordings alone."""
        wanted = set(replay_ids)

        def left(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [row for row in rows if row["replay_id"] in wanted]

        return replace(
            self,
            complete=self.complete & wanted,
            replays=left(self.replays),
            players=left(self.players),
            goals=left(self.goals),
        )

    def shuffled(self, seed: int) -> World:
        """Return the same tables with their rows in another order."""
        draws = random.Random(seed)

        def mixed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return draws.sample(rows, len(rows))

        return replace(self, replays=mixed(self.replays), players=mixed(self.players), goals=mixed(self.goals))

    def dedupe(self, data: Path, params: DedupeParams | None = None) -> Counts:
        """Run the stage's work over the tables, in a data folder."""
        self.write(data)
        return run(job(params or DedupeParams(), data))

    def write(self, data: Path) -> None:
        """Write what parse and validate would have written."""
        for name, table in self.tables().items():
            write_table(table, data / ("validated" if name == "verdicts" else "parsed") / f"{name}.parquet")
        write_json(data / "parsed" / FEATURES, FEATURES_CONTENT | self.features)

    def tables(self) -> dict[str, pa.Table]:
        """Return the inputs of the dedupe stage."""
        verdicts = [
            {
                "replay_id": row["replay_id"],
                "source_path": row["source_path"],
                "verdict": "accept",
                "reasons": "",
                "warnings": "",
                "frames_shown": row["network_frames"] // 3,
            }
            for row in self.replays
        ]
        return {
            "replays": filled_table(self.replays, REPLAY_COLUMNS),
            "players": filled_table(self.players, PLAYER_COLUMNS),
            "goals": filled_table(self.goals, GOAL_COLUMNS),
            "frames": filled_table(
                ({"replay_id": row["replay_id"], **self.frames} for row in self.replays), FRAMES_FILE_COLUMNS
            ),
            "verdicts": filled_table(verdicts, (*VERDICT_COLUMNS, *MEASURE_COLUMNS)),
        }


def filled_table(rows: Iterable[Mapping[str, Any]], columns: Iterable[Column]) -> pa.Table:
    """Return rows as a table; columns that the rows lack are filled with what means nothing."""
    columns = tuple(columns)
    blank: dict[str, Any] = {"string": "", "bool": False, "list<string>": []}
    fill: dict[str, Any] = {column.name: None if column.nullable else blank.get(column.dtype, 0) for column in columns}
    return table_of(({**fill, **row} for row in rows), columns)


def make_world(
    seed: int,
    *,
    matches: int,
    rosters: int = 3,
    recordings: int = 4,
    fewest: int = 1,
    lacking: float = 0.2,
    goals: int | None = None,
) -> World:
    """Return recordings of different matches that few people play again and again on few maps.

    Args:
        seed: decides everything.
        matches: number of matches.
        rosters: so many sets of players; matches of one of them follow each other closely.
        recordings: most recordings of a match.
        fewest: fewest recordings of a match.
        lacking: share of recordings that lack something.
        goals: goals of every match; None draws.
    """
    draws = random.Random(seed)
    world = World()
    teams = [
        [(draws.choice(("steam", "epic", "xbox", "switch")), f"{draws.getrandbits(60)}") for _ in range(2 * size)]
        for size in (draws.choice((1, 2, 3)) for _ in range(rosters))
    ]
    start = [0.0] * rosters
    for number in range(matches):
        roster = draws.randrange(rosters)
        start[roster] += draws.uniform(60, 4000)
        length = draws.uniform(240, 480)
        match = _Match(
            number,
            teams[roster],
            draws.choice(MAPS),
            DAY + timedelta(seconds=round(start[roster])),
            length,
            _goals(draws, length, goals),
            has_guid=draws.random() < 0.3,
        )
        start[roster] += length
        for _ in range(draws.randint(fewest, recordings)):
            _record(world, match, draws, is_lacking=draws.random() < lacking)
    return world


@dataclass(frozen=True)
class _Match:
    number: int
    people: list[tuple[str, str]]
    map_code: str
    start: datetime
    length: float
    goals: list[tuple[float, int]]
    """Time in s after the start, and number of the scorer."""
    has_guid: bool


def _goals(draws: random.Random, length: float, goals: int | None) -> list[tuple[float, int]]:
    count = draws.randint(0, 5) if goals is None else goals
    times = sorted(draws.uniform(35, length - 35) for _ in range(count))
    return [(time, draws.randint(0, 1)) for time in times]


def _record(world: World, match: _Match, draws: random.Random, *, is_lacking: bool) -> None:
    replay_id = f"{draws.getrandbits(128):032x}"
    size = len(match.people) // 2
    delay, early = draws.uniform(0, 30), draws.uniform(0, 30)
    clock = timedelta(minutes=draws.choice(ZONE_MINUTES), seconds=round(delay + draws.uniform(-20, 20)))
    length = match.length - delay - early
    sides = [side for _, side in match.goals]
    row: dict[str, Any] = {
        "replay_id": replay_id,
        "source_path": f"{match.number}/{replay_id}.replay",
        "sha256": f"{draws.getrandbits(256):064x}",
        "recording_id": f"{draws.getrandbits(128):032X}",
        "match_guid": f"{match.number:032X}"[::-1] if match.has_guid else None,
        "date": match.start + clock,
        "map_code": match.map_code,
        "match_type": "Online",
        "header_team_size": size,
        "blue_score": sides.count(0),
        "orange_score": sides.count(1),
        "network_frames": int(length * 30),
        "recorded_seconds": length,
        "uploaded_at": DAY + timedelta(days=draws.randint(1, 9)),
    }
    offset = draws.uniform(3, 40)
    goals: list[dict[str, Any]] = [
        {
            "replay_id": replay_id,
            "goal": number,
            "team": ("blue", "orange")[side],
            "scorer": f"player {side}",
            "time": round((time + offset + draws.uniform(-0.05, 0.05)) / ROW_SECONDS) * ROW_SECONDS,
        }
        for number, (time, side) in enumerate(match.goals)
    ]
    people = draws.sample(list(enumerate(match.people)), len(match.people))
    players = [
        {
            "replay_id": replay_id,
            "slot": slot,
            "team": "blue" if place < size else "orange",
            "name": f"player {place // size}",
            "platform": platform,
            "player_id": number,
        }
        for slot, (place, (platform, number)) in enumerate(people)
    ]
    if is_lacking:
        match draws.randrange(6):
            case 0:
                row["date"] = None
            case 1:
                row["map_code"] = None
            case 2:
                row["match_guid"] = None
            case 3:
                for goal in goals:
                    goal["time"] = None
            case 4:
                players = [{**player, "platform": "splitscreen", "player_id": "1"} for player in players]
            case _:
                players.pop()
    else:
        world.complete.add(replay_id)
    world.match_of[replay_id] = match.number
    world.replays.append(row)
    world.goals += goals
    world.players += players
