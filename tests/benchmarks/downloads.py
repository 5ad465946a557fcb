"""Benchmark of a download that has nothing to do: a large group, all of which is here already."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.benchmarks.measuring import measured
from tests.collection.conftest import FakeClock
from tests.demo.variants import clones

from impulse.collection import CollectionConfig, download_group
from impulse.collection.kept import KeptReplays
from impulse.config.engine import EngineParams
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo import write_replay
from impulse.demo.server import KEY, DemoServer
from impulse.run.job import Job

IN_A_GROUP = 100
ENDLESS = (1e9, None)


def nothing_to_do(folder: Path, *, replays: int = 20_000) -> None:
    """A second download and a second fetch of everything, as it is and with refresh: calls, files that are read, CPU and memory."""
    write_replay(folder / "original.replay", seed=5, team_size=1, duration_seconds=1.0)
    with DemoServer(record=False) as server:
        server.limits = dict.fromkeys(("list", "core", "file"), ENDLESS)
        server.add_group("top")
        for number, data in enumerate(clones((folder / "original.replay").read_bytes(), count=replays)):
            group = f"group-{number // IN_A_GROUP:04d}"
            if group not in server.groups:
                server.add_group(group, "top")
            server.add_replay(f"replay-{number:06d}", data, group)
        for name, work in (("download_group", _download), ("fetch stage", _fetch)):
            for what, refresh in (("first", False), ("again", False), ("again", False), ("refresh", True)):
                before, start = server.arrived, time.perf_counter()
                cost = measured(work, folder, server.url, refresh)
                kept, reads = cost.result
                print(
                    f"{name}, {what}: {kept} kept, {server.arrived - before} calls, {reads} files read, {cost} "
                    f"({time.perf_counter() - start:.0f} s)",
                    flush=True,
                )


def _download(folder: Path, url: str, refresh: bool) -> tuple[int, int]:
    config = CollectionConfig(ballchasing_api_key=KEY, base_url=url, database_path=folder / "ledger.sqlite")

    def work() -> Any:
        return download_group(
            "top", output_dir=folder / "replays", config=config, refresh=refresh, clock=FakeClock(time.time())
        ).successful

    return _with_reads(work)


def _fetch(folder: Path, url: str, refresh: bool) -> tuple[int, int]:
    from impulse.collection import stage
    from impulse.collection.ballchasing import open_ballchasing

    os.environ["BALLCHASING_API_KEY"] = KEY
    data = folder / "data"
    params = FetchParams(source=SourceKind.ballchasing, groups=["top"], base_url=url, refresh=refresh)
    job = Job(params, EngineParams(workers=2), data, data, data, data / ".state")

    def opened(*arguments: Any, **named: Any) -> Any:
        return open_ballchasing(*arguments, **{**named, "clock": FakeClock(time.time())})

    with patch("impulse.collection.ballchasing.open_ballchasing", opened):
        return _with_reads(lambda: stage.run(job).replays_out)  # type: ignore[union-attr]  # no dry run


def _with_reads(work: Any) -> tuple[int, int]:
    """Return what some work gives, and how many kept files it has read."""
    reads: list[str] = []
    read = KeptReplays.read

    def counted(kept: KeptReplays, name: str, limit: int | None = None) -> bytes:
        reads.append(name)
        return read(kept, name, limit)

    with patch.object(KeptReplays, "read", counted):
        return work(), len(reads)
