"""The source ``ballchasing_demo``: the whole way of a download, from a Ballchasing of our own and without a key.

The server has a synthetic season and lives as long as the source. Its port is another each time, so the ledger knows it
by what it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from impulse.collection.ballchasing import Ballchasing, open_ballchasing
from impulse.collection.config import CollectionConfig
from impulse.collection.known import KNOWN_FILES, KnownFacts
from impulse.collection.pacing import Clock
from impulse.config.fetch import FetchParams
from impulse.demo.server import KEY, DemoServer, add_season
from impulse.tables.paths import replay_path


@contextmanager
def open_rehearsal(params: FetchParams, *, state: Path) -> Iterator[Ballchasing]:
    """Start a server with the season that the settings describe, and open its group as any other.

    Args:
        params: settings of the stage; without groups and a query the whole season is asked for.
        state: folder of local state; the ledger there is not the one of the real service.
    """
    clock = Clock()
    with DemoServer(clock=clock.now, record=False) as server:
        season = add_season(server, matches=params.matches, seed=params.seed, match_seconds=params.match_seconds)
        config = CollectionConfig(
            ballchasing_api_key=KEY,
            database_path=state / params.source.ledger,
            rate_limit_per_hour=params.rate_limit_per_hour,
            base_url=server.url,
            threads=params.threads,
            server=f"demo-{season.identity}",
        )
        asked = params if params.groups or params.query else replace(params, groups=[season.group])
        known = KnownFacts(state / KNOWN_FILES)
        with open_ballchasing(asked, config, name_of=replay_path, known=known, clock=clock) as source:
            yield source
