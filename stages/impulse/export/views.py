"""``analysis.sql``: the tables of a dataset as views for DuckDB, and views of matches, players, goals and their frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from impulse.export.event_views import EVENT_VIEWS
from impulse.export.templates import filled
from impulse.schema.column import Column
from impulse.schema.frames import PLAYER_COLUMN

ANALYSIS = "analysis.sql"


def analysis_sql(columns: Sequence[Column], folder: Path) -> str:
    """Return the SQL for the tables that a dataset has.

    Args:
        columns: columns of the frames.
        folder: the dataset.
    """
    common: list[str] = []
    of_slot: dict[int, list[str]] = {}
    for column in columns:
        if match := PLAYER_COLUMN.fullmatch(column.name):
            of_slot.setdefault(int(match[1]), []).append(match[2])
        else:
            common.append(f'"{column.name}"')
    slots = [
        {
            "number": slot,
            "team": "blue" if slot < len(of_slot) // 2 else "orange",
            "columns": [f'p{slot}_{name} AS "{name}"' for name in names if name != "present"],
        }
        for slot, names in of_slot.items()
    ]
    tables = sorted(path.stem for path in folder.glob("*.parquet"))
    event_views = EVENT_VIEWS if "events" in tables else ()
    return filled("analysis.sql.j2", tables=tables, common=common, slots=slots, event_views=event_views)
