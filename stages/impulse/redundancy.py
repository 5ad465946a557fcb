"""Which frame columns say nothing new: decided from the schema table alone."""

from __future__ import annotations

from collections.abc import Iterable

from impulse.config.params import DedupeParams
from impulse.schema import Column


def dropped_columns(columns: Iterable[Column], params: DedupeParams) -> dict[str, str]:
    """Return the columns to leave out, with the reason for each.

    Args:
        columns: columns of the frames.
        params: which kinds of redundancy to keep.
    """
    dropped = {}
    for column in columns:
        quantity = column.quantity.removeprefix("interp_").removeprefix("extrap_")
        if column.duplicate_of and params.deduplicate_position:
            dropped[column.name] = f"repeats {column.duplicate_of}"
        elif quantity == "quat" and not params.keep_quaternions:
            dropped[column.name] = "dedupe.keep_quaternions is off"
        elif quantity == "rot" and not params.keep_euler_angles:
            dropped[column.name] = "dedupe.keep_euler_angles is off"
        elif quantity in ("vel", "angvel") and not params.keep_velocities:
            dropped[column.name] = "dedupe.keep_velocities is off"
    return dropped
