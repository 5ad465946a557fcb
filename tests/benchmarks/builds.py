"""The table of docs/performance.md: whole builds as their user runs them, against the parser, pyarrow and DVC alone."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
from tests.benchmarks.cluster import cluster
from tests.benchmarks.measuring import Cost, measured, run_stage
from tests.benchmarks.parsing import bare, overhead
from tests.benchmarks.performance import Row, append
from tests.checkout import Checkout, committed_copy
from tests.demo.variants import clone
from tests.paths import REPLAYS

from impulse.config.export import ExportParams
from impulse.demo import corpus, write_replay
from impulse.schema.sampling import Decoder

OUTPUTS = ("data/raw", "data/parsed", "data/validated", "data/deduped", "data/export")


@dataclass(frozen=True)
class Used:
    """What a command used, with all its children."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of processor time."""


def table(
    folder: Path,
    *,
    matches: int = 400,
    short: int = 10_000,
    clones: int = 0,
    workers: int = 2,
    rounds: int = 3,
    note: int = 0,
) -> None:
    """The table of docs/performance.md, at the end of which `note=1` adds it: minutes for whole builds of many matches.

    With `clones=100000` it also builds of as many clones of a short match, for an hour more.
    """
    parts: Sequence[Callable[[], list[Row]]] = (
        lambda: whole_build(folder / "whole", replays=matches),
        lambda: many_short(folder / "short", replays=short),
        lambda: demo(folder / "demo", rounds=rounds),
        lambda: parse_alone(folder, workers=workers, rounds=rounds),
        lambda: header_clones(folder / "clones", replays=clones) if clones else [],
    )
    rows = []
    for part in parts:
        for row in part():
            print(row, flush=True)
            rows.append(row)
    if note:
        append(rows)


def whole_build(folder: Path, *, replays: int) -> list[Row]:
    """Build a dataset of whole matches: against the bare parser, on the disk, and with nothing to do."""
    kinds, what = _exported(folder / "try")
    source = folder / "source"
    decoders = _fill(source, kinds, replays)
    checkout = committed_copy(folder / "build" / "impulse", source)
    before = bare(decoders)
    build = used(checkout, "python", "-m", "impulse", "repro")
    after = bare(decoders)
    alone = Used((before.wall + after.wall) / 2, (before.cpu + after.cpu) / 2)
    exported = pq.read_metadata(checkout.path / "data/export/replays.parquet").num_rows
    name = f"whole build / bare parser calls, {replays} {what}, {exported} exported"
    size = sum(path.stat().st_size for path in source.iterdir())
    copies = int(checkout.run("du", "-sc", "-B1", "data", ".state", ".dvc/cache").stdout.split()[-2])  # an inode once
    rows = [
        Row(f"{name}: wall (build {build.wall:.1f} s)", build.wall / alone.wall, 1.25),
        Row(f"{name}: CPU (build {build.cpu:.1f} s)", build.cpu / alone.cpu, 1.25),
        Row(f"all copies on disk / replays, {replays} {what}", copies / size, 2.5),
    ]
    return [*rows, *no_op(folder / "floor", checkout, f"{replays} {what}")]


def no_op(folder: Path, checkout: Checkout, what: str, rounds: int = 5) -> list[Row]:
    """`dvc repro` with nothing to do, against DVC with the same files and stages that run nothing; CPU, medians."""
    floor = _floor(folder, checkout)
    for each in (checkout, floor):
        used(each, "dvc", "repro")  # what DVC notes of files that it has not hashed here yet
    pairs = [(used(checkout, "dvc", "repro").cpu, used(floor, "dvc", "repro").cpu) for _ in range(rounds)]
    ours = median(pair[0] for pair in pairs)
    return [Row(f"no-op of dvc repro / DVC alone, {what} (CPU {ours:.2f} s)", median(a / b for a, b in pairs), 1.3)]


def many_short(folder: Path, *, replays: int) -> list[Row]:
    """Many short matches: export's time and memory, against pyarrow; one match more; nothing to do."""
    checkout, original = _of_clones(folder, replays, team_size=2, seconds=15.0)
    used(checkout, "python", "-m", "impulse", "repro")
    used(checkout, "python", "-m", "impulse", "update")  # what the first build leaves to the second
    (folder / "source" / "one_more.replay").write_bytes(clone(original, replays))
    more = used(checkout, "python", "-m", "impulse", "update")
    assert pq.read_metadata(checkout.path / "data/export/replays.parquet").num_rows == replays + 1
    export = run_stage(
        "export", ExportParams(), checkout.path / "data", output=folder / "again", state=folder / "state"
    )
    arrow = measured(_rewritten, checkout.path / "data/export/frames", folder / "plain")
    what = f"{replays:,} matches of 15 s"
    rows = [
        Row(f"one match added to {what}: CPU of the whole update", more.cpu, 8, "s"),
        Row(f"export of {what}: wall", export.wall, 30, "s"),
        Row(f"export of {what}: memory", export.peak_mb, 500, "MB"),
        Row(f"export of {what} / the same tables written by pyarrow, CPU", export.cpu / arrow.cpu, None),
    ]
    return [*rows, *no_op(folder / "floor", checkout, what)]


def header_clones(folder: Path, *, replays: int) -> list[Row]:
    """A hundred thousand recordings of one short match: memory of each stage, and nothing to do."""
    checkout, _ = _of_clones(folder, replays, team_size=1, seconds=5.0)
    what, rows = f"{replays:,} header clones", []
    for stage in ("fetch", "parse", "validate", "dedupe", "export"):
        cost = _watched(checkout, stage)
        rows.append(
            Row(f"{what}, {stage}: memory (wall {cost.wall:.0f} s, CPU {cost.cpu:.0f} s)", cost.peak_mb, 1500, "MB")
        )
    rows.append(
        Row(f"{what}, DVC's part of the first build", used(checkout, "dvc", "commit", "--force").cpu, None, "s")
    )
    return [*rows, *no_op(folder / "floor", checkout, what, rounds=3)]


def parse_alone(folder: Path, *, workers: int, rounds: int) -> list[Row]:
    """The parse stage against the parser, and Dask without a common folder against local workers."""
    ratios = overhead(folder / "parse", repeat=rounds)
    far = cluster(folder / "cluster", workers=workers, rounds=rounds)
    return [
        *(Row(f"parse stage / bare array call at {fps:g} fps: wall", ratio, 1.12) for fps, ratio in ratios.items()),
        Row(f"Dask, {workers} workers without a common folder / as many local ones: wall", far, 1.3),
    ]


def demo(folder: Path, *, rounds: int = 3) -> list[Row]:
    """The first command of the README in a new clone, when everything is installed."""
    walls = []
    for number in range(rounds):
        checkout = committed_copy(folder / str(number) / "impulse", folder)
        checkout.replace("conf/config.yaml", "source: local", "source: demo")
        walls.append(used(checkout, "python", "-m", "impulse", "repro").wall)
    return [Row("build of the demo, when installed: wall", min(walls), 7, "s")]


def used(checkout: Checkout, *command: str) -> Used:
    """Run a command, which must succeed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    _call(checkout, *command, PYTHONPATH="stages")
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Used(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _of_clones(folder: Path, replays: int, *, team_size: int, seconds: float) -> tuple[Checkout, bytes]:
    """Return a checkout that builds from so many clones of a synthetic match in ``folder/source``, and the match."""
    source = folder / "source"
    source.mkdir(parents=True)
    original = write_replay(folder / "original.replay", seed=5, team_size=team_size, duration_seconds=seconds).data
    for number in range(replays):
        (source / f"{number:06d}.replay").write_bytes(clone(original, number))
    return committed_copy(folder / "build" / "impulse", source), original


def _watched(checkout: Checkout, stage: str) -> Cost:
    """Run a stage's script as DVC does."""
    return measured(_run_script, checkout, stage)


def _run_script(checkout: Checkout, stage: str) -> None:
    _call(checkout, "python", f"stages/{stage}.py", DVC_STAGE=stage, DVC_ROOT=str(checkout.path))


def _call(checkout: Checkout, *command: str, **environment: str) -> None:
    """Run a command, which must succeed and may take hours."""
    env = checkout.environment(**environment)
    subprocess.run(command, cwd=checkout.path, env=env, check=True, stdout=subprocess.DEVNULL)


def _exported(folder: Path) -> tuple[list[tuple[bytes, Decoder]], str]:
    """Return recordings of whole matches of which clones are exported, each with its decoder, and what they are."""
    real = sorted((REPLAYS / "match").glob("*.replay"))
    files = [path.read_bytes() for path in real] or [
        item.data for item in corpus(matches=8, seed=3, duration_seconds=300.0)
    ]
    source = folder / "source"
    source.mkdir(parents=True)
    for number, data in enumerate(files):
        for twin in range(2):
            (source / f"{number}-{twin}.replay").write_bytes(clone(data, twin))
    checkout = committed_copy(folder / "build" / "impulse", source)
    used(checkout, "python", "-m", "impulse", "repro")
    paths = pq.read_table(checkout.path / "data/raw/manifest.parquet", columns=["replay_id", "source_path"])
    rows = pq.read_table(checkout.path / "data/export/replays.parquet", columns=["replay_id", "decoder"])
    by_id = dict(zip(*paths.to_pydict().values(), strict=True))
    decoders = {by_id[row["replay_id"]]: Decoder(row["decoder"]) for row in rows.to_pylist()}
    kept = [number for number in range(len(files)) if {f"{number}-0.replay", f"{number}-1.replay"} <= decoders.keys()]
    what = f"real matches of {len(kept)}" if real else "synthetic matches"
    return [(files[number], decoders[f"{number}-0.replay"]) for number in kept], what


def _fill(folder: Path, kinds: Sequence[tuple[bytes, Decoder]], count: int) -> dict[Path, Decoder]:
    """Write clones; return the decoder of each."""
    folder.mkdir(parents=True)
    decoders = {}
    for number, (data, decoder) in enumerate(islice(cycle(kinds), count)):
        path = folder / f"{number:06d}.replay"
        path.write_bytes(clone(data, number))
        decoders[path] = decoder
    return decoders


def _rewritten(frames: Path, out: Path) -> None:
    """Read exported shards and write them again, by pyarrow alone and in its own default form."""
    out.mkdir()
    for path in sorted(frames.rglob("*.parquet")):
        pq.write_table(pq.read_table(path), out / path.name, compression="zstd")


def _floor(folder: Path, checkout: Checkout) -> Checkout:
    """Make a project of DVC's alone: the outputs of the checkout, made by stages that do nothing."""
    floor = Checkout(folder / "alone", {**checkout.env, "DVC_SITE_CACHE_DIR": str(folder / "dvc-state")})
    floor.path.mkdir(parents=True)
    floor.run("git", "init", "-q")
    floor.run("dvc", "init", "-q")
    floor.run("dvc", "config", "core.analytics", "false")
    floor.run("dvc", "config", "cache.type", "hardlink,copy")
    floor.run("cp", "-al", str(checkout.path / "data"), str(floor.path))
    stages = {
        out.replace("/", "-"): {"cmd": "true", "outs": [out], **({"deps": [before]} if before else {})}
        for before, out in zip((None, *OUTPUTS), OUTPUTS, strict=False)
    }
    (floor.path / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    floor.run("dvc", "commit", "--force", "--quiet")
    return floor
