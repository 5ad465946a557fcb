"""What a worker makes of one replay: the products that the store lacks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.parse import ParseParams
from impulse.decoding.parsed_file import ParsedFile
from impulse.errors import ReplayError, ReplayLost
from impulse.files.frames import read_frames
from impulse.files.records import Entry
from impulse.files.store import Store
from impulse.parsing.fitting import check_product
from impulse.parsing.keys import ProductKeys
from impulse.parsing.on_request import Product, asked_for, one_walk_for
from impulse.parsing.raw_replays import RawReplays
from impulse.products.frames.product import FRAMES, make_frames
from impulse.products.measures import HEADER_FACTS, measure
from impulse.replay.reasons import Reason
from impulse.run.worker import say_step
from impulse.schema.features import frame_layout

REJECTED = "rejected"
"""Fact of an entry that says why the replay gives no such product, so that it is not tried again."""


@dataclass(frozen=True, slots=True)
class Results:
    """Entries of the store for one replay; what is missing is None."""

    frames: Entry | None = None
    measures: Entry | None = None
    on_request: Mapping[str, Entry] = field(default_factory=dict)
    """By setting: what was asked for, or why there is none of this replay."""
    made: Mapping[str, float] = field(default_factory=dict)
    """CPU time, s, of each product that was made now, by name."""
    errors: Mapping[str, ReplayError] = field(default_factory=dict)
    """By setting: why this run could not make a product; it is not kept."""

    @property
    def entries(self) -> list[Entry]:
        """Those that are there."""
        return [entry for entry in (self.frames, self.measures, *self.on_request.values()) if entry is not None]

    @property
    def reject(self) -> ReplayError | None:
        """Why the replay cannot be used; None when it can. Products on request do not decide about that."""
        return _refusal(self.frames)

    def refused(self, setting: str) -> ReplayError | None:
        """Return why the replay has no such product although it was asked for; None when it has, or nobody asked."""
        return self.errors.get(setting) or _refusal(self.on_request.get(setting))


@dataclass(frozen=True, slots=True)
class ParseTask:
    """One replay, small enough to send to a worker."""

    raw: RawReplays
    manifest: Mapping[str, Any]
    params: ParseParams
    store: Store
    keys: ProductKeys
    known: Results = Results()
    """What the store has."""

    def looked_up(self) -> ParseTask:
        """Return the task with what the store has of the replay."""
        return self.with_frames(self._kept(self.keys.frames(self.manifest)))

    def with_frames(self, frames: Entry | None) -> ParseTask:
        """Return the task with frames, and with what the store has that follows from them."""
        if frames is None or REJECTED in frames.facts:
            return replace(self, known=Results(frames))
        measures = self.store.get(self.keys.measures(self.manifest, frames))
        found = {product.setting: self._kept(self._key(product, frames)) for product in asked_for(self.params)}
        on_request = {setting: entry for setting, entry in found.items() if entry is not None}
        return replace(self, known=Results(frames, measures, on_request))

    def refused(self, error: ReplayError) -> ParseTask:
        """Keep what ended the worker, by its own fault, and return the task with that in place of what it was making."""
        known = self.known
        if known.frames is None:
            return self.with_frames(self._keep_refusal(self.keys.frames(self.manifest), error))
        if known.measures is not None and self.missing:
            product = self.missing[0]
            entry = self._keep_refusal(self._key(product, known.frames), error)
            return replace(self, known=replace(known, on_request={**known.on_request, product.setting: entry}))
        return self

    def keep_product(self, product: Product, file: ParsedFile) -> Entry:
        """Make a product on request and keep it, or why there is none.

        Raises:
            ReplayError: the limits of this run ended it.
        """
        assert self.known.frames is not None
        key = self._key(product, self.known.frames)
        try:
            return product.keep(self.store, key, file)
        except ReplayError as error:
            return self.store.keep(key, _lasting(error))

    def _key(self, product: Product, frames: Entry) -> str:
        return self.keys.on_request(product.setting, self.manifest, frames)

    def _kept(self, key: str) -> Entry | None:
        return self.store.get(key) or self.store.get(self.keys.at_limits(key))

    def _keep_refusal(self, key: str, error: ReplayError) -> Entry:
        facts = {REJECTED: {"reason": error.reason, "detail": error.detail}}
        return self.store.keep(self.keys.at_limits(key), facts)

    @property
    def missing(self) -> list[Product]:
        """Products on request that the store lacks, in the order in which they are made."""
        return [product for product in asked_for(self.params) if product.setting not in self.known.on_request]

    @property
    def to_make(self) -> tuple[str, ...]:
        """Names of what the store lacks, in the order in which it is made; measures apart, which take next to nothing."""
        if self.is_done:
            return ()
        frames = () if self.known.frames else ("frames",)
        return (*frames, *(product.setting for product in self.missing))

    @property
    def is_done(self) -> bool:
        """Nothing is left to make."""
        known = self.known
        if known.frames is not None and REJECTED in known.frames.facts:
            return True
        return known.measures is not None and not self.missing


def make_products(task: ParseTask) -> Results:
    """Make what the store lacks of one replay, and return all of it; runs in a worker.

    Raises:
        ReplayError: the replay cannot be used within the limits of memory; any other reason is kept, and returned.
        ReplayLost: its file is missing or changed.
        StageError: raw replays cannot be read at all.
    """
    made: dict[str, float] = {}
    table = None
    with ExitStack() as open_files:
        file = cache(lambda: open_files.enter_context(_checked_file(task)))
        open_files.enter_context(one_walk_for(task.params))
        if task.known.frames is None:
            with _noted(made, "frames"):
                entry, table = _make_frames(task, *file())
            task = task.with_frames(entry)
        frames, measures = task.known.frames, task.known.measures
        if frames is None or task.is_done:
            return replace(task.known, made=made)
        contract = frame_layout(slots_per_team=task.params.slots_per_team).schema.names
        table = read_frames(_stored_frames(frames), contract) if table is None else table.select(contract)
        if measures is None:
            with _noted(made, "measures"):
                measures = _measure(task, frames, table)
        on_request = dict(task.known.on_request)
        for product in task.missing:
            with _noted(made, product.setting):
                path, _ = file()
                on_request[product.setting] = task.keep_product(product, _parsed_file(task, frames, table, path))
    return Results(frames, measures, on_request, made)


@contextmanager
def _noted(made: dict[str, float], name: str) -> Iterator[None]:
    """Say what is made within, and note its CPU time once it is."""
    say_step(name)
    start = time.process_time()
    yield
    made[name] = time.process_time() - start


def _stored_frames(entry: Entry) -> bytes:
    """Return the stored frames of a replay, which are those that were written: what is measured is kept by their hash.

    Raises:
        ReplayLost: they are damaged.
    """
    path = entry.folder / FRAMES
    content = path.read_bytes() if path.is_file() else b""  # another run may have removed them
    if hashlib.sha256(content).hexdigest() != entry.files[FRAMES].sha256:
        raise ReplayLost(f"its frames in {path} are damaged or gone; `impulse verify --heal` makes them again")
    return content


@contextmanager
def _checked_file(task: ParseTask) -> Iterator[tuple[Path, bytes]]:
    """Give the replay's file and its bytes, which are those of the manifest; whatever is made is kept by their hash.

    Raises:
        ReplayLost: the file is missing, or no longer the one that fetch verified.
        StageError: raw replays cannot be read at all.
    """
    place = task.manifest["path"]
    with task.raw.file(place) as file:
        yield file, checked_bytes(file, task.manifest["sha256"], address=task.raw.address(place))


def _make_frames(task: ParseTask, file: Path, data: bytes) -> tuple[Entry, pa.Table | None]:
    key = task.keys.frames(task.manifest)
    try:
        product = make_frames(file, data, task.params, replay_id=task.manifest["replay_id"])
        check_product(product)
    except ReplayError as error:
        return task.store.keep(key, _lasting(error)), None
    return task.store.put(key, product.write), product.table


def _measure(task: ParseTask, frames: Entry, table: pa.Table) -> Entry:
    header = {name: task.manifest[name] for name in HEADER_FACTS}
    tables = {name: frames.facts[name] for name in ("players", "stints", "goals")}
    facts = measure(table, header=header, **tables)
    return task.store.keep(task.keys.measures(task.manifest, frames), facts)


def _parsed_file(task: ParseTask, frames: Entry, table: pa.Table, path: Path) -> ParsedFile:
    tables = {name: frames.facts[name] for name in ("players", "player_ids", "stints")}
    frame_time = table["frame_time"].to_numpy()
    return ParsedFile(path, task.manifest["replay_id"], frame_time=frame_time, frames=table, **tables)


def _lasting(error: ReplayError) -> dict[str, Any]:
    """Return what to keep of a reject; one that depends on limits is raised, for the stage to find out whose they are."""
    if error.reason == Reason.PARSER_MEMORY:
        raise error
    return {REJECTED: {"reason": error.reason, "detail": error.detail}}


def _refusal(entry: Entry | None) -> ReplayError | None:
    return None if entry is None or REJECTED not in entry.facts else ReplayError(**entry.facts[REJECTED])


def checked_bytes(file: Path, sha256: str, *, address: str) -> bytes:
    """Return the content of a replay file.

    Args:
        file: the file.
        sha256: the hash that fetch recorded.
        address: what to call the file when its bytes are others.

    Raises:
        ReplayLost: it has other bytes.
    """
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ReplayLost(f"{address} has other bytes than fetch recorded; `make update` gets it again")
    return data
