"""Measure how fast synthetic replays are written: matches a second on one core, without writing to disk.

Run ``PYTHONPATH=stages python tests/benchmarks/write_replays.py [matches]``; four five-minute 3v3 matches a second are
the least to expect.
"""

from __future__ import annotations

import sys
import time

from tests.demo.variants import clones

from impulse.demo import MatchPlan, Recording, RecordingPlan, generate

CASES = (
    ("3v3, 5 minutes", MatchPlan(team_size=3, duration_seconds=300), RecordingPlan()),
    (
        "3v3, 5 minutes, every update",
        MatchPlan(team_size=3, duration_seconds=300),
        RecordingPlan(dropped_updates=0),
    ),
    ("2v2, 5 minutes", MatchPlan(team_size=2, duration_seconds=300), RecordingPlan()),
    ("3v3, 75 seconds", MatchPlan(team_size=3, duration_seconds=75), RecordingPlan()),
)


def main(matches: int) -> None:
    """Print the rate of each case, by processor time."""
    for name, plan, how in CASES:
        start = time.process_time()
        for seed in range(matches):
            recording = Recording(generate(MatchPlan(seed, plan.team_size, plan.duration_seconds)), how)
        seconds = (time.process_time() - start) / matches
        size = len(recording.data) / 1e6
        print(f"{name:32} {1 / seconds:6.1f} a second  {1000 * seconds:6.0f} ms  {size:.2f} MB")
    start = time.process_time()
    count = sum(1 for _ in clones(recording.data, count=200))
    print(f"{'clone':32} {count / (time.process_time() - start):6.0f} a second")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
