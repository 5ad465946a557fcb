"""The products that are made where a setting of parse asks for them, in the order in which they are made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.parse import ParseParams
from impulse.decoding.array_call import reading_raw_data
from impulse.decoding.attributes import FOR_CONTROLS, FOR_PADS
from impulse.decoding.parsed_file import ParsedFile
from impulse.decoding.walk import one_walk
from impulse.errors import StageError
from impulse.files.frames import write_frames
from impulse.files.packed import read_packed, write_packed
from impulse.files.records import Entry
from impulse.files.store import Store
from impulse.products.controls import make_controls
from impulse.products.events import differences, make_events
from impulse.products.pad_rows import make_pad_rows
from impulse.products.pads import make_pads
from impulse.products.stats import make_stats
from impulse.schema.column import Column
from impulse.tables.io import table_of
from impulse.tables.on_request import EVENTS_DIFFER, ON_REQUEST

Rows = Sequence[Mapping[str, Any]]


def _no_facts(made: Mapping[str, Rows], file: ParsedFile) -> Mapping[str, Any]:
    """Return no columns."""
    return {}


@dataclass(frozen=True, slots=True)
class OnRequest:
    """A product that a replay may lack: the dataset then has none of its rows, and says so."""

    setting: str
    """Setting of parse that asks for it, and its name in metrics."""
    code: str
    """Its path under ``products/``."""
    make: Callable[[ParsedFile], Mapping[str, Rows]]
    """Gives rows of its tables; raises ReplayError where the parser refuses the replay."""
    attributes: tuple[str, ...] = ()
    """Names of raw values that it reads."""
    facts: Callable[[Mapping[str, Rows], ParsedFile], Mapping[str, Any]] = _no_facts
    """Gives columns of the replays table, of the rows that were made."""

    @property
    def tables(self) -> Mapping[str, tuple[Column, ...]]:
        """Name of each table to its columns."""
        return ON_REQUEST[self.setting]

    @property
    def inputs(self) -> dict[str, Any]:
        """What its key has beside its code: its columns."""
        return {
            "columns": {
                name: [(column.name, column.dtype, column.unit, column.feature) for column in table]
                for name, table in self.tables.items()
            }
        }

    def keep(self, store: Store, key: str, file: ParsedFile) -> Entry:
        """Make the product and keep it, a file for each table.

        Raises:
            ReplayError: the parser refused the replay.
        """
        made = self.make(file)
        with reading_raw_data():
            facts = self.facts(made, file)

        def write(folder: Path) -> dict[str, Any]:
            for name, columns in self.tables.items():
                write_packed(table_of(made[name], columns), folder / _stored_file(name))
            return {"facts": facts}

        return store.put(key, write)


@dataclass(frozen=True, slots=True)
class ColumnsOnRequest:
    """A product that has one row for each row of the frames; a replay may lack it, and its columns are then null."""

    setting: str
    code: str
    file: str
    """Name of its file in the store."""
    make: Callable[[ParsedFile], pa.Table]
    """Raises ReplayError where the parser refuses the replay."""
    attributes: tuple[str, ...]
    """Names of raw values that it reads."""
    inputs: Mapping[str, Any]
    """What its key has beside its code: the settings that it reads."""
    tables: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    """It adds none."""

    def keep(self, store: Store, key: str, file: ParsedFile) -> Entry:
        """Make the product and keep it.

        Raises:
            ReplayError: the parser refused the replay.
        """
        table = self.make(file)

        def write(folder: Path) -> dict[str, Any]:
            write_frames(table, folder / self.file)
            return {}

        return store.put(key, write)


def _of_events(made: Mapping[str, Rows], file: ParsedFile) -> Mapping[str, Any]:
    return {EVENTS_DIFFER.name: differences(made["events"], file)}


PRODUCTS = (
    OnRequest("events", "products/events.py", make_events, facts=_of_events),
    OnRequest("stats", "products/stats.py", partial(make_stats, tables=ON_REQUEST["stats"])),
    OnRequest("pads", "products/pads.py", make_pads, FOR_PADS),
)

PAD_ROWS = ColumnsOnRequest("pad_rows", "products/pad_rows.py", "pad_rows.arrow", make_pad_rows, FOR_PADS, inputs={})


def controls_with(params: ParseParams) -> ColumnsOnRequest:
    """Return the product of controls with its settings."""
    settings: dict[str, Any] = {"slots_per_team": params.slots_per_team, "ground_controls": params.ground_controls}
    return ColumnsOnRequest(
        "controls",
        "products/controls.py",
        "controls.arrow",
        partial(make_controls, **settings),
        FOR_CONTROLS,
        inputs=settings,
    )


Product = OnRequest | ColumnsOnRequest


def _stored_file(name: str) -> str:
    return f"{name}.arrow.zst"


def stored_table(entry: Entry, name: str) -> pa.Table:
    """Return a table of a product that was kept.

    Raises:
        StageError: it is not the one that was written.
    """
    path = entry.folder / _stored_file(name)
    content = path.read_bytes() if path.is_file() else b""  # another run may have removed it
    if hashlib.sha256(content).hexdigest() != entry.files[path.name].sha256:
        raise StageError(
            f"{path} is damaged or gone; `impulse verify --heal` removes it, and the next run makes it again"
        )
    return read_packed(content)


def asked_for(params: ParseParams) -> tuple[Product, ...]:
    """Return the products that the settings ask for."""
    products: tuple[Product, ...] = (*PRODUCTS, controls_with(params), PAD_ROWS)
    return tuple(product for product in products if getattr(params, product.setting))


@contextmanager
def one_walk_for(params: ParseParams) -> Iterator[None]:
    """Let the raw data of a replay be read once within, for the frames and all products that the settings ask for."""
    attributes = {name for product in asked_for(params) for name in product.attributes}
    with one_walk(attributes) if attributes else nullcontext():
        yield
