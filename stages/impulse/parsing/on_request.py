"""The products that are made where a setting of parse asks for them, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impulse.config.parse import ParseParams
from impulse.decoding.parsed_file import ParsedFile
from impulse.files.store import Entry, Store
from impulse.products.events import make_events
from impulse.schema.column import Column
from impulse.tables.io import table_of, write_table
from impulse.tables.on_request import ON_REQUEST

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class OnRequest:
    """A product that a replay may lack: the dataset then has none of its rows, and says so."""

    setting: str
    """Setting of parse that asks for it, and its name in metrics."""
    code: str
    """Its path under ``products/``."""
    make: Callable[[ParsedFile], Mapping[str, Rows]]
    """Gives rows of its tables; raises ReplayError where the parser refuses the replay."""

    @property
    def tables(self) -> Mapping[str, tuple[Column, ...]]:
        """Name of each table to its columns."""
        return ON_REQUEST[self.setting]

    def keep(self, store: Store, key: str, file: ParsedFile) -> Entry:
        """Make the product and keep it, a file for each table.

        Raises:
            ReplayError: the parser refused the replay.
        """
        made = self.make(file)

        def write(folder: Path) -> dict[str, Any]:
            for name, columns in self.tables.items():
                write_table(table_of(made[name], columns), folder / table_file(name))
            return {}

        return store.put(key, write)


PRODUCTS = (OnRequest("events", "products/events.py", make_events),)


def table_file(name: str) -> str:
    """Return the name of a table's file, in the store and in a stage's folder."""
    return f"{name}.parquet"


def asked_for(params: ParseParams) -> tuple[OnRequest, ...]:
    """Return the products that the settings ask for."""
    return tuple(product for product in PRODUCTS if getattr(params, product.setting))
