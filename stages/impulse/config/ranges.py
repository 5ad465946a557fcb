"""The checks of numbers that all settings share: that each is one, and its range."""

from __future__ import annotations

import math
from dataclasses import fields
from numbers import Integral, Real
from reprlib import repr as shortened
from typing import Any, TypeVar

from impulse.errors import ConfigError

Number = TypeVar("Number", int, float)

_KINDS: dict[object, type[int | float]] = {
    "int": int, "int | None": int, "float": float, "float | None": float,
}  # fmt: skip
"""What a field holds, by its annotation."""


def check_numbers(settings: Any, section: str = "") -> None:  # noqa: ANN401 - any dataclass
    """Make every number among settings a plain ``int`` or ``float``, as its field says.

    Args:
        settings: a dataclass, frozen or not, whose module has ``from __future__ import annotations``.
        section: where the settings are in params.yaml.

    Raises:
        ConfigError: one of them is no number.
    """
    for item in fields(settings):
        kind, value = _KINDS.get(item.type), getattr(settings, item.name)
        if kind is None or (value is None and str(item.type).endswith("None")):
            continue
        key = f"{section}.{item.name}" if section else item.name
        object.__setattr__(settings, item.name, plain_number(key, value, kind))


def plain_number(key: str, value: Any, kind: type[Number]) -> Number:  # noqa: ANN401 - what users give
    """Return a setting as a plain number: those of NumPy and texts such as ``'200'`` are taken, as OmegaConf takes them.

    Raises:
        ConfigError: it is a truth value, not finite, no number at all, or has a fraction where none can be.
    """
    is_of_kind = isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    try:
        if is_of_kind or isinstance(value, str):
            number = kind(value)
            if math.isfinite(number):
                return number
    except OverflowError:
        raise ConfigError(key, "is too large for a number") from None
    except ValueError:
        pass
    raise ConfigError(key, f"{shortened(value)} is no {'whole' if kind is int else 'finite'} number")


def check_range(key: str, value: float, lower: float, upper: float = math.inf) -> None:
    """Raise a ConfigError unless ``lower <= value <= upper``; what is no number is in no range."""
    if not lower <= value <= upper:
        limits = f"at least {lower:g}" if upper == math.inf else f"between {lower:g} and {upper:g}"
        raise ConfigError(key, f"{value:g} is out of range, must be {limits}")
