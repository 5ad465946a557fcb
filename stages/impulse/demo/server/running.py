"""The server as a running thing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from impulse.demo.server.catalog import HOST
from impulse.demo.server.handler import LoopbackServer
from impulse.demo.server.state import API, State

POLL_SECONDS = 0.02
"""How soon the server notices that it is to stop."""


class DemoServer(State):
    """A Ballchasing on loopback: its data, its behaviour, and what it saw. Use it as a context manager."""

    def __init__(
        self,
        *,
        tier: str = "gc",
        clock: Callable[[], float] = time.time,
        page_size: int = 200,
        record: bool = True,
        port: int = 0,
    ) -> None:
        """Take a port; calls are answered once the context is entered.

        Args:
            tier: ``type`` of every key, which decides the limits; one that is not in :data:`TIERS` has those of gc.
            clock: gives the time in s, by which calls are limited.
            page_size: entries of a page, at most.
            record: keep calls and headers; False keeps only numbers, for runs of tens of thousands of calls.
            port: port on loopback; 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        super().__init__(tier=tier, clock=clock, page_size=page_size, record=record)
        self.server = LoopbackServer((HOST, port), self)
        self.url = f"http://{HOST}:{self.server.server_address[1]}{API}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": POLL_SECONDS})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.end()
        self._thread.join()
        self.server.server_close()
