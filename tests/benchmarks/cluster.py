"""Benchmark of Dask workers that share no folder with the stage, against local workers."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from distributed import Client
from tests.benchmarks.measuring import measured
from tests.demo.variants import clones
from tests.run.sandboxes import Sandboxes

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.engine import EngineKind, EngineParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import write_replay
from impulse.parsing.stage import run
from impulse.run.job import Job


def cluster(folder: Path, *, replays: int = 60, seconds: int = 300, workers: int = 2, rounds: int = 3) -> float:
    """Parsing on Dask workers without a common folder against as many local ones.

    Runs alternate. The cluster is there before; its workers have not imported impulse at the first round.
    """
    folder.mkdir(exist_ok=True)
    original = write_replay(folder / "original", seed=1, team_size=3, duration_seconds=seconds).data
    files = (Candidate(f"{number}.replay", data) for number, data in enumerate(clones(original, count=replays)))
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(folder / "raw"))
    print(f"{replays} replays of {len(original) / 1e6:.1f} MB, {workers} workers")
    ratios = []
    with Sandboxes(folder, workers=workers) as sandboxes, Client(sandboxes.address, set_as_default=False) as client:
        client.wait_for_workers(workers)
        for number in range(rounds):
            far = EngineParams(kind=EngineKind.dask, address=sandboxes.address)
            here = measured(_parse, folder, folder / f"here-{number}", EngineParams(workers=workers))
            before = _worker_cpu(client)
            there = measured(_parse, folder, folder / f"there-{number}", far)
            cpu = there.cpu + _worker_cpu(client) - before
            ratios.append(there.wall / here.wall)
            print(
                f"local {here}; Dask {there.wall:.1f} s, {cpu:.1f} s of CPU, ratio wall {ratios[-1]:.2f} CPU {cpu / here.cpu:.2f}"
            )
    print(f"ratio of wall times, median: {median(ratios):.2f}")
    return median(ratios)


def _worker_cpu(client: Client) -> float:
    """Return the processor time of all workers with their processes so far, s."""
    return float(sum(client.run(_cpu).values()))


def _cpu() -> float:
    import psutil

    own = psutil.Process()
    ended = own.cpu_times()
    running = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    used = ended.children_user + ended.children_system + sum(each.user + each.system for each in running)
    return float(used)


def _parse(folder: Path, output: Path, engine: EngineParams) -> None:
    params = ParsingConfig.get_preset("standard").params()
    counts = run(Job(params, engine, folder, folder, output, output / ".state"))
    assert counts.replays_out == counts.replays_in, counts
