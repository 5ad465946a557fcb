"""What is sent of a replay to a worker of another machine, and what comes back: bytes, never a path of either machine.

A replay of data/raw goes along; one of a bucket is read by the worker. Of what the store has, only frames have bytes that
further products need. The worker makes everything into a store of its own, whose new entries are sent back and kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from impulse.config.engine import EngineParams
from impulse.errors import StageError
from impulse.files.records import Entry
from impulse.files.sent import SentEntry, packed_entry, take_in
from impulse.files.store import Store
from impulse.parsing.keys import ProductKeys
from impulse.parsing.work import ParseTask, Results, make_products
from impulse.run.transfer import Transfer

NOWHERE = Path()
"""In the place of a folder of the machine that sends."""


@dataclass(frozen=True, slots=True)
class SentTask:
    """A task with its bytes."""

    task: ParseTask
    """Without places."""
    replay: bytes | None
    """None where the worker needs none, or reads it from a bucket."""
    frames: SentEntry | None
    """Those that the store has, for products that follow from them."""


@dataclass(frozen=True, slots=True)
class SentResults:
    """What a worker made of a replay."""

    entries: list[SentEntry]
    """Also of a task that failed on the way."""
    made: Mapping[str, float] | None
    """As in :class:`impulse.parsing.work.Results`; None when the task failed."""


@dataclass(frozen=True, slots=True)
class ReplayTransfer(Transfer[ParseTask, Results]):
    """Sends replays, and entries of stores."""

    def size(self, task: ParseTask) -> int:
        """Return the bytes of the replay, which its frames are about as large as, and of frames that go along."""
        frames = task.known.frames
        known = 0 if frames is None else sum(file.bytes for file in frames.files.values())
        return int(task.manifest["bytes"]) + known

    def packed(self, task: ParseTask) -> SentTask:
        """Read what the worker needs.

        Raises:
            ReplayLost: the replay, or its frames, are not there.
            StageError: raw replays cannot be read at all.
        """
        known = task.known
        is_needed = task.raw.bucket is None and (known.frames is None or bool(task.missing))
        replay = task.raw.read(task.manifest["path"]) if is_needed else None
        frames = None if known.frames is None else packed_entry(known.frames)
        moved = replace(
            known,
            frames=None,
            measures=known.measures and _without_place(known.measures),
            on_request={setting: _without_place(entry) for setting, entry in known.on_request.items()},
        )
        raw = replace(task.raw, folder=NOWHERE)
        return SentTask(replace(task, raw=raw, store=Store(NOWHERE), known=moved), replay, frames)

    def opened(self, packed: SentTask, folder: Path) -> ParseTask:
        """Return the task with a store of its own, and its replay in a folder.

        Raises:
            ReplayLost: the frames came damaged.
        """
        task = packed.task
        raw, store = replace(task.raw, folder=folder / "raw"), Store(folder / "store")
        if packed.replay is not None:
            path = raw.folder / task.manifest["path"]
            path.parent.mkdir(parents=True)
            path.write_bytes(packed.replay)
        frames = None if packed.frames is None else take_in(store, packed.frames)
        return replace(task, raw=raw, store=store, known=replace(task.known, frames=frames))

    def sent_back(self, task: ParseTask, value: Results | None) -> SentResults:
        """Return what is new in the worker's store."""
        sent = {entry.key for entry in task.known.entries}
        new = [packed_entry(entry) for entry in task.store.entries() if entry.key not in sent]
        return SentResults(new, None if value is None else value.made)

    def taken_in(self, task: ParseTask, sent_back: SentResults) -> Results | None:
        """Keep what a worker made, and return what there is of the replay now.

        Raises:
            ReplayLost: something came damaged.
        """
        for entry in sent_back.entries:
            take_in(task.store, entry)
        return None if sent_back.made is None else replace(task.looked_up().known, made=sent_back.made)


def make_products_there(task: ParseTask) -> Results:
    """Make what the store lacks of one replay, as :func:`impulse.parsing.work.make_products`, on another machine.

    Raises:
        StageError: that machine has other code, which would make something else under the same key.
    """
    if task.keys not in _keys_here:
        here = ProductKeys.of(task.params, EngineParams())
        _keys_here.append(replace(here, limits=task.keys.limits))
    if task.keys not in _keys_here:
        raise StageError(
            "a Dask worker has another version of impulse or of subtr-actor-py than this machine; install the same there and "
            "start the workers again"
        )
    return make_products(task)


TRANSFER = ReplayTransfer(make_products_there)

_keys_here: list[ProductKeys] = []
"""What this process would keep results by: computed once, as its code stays the one that it has imported."""


def _without_place(entry: Entry) -> Entry:
    return replace(entry, folder=NOWHERE)
