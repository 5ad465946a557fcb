"""What the validate stage costs for many replays: seconds and peak memory of the whole process, imports included.

    python tests/benchmarks/validate_tables.py [--replays 10000] [--keep FOLDER]

The tables are synthetic: measures of ordinary matches with one replay in four that violates some rule.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]


def synthetic_rows(count: int) -> list[dict[str, Any]]:
    """Return facts and measures of so many replays, some of them bad in one way or another."""
    import numpy as np

    from impulse.tables.measures import MEASURE_COLUMNS
    from impulse.tables.parsed import REPLAY_COLUMNS

    random = np.random.default_rng(1)
    blanks = {"string": "", "bool": False, "timestamp": None}
    zeros: dict[str, Any] = {column.name: 0 for column in MEASURE_COLUMNS}
    zeros |= {column.name: blanks.get(column.dtype, 0) for column in REPLAY_COLUMNS if not column.nullable}
    flaws: list[dict[str, Any]] = [
        {"rows": 50},
        {"n_players": 1},
        {"share_held": 0.7},
        {"n_bots": 2},
        {"outside_ball_pos": 0.2},
        {"goals_of_players": 0},
        {"mode": "hoops", "playlist_id": 27},
        {"map_code": "workshop_p"},
        {"share_unbalanced": 0.4},
    ]
    rows = []
    for number in range(count):
        goals = int(random.integers(0, 8))
        seconds = float(random.normal(310, 20))
        flaw = flaws[number // 4 % len(flaws)] if number % 4 == 0 else {}
        rows.append(
            {
                **zeros,
                "replay_id": f"{number * 2654435761 % 2**32:08x}{number:024x}",
                "path": f"replays/{number}.replay",
                "source_path": f"season {number // 1000}/series {number // 5}/{number}.replay",
                "map_code": ("Stadium_P", "cs_day_p", "Park_P")[number % 3],
                "match_type": "Online",
                "team_size": 3,
                "playlist_id": 13,
                "mode": "soccer",
                "date": datetime(2025, 1, 1) + timedelta(minutes=number),  # noqa: DTZ001 - as headers have it
                "min_rank": "champion-1",
                "max_rank": "grand-champion-2",
                "blue_score": goals,
                "orange_score": 1,
                "match_seconds": seconds,
                "rows": int(13 * seconds),
                "frames_shown": int(12 * seconds),
                "n_players": 6,
                "n_blue": 3,
                "n_orange": 3,
                "players_at_once": 6,
                "seconds_played": seconds,
                "share_held": float(random.beta(2, 20)),
                "share_absent": float(random.beta(2, 20)),
                "goals_blue": goals,
                "goals_orange": 1,
                "goals_shown": goals + 1,
                "goals_of_players": goals + 1,
                **flaw,
            }
        )
    return rows


def write_tables(folder: Path, count: int) -> None:
    """Write what parse would have written."""
    from impulse.replay.reasons import Reason
    from impulse.schema.column import REPLAY_ID
    from impulse.tables import rejects
    from impulse.tables.io import table_of, write_table
    from impulse.tables.measures import MEASURE_COLUMNS
    from impulse.tables.parsed import REPLAY_COLUMNS
    from impulse.tables.rejects import Reject

    rows = synthetic_rows(count)
    write_table(table_of(rows, REPLAY_COLUMNS), folder / "parsed" / "replays.parquet")
    write_table(table_of(rows, (REPLAY_ID, *MEASURE_COLUMNS)), folder / "parsed" / "measures.parquet")
    earlier = [Reject(f"{n:032x}", f"lost/{n}.replay", "fetch", Reason.GONE, "status 404") for n in range(count // 100)]
    write_table(rejects.to_table(earlier), folder / "raw" / "rejects.parquet")
    write_table(rejects.to_table([]), folder / "parsed" / "rejects.parquet")


def stage(folder: Path) -> None:
    """Do the stage's work on the tables, as stages/validate.py does, and print what it took."""
    from tests.jobs import job

    from impulse.config.validate import ValidateParams
    from impulse.validation.stage import run

    counts = run(job(ValidateParams(), folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"replays": counts.replays_in, "kept": counts.replays_out, "peak_mb": round(peak)}))


def main() -> None:
    """Print seconds and peak memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replays", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="folder for the tables and the report")
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        stage(arguments.only)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.keep or Path(name)
        write_tables(folder, arguments.replays)
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, __file__, "--only", str(folder)], check=True, capture_output=True, text=True
        )
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        sizes = {path.name: path.stat().st_size // 1024 for path in sorted((folder / "validated").glob("*.*"))}
        print(f"{done.stdout.strip()} {wall:.2f} s wall, {cpu:.2f} s CPU; KiB: {sizes}")


if __name__ == "__main__":
    main()
