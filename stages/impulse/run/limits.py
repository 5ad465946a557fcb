"""What a worker may use."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress


def can_limit_memory() -> bool:
    """Tell whether this system refuses memory to a process that asks for too much; Windows and macOS do not."""
    return sys.platform != "darwin" and importlib.util.find_spec("resource") is not None


def limit_memory(megabytes: int) -> None:
    """Let this process ask for so much memory and no more.

    Where that cannot be, nothing happens, which gives up that a replay that eats memory is refused before the machine
    suffers; the limit of time holds everywhere.
    """
    if can_limit_memory():
        import resource

        limit = megabytes * 1024 * 1024
        with suppress(ValueError):  # a lower limit holds already
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
