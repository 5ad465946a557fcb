"""What the dedupe stage costs for ten thousand recordings: seconds and peak memory of a whole process, imports included.

python tests/benchmarks/dedupe_scale.py [--recordings 10000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

CASES: dict[str, dict[str, Any]] = {
    "matches of 300 teams, 1 to 4 recordings each": {"rosters": 300},
    "all of one team, three goals each": {"rosters": 1, "goals": 3, "lacking": 0.0},
    "the same match, nothing but bots": {"rosters": 1, "is_one_scene": True},
    "the same match, ten thousand recordings": {"rosters": 1, "is_one_match": True},
}


def main() -> None:
    """Write the tables of each case, then run the stage's work over them in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--run", type=Path, help="used by the script itself")
    arguments = parser.parse_args()
    if arguments.run:
        _run(arguments.run)
        return
    for name, settings in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), arguments.recordings, **settings)
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, __file__, "--run", folder], capture_output=True, text=True, check=True
            )
            print(f"{name}: {time.perf_counter() - start:.1f} s, {done.stdout.strip()}")


def _write(
    folder: Path, recordings: int, *, is_one_scene: bool = False, is_one_match: bool = False, **settings
) -> None:
    from tests.dedupe.worlds import make_world

    world = make_world(1, matches=recordings // 2, **settings)
    if is_one_scene or is_one_match:
        world = make_world(1, matches=1, rosters=1, recordings=recordings, fewest=recordings, goals=3, lacking=0.0)
    if is_one_scene:
        for player in world.players:
            player.update(platform="splitscreen", player_id="1", is_bot=True)
    world = world.only(list(world.match_of)[:recordings])
    world.write(folder)


def _run(folder: Path) -> None:
    from tests.jobs import job

    from impulse.config.dedupe import DedupeParams
    from impulse.dedupe.stage import run

    counts = run(job(DedupeParams(), folder))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{seconds:.1f} s of it on a core, {peak:.0f} MB; {counts.replays_in} in, {counts.replays_out} out")


if __name__ == "__main__":
    main()
