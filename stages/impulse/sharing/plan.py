"""What a build has to do: what fetch would download, and what parse will cost for what is there and what is asked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impulse.collection import stage as fetch_stage
from impulse.collection.durations import duration
from impulse.collection.source import SourcePlan
from impulse.config.composition import checked
from impulse.config.engine import EngineParams
from impulse.config.fetch import FetchParams
from impulse.config.parse import ParseParams
from impulse.files.output import only_writer
from impulse.files.store import Store
from impulse.files.yaml_text import load_yaml
from impulse.parsing.capacity import fitted, warn_of_low_limit
from impulse.parsing.costs import (
    COSTS,
    DISK_FACTOR,
    MB,
    RATES,
    Cost,
    Needed,
    Rate,
    cost_name,
    counted,
    read_rates,
    rows_share,
)
from impulse.parsing.keys import ProductKeys, parsed_with
from impulse.parsing.making import needed_of
from impulse.parsing.on_request import asked_for
from impulse.parsing.raw_replays import RawReplays
from impulse.parsing.work import ParseTask
from impulse.run.job import Job
from impulse.run.program import log_to_stdout
from impulse.tables.io import read_table
from impulse.tables.paths import MANIFEST, PARAMS_FILE, REJECTS

SECONDS_SHOWN = 100
"""Longer times are given in minutes."""


def plan(root: Path) -> Iterator[str]:
    """Yield the lines of a plan; nothing is downloaded or parsed, and no data is written.

    Args:
        root: folder of the checkout, whose params.yaml is up to date.

    Raises:
        ConfigError: a setting is wrong or missing.
        SourceError: the source does not exist, or nothing in it is a replay.
        StageError: a bucket cannot be used.
    """
    settings = load_yaml((root / PARAMS_FILE).read_text(encoding="utf-8"))
    fetch = replace(checked(FetchParams, settings["fetch"], key="fetch"), dry_run=True)
    engine = checked(EngineParams, settings["engine"], key="engine")
    data, state = root / "data", root / ".state"
    log_to_stdout("fetch")
    with only_writer(data / "fetch"):
        source = fetch_stage.plan(Job(fetch, engine, root, data, data, state))
    yield f"fetch: {source.text}"
    log_to_stdout("parse")
    params = parsed_with(checked(ParseParams, settings["parse"], key="parse"))
    work = Work.of(source, fetch.source.value, params, engine, raw=data / "raw", state=state)
    for line in work.lines(engine, params, rates=read_rates(state / RATES).get(fetch.source.value, {}), disk=state):
        yield f"parse: {line}"


@dataclass(frozen=True, slots=True)
class Work:
    """What parse has to make."""

    names: Sequence[str]
    """Products that the settings ask for."""
    here: Sequence[Needed]
    """Of each replay that fetch has listed."""
    to_come: Sequence[Needed]
    """Of each that it has not."""
    assumed: int
    """How many of those have a size that was assumed."""
    assumed_bytes: int
    """That size."""

    @classmethod
    def of(
        cls, source: SourcePlan, kind: str, params: ParseParams, engine: EngineParams, *, raw: Path, state: Path
    ) -> Work:
        """Look for each replay and product into the store, as parse does.

        Args:
            source: the files that there will be.
            kind: kind of the source, as in the manifest.
            params: settings of parse, with all features that parsing has.
            engine: settings of the engine.
            raw: folder with the manifest, if there is one.
            state: folder of local state with the store.
        """
        products = ("frames", *(product.setting for product in asked_for(params)))
        names = [cost_name(name, params) for name in products]
        here: list[Needed] = []
        known: set[str] = set()
        sizes: list[int] = []
        if (raw / MANIFEST).is_file():
            manifest = read_table(raw / MANIFEST, made_by="fetch")
            replays, keys = RawReplays.of(manifest, folder=raw), ProductKeys.of(params, engine)
            store = Store(state / "parsed")
            rows = [row for row in manifest.to_pylist() if row["source"] == kind and _is_same(row, source.sizes)]
            here = [needed_of(ParseTask(replays, row, params, store, keys).looked_up()) for row in rows]
            sizes = [row["bytes"] for row in rows]
            rejected = read_table(raw / REJECTS, made_by="fetch")["source_path"].to_pylist()
            known = {*(row["source_path"] for row in rows), *rejected}
        others = [size for name, size in source.sizes.items() if name not in known]
        mean = round(sum(sizes) / len(sizes)) if sizes else source.typical_bytes
        to_come = [Needed(names, mean if size is None else size) for size in others]
        return cls(names, here, to_come, others.count(None), mean)

    def lines(
        self, engine: EngineParams, params: ParseParams, *, rates: Mapping[str, Rate], disk: Path
    ) -> Iterator[str]:
        """Yield what it will cost.

        Args:
            engine: settings of the engine.
            params: settings of parse.
            rates: of earlier runs over this source, by product.
            disk: folder on the disk that results go to.
        """
        needed = [each for each in (*self.here, *self.to_come) if each.products]
        count = len(self.here) + len(self.to_come)
        yield f"{counted(count)}, {len(self.here)} of them here; made or refused before: {self._kept(count)}"
        if not needed:
            yield "nothing to make"
            return
        if self.assumed:
            yield (
                f"the source does not tell the size of {self.assumed} of them, which is taken as {self.assumed_bytes / MB:.2f} MB; "
                "some may be no good replays"
            )
        seconds = kilobytes = 0.0
        for name in self.names:
            cost = rates[name].applied_to(COSTS[name]) if name in rates else COSTS[name]
            lacking = [each.size for each in needed if name in each.products]
            if lacking:
                spent, kept = _sums(cost, lacking, rows=rows_share(params))
                seconds, kilobytes = seconds + spent, kilobytes + kept
                by = "rates of earlier runs here" if cost is not COSTS[name] else "rates measured elsewhere"
                yield (
                    f"{name.replace('_', ' ')} of {counted(len(lacking))} ({sum(lacking) / MB:.1f} MB): about {_time(spent)} of CPU "
                    f"time, {_size(kept)} ({by})"
                )
        warn_of_low_limit(engine, needed)
        free = shutil.disk_usage(next(place for place in (disk, *disk.parents) if place.is_dir())).free
        yield (
            f"an estimate, in all: {_time(seconds)} of CPU time, {self._wall(fitted(engine, needed), needed, seconds)}; "
            f"{_size(kilobytes)} of disk in the store, {_size(DISK_FACTOR * kilobytes)} with data/ and DVC's cache "
            f"({_size(free / 1e3)} are free)"
        )

    def _kept(self, count: int) -> str:
        lacking = [name for each in (*self.here, *self.to_come) for name in each.products]
        return ", ".join(f"{name.replace('_', ' ')} of {count - lacking.count(name)}" for name in self.names)

    @staticmethod
    def _wall(engine: EngineParams, needed: Sequence[Needed], seconds: float) -> str:
        if engine.address is not None:
            return "spread over the workers of the Dask cluster"
        workers = min(engine.workers or os.cpu_count() or 1, len(needed))
        return f"{_time(seconds / workers)} with {workers} worker{'s' if workers > 1 else ''}"


def _is_same(row: Mapping[str, Any], sizes: Mapping[str, int | None]) -> bool:
    """Tell whether a replay of the manifest is one of the source, as far as names and sizes say so."""
    return row["source_path"] in sizes and sizes[row["source_path"]] in (None, row["bytes"])


def _sums(cost: Cost, sizes: Sequence[int], *, rows: float) -> tuple[float, float]:
    """Return CPU time in s and size in kB of a product of replay files of these sizes."""
    megabytes = sum(sizes) / MB
    return cost.seconds * megabytes, cost.kilobytes * megabytes * (rows if cost.has_rows else 1.0)


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < SECONDS_SHOWN else duration(seconds)


def _size(kilobytes: float) -> str:
    return f"{kilobytes / 1e3:.1f} MB" if kilobytes < 1e6 else f"{kilobytes / 1e6:.1f} GB"
