"""What the parse stage costs on top of the parser: whole processes, CPU and wall, as ratios of one run.

    python tests/benchmarks/parse_overhead.py [--repeat 3]

Both sides decode the same replays with the same features in two worker processes; the stage also verifies, standardises,
measures, compresses and writes them. Replays that need recovery are left out on both sides. Without real replays the
synthetic corpus is taken.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "stages"))

REPLAYS = Path(os.environ.get("IMPULSE_REPLAYS") or ROOT.parent / "shared" / "replays")
CATEGORIES = ("match", "clip", "other-mode", "odd-rate")
WORKERS = 2


def sources(folder: Path) -> list[Path]:
    """Return the replays to decode, real ones where there are any."""
    real = [path for category in CATEGORIES for path in sorted((REPLAYS / category).glob("*.replay"))]
    if real:
        return real
    from impulse.demo import Kind, corpus

    made = []
    for item in corpus(matches=24, duration_seconds=300.0):
        if item.kind not in (Kind.JOINER, Kind.CORRUPT, Kind.COPY):
            made.append(folder / item.name)
            made[-1].write_bytes(item.data)
    return made


def decode(job: tuple[Path, list[str], list[str], float]) -> int:
    """Call the parser and nothing else."""
    import subtr_actor

    path, global_features, player_features, fps = job
    _, array = subtr_actor.get_ndarray_with_info_from_replay_filepath(
        path, global_features, player_features, fps=fps, dtype="float32"
    )
    return len(array)


def bare(files: list[Path], fps: float) -> None:
    """Decode all files in a plain process pool."""
    from impulse.schema.features import FEATURE_PRESETS

    preset = FEATURE_PRESETS["standard"]
    jobs = [(path, list(preset.global_features), list(preset.player_features), fps) for path in files]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        sum(pool.map(decode, jobs))


def stage(files: list[Path], fps: float, folder: Path) -> None:
    """Run the parse stage's work on all files, with an empty store."""
    from impulse.config.engine import EngineParams
    from impulse.config.parsing_config import ParsingConfig
    from impulse.parsing.parsed_replay import describe
    from impulse.parsing.stage import parse_batch
    from impulse.parsing.store import ParseStore
    from impulse.replay.container import read_header
    from impulse.tables.io import table_of
    from impulse.tables.manifest import MANIFEST_COLUMNS

    rows = []
    described = {path: describe(data := path.read_bytes(), read_header(data), path) for path in set(files)}
    for number, path in enumerate(files):
        row = described[path]
        rows.append({**row, "replay_id": f"{number:04x}{row['replay_id'][4:]}", "path": str(path)})
    summary = parse_batch(
        table_of(rows, MANIFEST_COLUMNS),
        raw=Path("/"),
        target=folder / "parsed",
        params=ParsingConfig.get_preset("standard", fps=fps).params(),
        engine=EngineParams(workers=WORKERS),
        store=ParseStore(folder / "store"),
    )
    assert summary.replays_out == len(files), summary


def measured(command: list[str]) -> tuple[float, float]:
    """Return CPU and wall seconds of a command with all its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - start


def main() -> None:
    """Print one line for each fps and pair of runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--times", type=int, default=6, help="how often each replay is decoded in one run")
    parser.add_argument("--only", choices=("bare", "stage"))
    parser.add_argument("--fps", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = sources(folder) * arguments.times
        if arguments.only == "bare":
            bare(files, arguments.fps)
        elif arguments.only == "stage":
            stage(files, arguments.fps, folder)
        else:
            print(f"{len(files)} replays, {WORKERS} workers")
            for fps in (10.0, 30.0):
                for _ in range(arguments.repeat):
                    own = [sys.executable, __file__, "--times", str(arguments.times), "--fps", str(fps), "--only"]
                    (bare_cpu, bare_wall), (cpu, wall) = measured([*own, "bare"]), measured([*own, "stage"])
                    print(
                        f"{fps:g} fps: bare {bare_cpu:.1f} s CPU {bare_wall:.1f} s wall, stage {cpu:.1f} s CPU {wall:.1f} s wall, "
                        f"ratio CPU {cpu / bare_cpu:.2f} wall {wall / bare_wall:.2f}"
                    )
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(f"largest process: {peak:.0f} MB")


if __name__ == "__main__":
    main()
