"""Which frame columns say nothing new: decided from the schema table alone."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from impulse.config.dedupe import DedupeParams
from impulse.schema.column import Column

_ROTATIONS = ("quat", "rot", "forward")
"""Quantities that give a body's rotation; the nose's direction comes with that of the roof."""


def dropped_columns(columns: Sequence[Column], params: DedupeParams) -> dict[str, str]:
    """Return the columns to leave out, with the reason for each.

    Euler angles are what the parser computes from the quaternion. Where the frames have no quaternion of the same body
    they are not redundant, and stay.

    Args:
        columns: columns of the frames.
        params: which kinds of redundancy to keep.
    """
    with_quaternion = {_body(column) for column in columns if column.quantity == "quat"}
    dropped = {}
    for column in columns:
        quantity = column.quantity.removeprefix("interp_").removeprefix("extrap_")
        if column.duplicate_of and params.deduplicate_position:
            dropped[column.name] = f"repeats {column.duplicate_of}"
        elif quantity == "quat" and not params.keep_quaternions:
            dropped[column.name] = "dedupe.keep_quaternions is off"
        elif quantity == "rot" and not params.keep_euler_angles and _body(column) in with_quaternion:
            dropped[column.name] = "follows from the quaternion; dedupe.keep_euler_angles is off"
        elif quantity in ("vel", "angvel") and not params.keep_velocities:
            dropped[column.name] = "dedupe.keep_velocities is off"
    return dropped


def bodies_without_rotation(columns: Iterable[Column], dropped: Container[str]) -> list[str]:
    """Return the bodies (``ball``, ``p0``, ...) whose rotation the frames have and the kept columns no longer give."""
    given: list[str] = []
    kept: set[str] = set()
    for column in columns:
        if column.quantity in _ROTATIONS:
            given.append(_body(column))
            if column.name not in dropped:
                kept.add(_body(column))
    return [body for body in dict.fromkeys(given) if body not in kept]


def _body(column: Column) -> str:
    return column.name.split("_", 1)[0]
