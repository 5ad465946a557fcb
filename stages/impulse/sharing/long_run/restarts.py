"""Waits that grow while one start after another fails, so that an outage of days ends in a run that goes on by itself.

The service starts the program again after a minute, for ever; systemd has growing waits of its own only since version 254.
"""

from __future__ import annotations

import json
from pathlib import Path

from impulse.files.output import write_json

FIRST_WAIT_SECONDS = 60.0
"""After two failures in a row; then twice as long each time."""
LONGEST_WAIT_SECONDS = 3600.0
LONG_ENOUGH_SECONDS = 3600.0
"""A run that worked so long is no failure to start."""


class Restarts:
    """How many starts in a row have failed; kept beside the ledger."""

    def __init__(self, root: Path) -> None:
        self._path = root / ".state" / "long-run-failures.json"

    @property
    def wait_seconds(self) -> float:
        """Return how long the next start waits."""
        failures = self._failures()
        return 0.0 if failures < 2 else min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(failures - 2, 20))

    def failed(self, *, after_seconds: float) -> None:
        """Note a failure that may pass."""
        write_json(self._path, {"failures": 1 if after_seconds >= LONG_ENOUGH_SECONDS else self._failures() + 1})

    def forget(self) -> None:
        """Let the next start begin at once."""
        self._path.unlink(missing_ok=True)

    def _failures(self) -> int:
        try:
            return int(json.loads(self._path.read_text(encoding="utf-8"))["failures"])
        except (OSError, ValueError, KeyError, TypeError):  # there is none, or a power cut left it empty
            return 0
