"""A Ballchasing of our own: a real HTTP server on loopback with keys, limits, group trees, pages and faults.

It answers as the API's documentation and captured answers of the service say, and as badly as it is told to.
"""

from __future__ import annotations

from impulse.demo.server.catalog import HOST
from impulse.demo.server.faults import FAULTS
from impulse.demo.server.limits import TIERS
from impulse.demo.server.running import DemoServer
from impulse.demo.server.season import Season, add_season
from impulse.demo.server.state import KEY

__all__ = ["FAULTS", "HOST", "KEY", "TIERS", "DemoServer", "Season", "add_season"]
