"""What the environment of a long run sets: how often it saves, when it speaks up, what it needs of the disk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from impulse.errors import ConfigError

MINUTES_VARIABLE = "IMPULSE_SNAPSHOT_MINUTES"
DEFAULT_MINUTES = 20.0
STALL_VARIABLE = "IMPULSE_STALL_HOURS"
DEFAULT_STALL_HOURS = 3.0
DISK_VARIABLE = "IMPULSE_DISK_FLOOR_GB"
DEFAULT_DISK_GB = 2.0
GB = 10**9


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that belong to the machine and not to the dataset, so they are not in params.yaml."""

    snapshot_seconds: float
    """Time between snapshots of the ledger."""
    stall_seconds: float
    """Time without a new replay or list after which somebody is told; 0 tells nobody."""
    floor_bytes: float
    """Free bytes of the disk below which the run stops."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            ConfigError: a value is no number, or out of range.
        """
        return cls(
            snapshot_seconds=_number(environ, MINUTES_VARIABLE, DEFAULT_MINUTES, "minutes", at_most=24 * 60) * 60,
            stall_seconds=_number(environ, STALL_VARIABLE, DEFAULT_STALL_HOURS, "hours", at_most=24 * 365) * 3600,
            floor_bytes=_number(environ, DISK_VARIABLE, DEFAULT_DISK_GB, "GB", at_most=10**6) * GB,
        )

    @classmethod
    def or_default(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment; where it has a slip the defaults serve until :meth:`of` has said so."""
        try:
            return cls.of(environ)
        except ConfigError:
            return cls.of({})


def _number(environ: Mapping[str, str], name: str, default: float, unit: str, *, at_most: int) -> float:
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= at_most:
        raise ConfigError(name, f"{text!r} is not a number of {unit} between 0 and {at_most}")
    return value
