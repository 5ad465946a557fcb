"""Seeded draws whose values depend on the seed alone, not on the version of Python or numpy.

Owns: the counter-based generator (splitmix64) behind every random choice of a synthetic match.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

_STEP = 0x9E3779B97F4A7C15
"""Increment of splitmix64 (Steele, Lea and Flood 2014); the two factors below belong to it."""
_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_MASK = 2**64 - 1


class Draws:
    """A stream of draws; streams with different keys are independent of each other."""

    def __init__(self, *key: str | int) -> None:
        """Start the stream named by ``key``, for example ``Draws(seed, "goals")``."""
        digest = hashlib.sha256("/".join(str(part) for part in key).encode()).digest()
        self._start = int.from_bytes(digest[:8], "little")
        self._count = 0

    def word(self) -> int:
        """Return the next 64 random bits."""
        self._count += 1
        mixed = (self._start + self._count * _STEP) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * _FACTORS[0]) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * _FACTORS[1]) & _MASK
        return mixed ^ (mixed >> 31)

    def uniform(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * ((self.word() >> 11) * 2.0**-53)

    def integer(self, low: int, high: int) -> int:
        """Return an integer in [low, high], both included."""
        return low + self.word() % (high - low + 1)

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.integer(0, len(items) - 1)]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Return ``count`` different items in random order."""
        left = list(items)
        return [left.pop(self.integer(0, len(left) - 1)) for _ in range(count)]

    def chance(self, share: float) -> bool:
        """Return True in ``share`` (0..1) of the calls."""
        return self.uniform(0.0, 1.0) < share

    def hex(self, digits: int) -> str:
        """Return a lower-case hexadecimal number of so many digits."""
        words = "".join(f"{self.word():016x}" for _ in range((digits + 15) // 16))
        return words[:digits]

    def uniforms(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Return an array of numbers in [0, 1): the same as that many calls of ``uniform(0, 1)``."""
        count = int(np.prod(shape))
        mixed = np.arange(self._count + 1, self._count + count + 1, dtype=np.uint64)
        self._count += count
        mixed = mixed * np.uint64(_STEP) + np.uint64(self._start)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FACTORS[0])
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_FACTORS[1])
        mixed = mixed ^ (mixed >> np.uint64(31))
        values: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return values.reshape(shape)
