"""How many calls a key of each tier may make, and who made too many."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HOUR = 3600.0

Limit = tuple[float, int | None]
"""Calls a second and calls an hour; None is no limit."""


class CallKind(StrEnum):
    """What a call asks for; each kind has limits of its own."""

    PING = "ping"
    LIST = "list"
    CORE = "core"
    """A single replay or group."""
    FILE = "file"
    STORAGE = "storage"
    """A file behind a redirect; such calls need no key and have no limit."""


TIERS: Mapping[str, Mapping[str, Limit]] = {
    "regular": {"list": (2, 500), "core": (2, 1000), "file": (1, 200)},
    "gold": {"list": (2, 1000), "core": (2, 2000), "file": (2, 400)},
    "diamond": {"list": (4, 2000), "core": (4, 5000), "file": (2, 1000)},
    "champion": {"list": (8, None), "core": (8, None), "file": (2, 2000)},
    "gc": {"list": (16, None), "core": (16, None), "file": (2, None)},
}
"""Limits by the ``type`` of a key and the kind of call (documentation, read 2025-12). A ping has none."""


@dataclass(slots=True)
class Windows:
    """Calls of one kind in the sliding second and the sliding hour; refused calls count too."""

    second: deque[float] = field(default_factory=deque)
    hour: deque[float] = field(default_factory=deque)

    def add(self, now: float, limit: Limit) -> str | None:
        """Count a call; return what is wrong with it when it is above the limit.

        Args:
            now: time in s.
            limit: calls a second and an hour.
        """
        for window, length in ((self.second, 1.0), (self.hour, HOUR)):
            while window and window[0] <= now - length:
                window.popleft()
            window.append(now)
        per_second, per_hour = limit
        if len(self.second) > per_second or (per_hour is not None and len(self.hour) > per_hour):
            return f"at {now:.2f}: {len(self.second)} in a second, {len(self.hour)} in an hour"
        return None
