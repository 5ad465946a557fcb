"""What a bucket costs: parsing from it against a folder, and a second fetch of a source in a bucket, on a local SeaweedFS.

python tests/benchmarks/bucket_reads.py [--replays 40] [--objects 500]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "stages")]


def main() -> None:
    """Print a ratio and two times; runs alternate, so that a busy machine disturbs both sides alike."""
    from tests.demo.variants import clones
    from tests.s3.server import S3Server

    from impulse.demo import write_replay

    parser = argparse.ArgumentParser()
    parser.add_argument("--replays", type=int, default=40)
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, S3Server(Path(name)) as server:
        os.environ["AWS_ENDPOINT_URL"] = server.url
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = server.access_key, server.secret_key
        (folder := Path(name) / "bench").mkdir()
        original = write_replay(folder / "original.replay", seed=1, team_size=3, duration_seconds=300.0).data
        print(f"replays of {len(original) / 1e6:.1f} MB")
        _parse(folder, list(clones(original, count=arguments.replays)), rounds=arguments.rounds)
        small = write_replay(folder / "small.replay", seed=2, team_size=1, duration_seconds=10.0).data
        client = server.client()
        for number, content in enumerate(clones(small, count=arguments.objects)):
            client.put_object(Bucket="ready", Key=f"up/{number:05d}.replay", Body=content)
        client.close()
        _fetch(folder, arguments.objects)


def _parse(folder: Path, files: list[bytes], *, rounds: int) -> None:
    import pyarrow.parquet as pq

    from impulse.collection.intake import Candidate, take_in
    from impulse.collection.raw_storage import raw_storage
    from impulse.config.engine import EngineParams
    from impulse.config.fetch import (
        FetchParams,
        SourceKind,
        StorageKind,
    )
    from impulse.config.parsing_config import ParsingConfig
    from impulse.parsing.stage import parse_batch
    from impulse.parsing.store import ParseStore

    best: dict[StorageKind, float] = {}
    for kind in StorageKind:
        with raw_storage(
            FetchParams(storage=kind, storage_url="s3://ready/raw"), folder=folder / kind.value
        ) as storage:
            take_in(
                (Candidate(f"{at}", content) for at, content in enumerate(files)),
                source=SourceKind.demo,
                storage=storage,
            )
    for number in range(rounds):
        for kind in StorageKind:
            manifest = pq.read_table(folder / kind.value / "manifest.parquet")
            start = time.perf_counter()
            summary = parse_batch(
                manifest,
                raw=folder / kind.value,
                target=folder / "parsed",
                params=ParsingConfig.get_preset("standard").params(),
                engine=EngineParams(workers=2),
                store=ParseStore(folder / f"store-{kind.value}-{number}"),
            )
            seconds = time.perf_counter() - start
            assert summary.replays_out == summary.parsed_now == len(files)
            best[kind] = min(best.get(kind, seconds), seconds)
    local, bucket = best[StorageKind.local], best[StorageKind.s3]
    print(f"parse {len(files)} replays: folder {local:.1f} s, bucket {bucket:.1f} s, ratio {bucket / local:.2f}")


def _fetch(folder: Path, objects: int) -> None:
    from impulse.collection.intake import take_in
    from impulse.collection.raw_storage import raw_storage
    from impulse.collection.sources import candidates
    from impulse.config.fetch import FetchParams, SourceKind

    params = FetchParams(source=SourceKind.s3, source_url="s3://ready/up")
    for what in ("first", "second"):
        start = time.perf_counter()
        with raw_storage(params, folder=folder / "source") as storage:
            _, found = candidates(params, root=folder, state=folder / "state", storage=storage)
            summary = take_in(found, source=params.source, storage=storage, threads=params.threads)
        assert summary.replays_out == objects
        print(f"{what} fetch of {objects} objects: {time.perf_counter() - start:.1f} s, {summary.written_now} written")


if __name__ == "__main__":
    main()
