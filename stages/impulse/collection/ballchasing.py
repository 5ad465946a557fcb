"""The source ``ballchasing``: groups and queries of Ballchasing.com."""

from __future__ import annotations

from pathlib import Path

from impulse.collection.config import CollectionConfig
from impulse.collection.folder import ReplayFolder
from impulse.collection.intake import FetchSummary
from impulse.collection.job import collect
from impulse.collection.storage import ReplayStorage
from impulse.config.fetch import FetchParams
from impulse.tables.paths import replay_path


def fetch(params: FetchParams, *, root: Path, state: Path, storage: ReplayStorage) -> FetchSummary:
    """Download what is missing; the key comes from the environment or from the checkout's ``.env``.

    Args:
        params: settings of the stage.
        root: folder of the checkout.
        state: folder of local state, for the ledger.
        storage: where files go.

    Raises:
        AuthError: there is no key, or the server refuses it.
        SourceError: a group does not exist, or the server cannot be read.
    """
    config = CollectionConfig.from_env(
        root / ".env",
        base_url=params.base_url,
        database_path=state / "ledger.sqlite",
        rate_limit_per_hour=params.rate_limit_per_hour,
        threads=params.threads,
    )
    return collect(params, config, ReplayFolder(storage, replay_path)).summary()
