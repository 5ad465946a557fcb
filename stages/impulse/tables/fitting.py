"""Numbers that no match has, and no column: a file that was made up can tell any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from impulse.errors import CorruptReplay
from impulse.replay.reasons import Reason
from impulse.schema.column import Column

_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}


def check_fits(rows: Iterable[Mapping[str, Any]], columns: Iterable[Column]) -> None:
    """Refuse a replay with a number that is too large for its column; one such row would cost all others their table.

    Args:
        rows: of one replay.
        columns: of their table.

    Raises:
        CorruptReplay: ``malformed_header``.
    """
    limits = {column.name: 2 ** (_BITS[column.dtype] - 1) for column in columns if column.dtype in _BITS}
    for row in rows:
        for name, value in row.items():
            if (limit := limits.get(name)) and value is not None and not -limit <= value < limit:
                raise CorruptReplay(Reason.MALFORMED, f"its {name} is {value}, no match has that")
