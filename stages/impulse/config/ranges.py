"""The check of ranges that all settings share."""

from __future__ import annotations

import math

from impulse.errors import ConfigError


def check_range(key: str, value: float, lower: float, upper: float = math.inf) -> None:
    """Raise a ConfigError unless ``lower <= value <= upper``."""
    if not lower <= value <= upper:
        limits = f"at least {lower:g}" if upper == math.inf else f"between {lower:g} and {upper:g}"
        raise ConfigError(key, f"{value:g} is out of range, must be {limits}")
