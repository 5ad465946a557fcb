"""Benchmarks of synthetic replays, of fetch and of parse."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
from tests.benchmarks.measuring import ENGINE, Cost, measured, run_stage
from tests.demo.variants import clones
from tests.paths import REPLAYS
from tests.s3.server import S3Server

from impulse.config.fetch import FetchParams, SourceKind, StorageKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Kind, MatchPlan, Recording, RecordingPlan, corpus, generate, write_replay
from impulse.schema.features import FEATURE_PRESETS
from impulse.schema.sampling import Decoder

CATEGORIES = ("match", "clip", "other-mode", "odd-rate")
"""Real replays that need no recovery."""


def synthetic(folder: Path, *, matches: int = 8) -> None:
    """Synthetic matches a second on one core, without writing to disk.

    Four five-minute 3v3 matches a second are the least to expect.
    """
    for name, team_size, seconds, dropped in (
        ("3v3, 5 minutes", 3, 300, 0.5),
        ("3v3, 5 minutes, every update", 3, 300, 0.0),
        ("2v2, 5 minutes", 2, 300, 0.5),
        ("3v3, 75 seconds", 3, 75, 0.5),
    ):
        start = time.process_time()
        for seed in range(matches):
            plan = MatchPlan(seed=seed, team_size=team_size, duration_seconds=seconds)
            recording = Recording(generate(plan), RecordingPlan(dropped_updates=dropped))
        each = (time.process_time() - start) / matches
        print(f"{name:32} {1 / each:6.1f} a second  {1000 * each:6.0f} ms  {len(recording.data) / 1e6:.2f} MB")
    start = time.process_time()
    count = sum(1 for _ in clones(recording.data, count=200))
    print(f"{'clone':32} {count / (time.process_time() - start):6.0f} a second")


def overhead(folder: Path, *, times: int = 6, repeat: int = 3) -> dict[float, float]:
    """The parse stage against the parser alone, as ratios of whole processes.

    Both sides decode the same replays with the same features and decoders in two worker processes; the stage also verifies,
    looks at first frames, standardises, measures, compresses and writes them. Without real replays the synthetic corpus is taken.
    """
    paths = [path for category in CATEGORIES for path in sorted((REPLAYS / category).glob("*.replay"))]
    files = [path.read_bytes() for path in paths] or [
        item.data
        for item in corpus(matches=24, duration_seconds=300.0)
        if item.kind not in (Kind.JOINER, Kind.CORRUPT, Kind.COPY)
    ]
    _fetch(folder, [clone for data in files for clone in clones(data, count=times)])
    count = len(list((folder / "source").iterdir()))
    print(f"{count} replays, {ENGINE.workers} workers")
    medians = {}
    for fps in (10.0, 30.0):
        ratios = []
        for number in range(repeat):
            params = ParsingConfig.get_preset("standard", fps=fps).params()
            stage = run_stage("parsing", params, folder, state=folder / f"state-{fps}-{number}")
            assert stage.result.replays_out == count, stage.result
            alone = bare(_decoders(folder), fps)
            ratios.append(stage.wall / alone.wall)
            print(
                f"{fps:g} fps: bare {alone}; stage {stage}; ratio CPU {stage.cpu / alone.cpu:.2f} wall {ratios[-1]:.2f}"
            )
        medians[fps] = median(ratios)
    return medians


def _decoders(folder: Path) -> dict[Path, Decoder]:
    """Return what decoded each file of a source, by the tables of fetch and parse."""
    paths = pq.read_table(folder / "raw" / "manifest.parquet", columns=["replay_id", "source_path"]).to_pylist()
    by_id = {row["replay_id"]: folder / "source" / row["source_path"] for row in paths}
    rows = pq.read_table(folder / "parsed" / "replays.parquet", columns=["replay_id", "decoder"]).to_pylist()
    return {by_id[row["replay_id"]]: Decoder(row["decoder"]) for row in rows}


def one_more(folder: Path, *, replays: int = 5000) -> None:
    """One replay more when thousands are parsed: the work of the stage without DVC's."""
    original = write_replay(folder / "original", seed=1, team_size=1, duration_seconds=5.0).data
    files = list(clones(original, count=replays + 1))
    params = ParsingConfig.get_preset("standard").params()
    for what, count in (("all", replays), ("none", replays), ("one", replays + 1)):
        _fetch(folder, files[:count])
        cost = run_stage("parsing", params, folder)
        assert cost.result.replays_out == count, cost.result
        print(f"{count} replays, {what} of them new: {cost}")


def bucket(folder: Path, *, replays: int = 40, objects: int = 500, rounds: int = 3) -> None:
    """Parsing from a bucket against a folder, and a second fetch of a bucket, on a local SeaweedFS.

    Runs alternate, so that a busy machine disturbs both sides alike.
    """
    with S3Server(folder) as server:
        os.environ |= {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
        }
        original = write_replay(folder / "original", seed=1, team_size=3, duration_seconds=300.0).data
        for kind in StorageKind:
            _fetch(folder / kind.value, list(clones(original, count=replays)), kind)
        params, best = ParsingConfig.get_preset("standard").params(), dict.fromkeys(StorageKind, float("inf"))
        for number in range(rounds):
            for kind in StorageKind:
                state = folder / f"state-{kind.value}-{number}"
                cost = run_stage("parsing", params, folder / kind.value, state=state)
                assert cost.result.replays_out == replays, cost.result
                best[kind] = min(best[kind], cost.wall)
        local, remote = best[StorageKind.local], best[StorageKind.s3]
        print(f"replays of {len(original) / 1e6:.1f} MB")
        print(f"parse {replays} replays: folder {local:.1f} s, bucket {remote:.1f} s, ratio {remote / local:.2f}")
        small = write_replay(folder / "small", seed=2, team_size=1, duration_seconds=10.0).data
        client = server.client()
        for number, content in enumerate(clones(small, count=objects)):
            client.put_object(Bucket="ready", Key=f"up/{number:05d}.replay", Body=content)
        client.close()
        for what in ("first", "second"):
            cost = run_stage("collection", FetchParams(source=SourceKind.s3, source_url="s3://ready/up"), folder)
            assert cost.result.replays_out == objects, cost.result
            print(f"{what} fetch of {objects} objects: {cost}; {cost.result.timing['written_now']} written")


def _fetch(folder: Path, files: list[bytes], kind: StorageKind = StorageKind.local) -> None:
    """Put replays where fetch would have put them; they also stand in ``source``, by number."""
    (folder / "source").mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(files):
        path = folder / "source" / f"{number:05d}.replay"
        if not path.exists():
            path.write_bytes(data)
    settings = FetchParams(
        source=SourceKind.local, path=str(folder / "source"), storage=kind, storage_url="s3://ready/raw"
    )
    run_stage("collection", settings, folder)


def bare(decoders: Mapping[Path, Decoder], fps: float = 10.0) -> Cost:
    """Decode files in a plain process pool, each by the call of the parser that its decoder needs, and do nothing else."""
    return measured(_decode_all, [(path, decoder, fps) for path, decoder in decoders.items()])


def _decode_all(tasks: Sequence[tuple[Path, Decoder, float]]) -> None:
    with ProcessPoolExecutor(ENGINE.workers, mp_context=get_context("spawn")) as pool:
        sum(pool.map(_decode, tasks))


def _decode(task: tuple[Path, Decoder, float]) -> int:
    import subtr_actor

    path, decoder, fps = task
    if decoder is Decoder.exact:
        return len(subtr_actor.parse_replay(path.read_bytes()))
    preset = FEATURE_PRESETS["standard"]
    _, array = subtr_actor.get_ndarray_with_info_from_replay_filepath(
        path, list(preset.global_features), list(preset.player_features), fps=fps, dtype="float32"
    )
    return len(array)
