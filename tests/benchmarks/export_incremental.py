"""What an export costs when 10 replays are added to 1,000: files that change, parts written, time and memory.

    python tests/benchmarks/export_incremental.py [--replays 1000] [--added 10] [--seconds 300]

The replays are a few synthetic matches of the given length, parsed once and repeated under other ids, each a match of
its own: export reads, checks and writes them like any other. Each run is a process of its own, so that its memory is
its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]


def export(data: Path, target: Path, store: Path, shards: int) -> None:
    """Run one export and print what it cost."""
    from impulse.config.engine import EngineParams
    from impulse.config.export import ExportParams
    from impulse.export.stage import export_dataset
    from impulse.export.store import ExportStore

    start, cpu = time.perf_counter(), time.process_time()
    summary = export_dataset(
        parsed=data / "parsed",
        deduped=data / "deduped",
        target=target,
        params=ExportParams(shards=shards),
        engine=EngineParams(workers=2),
        store=ExportStore(store),
    )
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - start, 2),
                "cpu": round(time.process_time() - cpu, 2),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "written": summary.pieces_written,
                "parts": summary.pieces,
                "gb": round(summary.bytes_out / 1e9, 3),
            }
        )
    )


def measured(*arguments: object) -> dict[str, float]:
    """Return what one export in a process of its own printed."""
    command = [sys.executable, __file__, "--run", *map(str, arguments)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    content: dict[str, float] = json.loads(out.splitlines()[-1])
    return content


def changed(before: Path, after: Path) -> int:
    """Return how many files one dataset has that the other lacks or has with another hash."""
    lines = [set((folder / "checksums.sha256").read_text().splitlines()) for folder in (before, after)]
    return len({line.split("  ")[1] for line in lines[0] ^ lines[1]}) + 1  # and the list itself


def main() -> None:
    """Export, add, export again; then the same with nothing added, and with more shards."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replays", type=int, default=1000)
    parser.add_argument("--added", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--run", nargs=4)
    arguments = parser.parse_args()
    if arguments.run:
        data, target, store, shards = arguments.run
        export(Path(data), Path(target), Path(store), int(shards))
        return
    from tests.export.replicas import replicate
    from tests.exported import prepared_data

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = prepared_data(folder / "source", matches=12, seed=3, seconds=arguments.seconds)
        few = replicate(source, folder / "few", arguments.replays)
        more = replicate(source, folder / "more", arguments.replays + arguments.added)
        for shards in (8, 64):
            store = folder / f"store{shards}"
            runs = {
                f"{arguments.replays} replays, empty store": (few, "one"),
                "the same again": (few, "again"),
                f"{arguments.added} replays added": (more, "two"),
            }
            for what, (data, target) in runs.items():
                print(f"shards {shards}, {what}: {measured(data, folder / f'{target}{shards}', store, shards)}")
            print(f"shards {shards}: {changed(folder / f'one{shards}', folder / f'two{shards}')} files changed")


if __name__ == "__main__":
    main()
