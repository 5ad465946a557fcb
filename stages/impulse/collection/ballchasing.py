"""The source ``ballchasing``: lists what was asked for, downloads what is missing, settles what is taken."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.client import BallchasingClient, RetryPolicy
from impulse.collection.config import CollectionConfig
from impulse.collection.downloading import Budget, Downloader
from impulse.collection.folder import ReplayFolder
from impulse.collection.kept import KeptReplays
from impulse.collection.known import KnownFacts
from impulse.collection.ledger import Download, Ledger, Outcome
from impulse.collection.listing import Lister
from impulse.collection.pacing import HOUR, Call, Clock, Pacer, limits_of
from impulse.collection.selection import choose, reconcile, settle
from impulse.collection.source import Candidate
from impulse.config.fetch import FetchParams, query_filters
from impulse.errors import ConfigError
from impulse.files.output import only_writer
from impulse.run.progress import with_progress
from impulse.tables.rejects import Reject

log = logging.getLogger(__name__)

TIER_HOLDS_SECONDS = HOUR
"""How long the tier of a key is taken from the ledger."""
TIER_OF_LENGTH = 8
"""Hexadecimal digits of the hash that tells server and key of the tier apart from others."""


@contextmanager
def open_ballchasing(
    params: FetchParams,
    config: CollectionConfig,
    *,
    name_of: Callable[[str], str],
    known: KnownFacts | None = None,
    clock: Clock | None = None,
    retries: RetryPolicy | None = None,
) -> Iterator[Ballchasing]:
    """Open ledger and client; the server is not asked yet. Whoever else holds the ledger is waited for.

    Args:
        params: what is asked for, and limits of this run.
        config: key, server, ledger and pace.
        name_of: gives the name of a replay id's file in the storage.
        known: what earlier runs found in files; None reads the headers of files that are there again.
        clock: time and waiting; tests give their own.
        retries: timeouts and retries.

    Raises:
        ConfigError: nothing is asked for.
    """
    if not params.groups and not params.query:
        raise ConfigError("fetch.groups", "name at least one group, or set filters in fetch.query")
    clock = clock or Clock()
    started = clock.now()
    ledger_path = Path(config.database_path)
    with only_writer(ledger_path), Ledger(ledger_path) as ledger:
        pacer = Pacer(ledger, clock, limits_of("regular", files_per_hour=config.rate_limit_per_hour))
        with BallchasingClient(
            config.ballchasing_api_key,
            base_url=config.base_url,
            pacer=pacer,
            clock=clock,
            retries=retries,
            connections=config.threads,
            max_file_bytes=params.max_replay_bytes,
        ) as client:
            yield Ballchasing(params, config, ledger, client, clock, name_of, known, started)


@dataclass(frozen=True, slots=True)
class Ballchasing:
    """Groups and queries of Ballchasing.com, with a ledger of what became of each replay."""

    params: FetchParams
    config: CollectionConfig
    ledger: Ledger
    client: BallchasingClient
    clock: Clock
    name_of: Callable[[str], str]
    known: KnownFacts | None
    started: float
    """Time in seconds since 1970."""

    def plan(self, storage: KeptReplays) -> str:
        """Return how many replays, calls and hours there are to do. Lists first, which needs a few calls."""
        paths, tier = self._listed()
        return self._plan(self._reconciled(self.ledger.known(paths), self._folder(storage)), tier)

    def files(self, storage: KeptReplays) -> Iterator[Candidate | Reject]:
        """Yield every replay that was asked for, once its file is in the storage or cannot be had in this run."""
        folder = self._folder(storage)
        paths, tier = self._listed()
        self.ledger.select(paths)
        before = self.ledger.known(paths)
        downloads = self._reconciled(before, folder)
        log.info("%s", self._plan(downloads, tier))
        missing = {name for name, found in downloads.items() if found.outcome is not Outcome.DOWNLOADED}
        self._download(downloads, folder)
        here = [found for found in downloads.values() if found.outcome is Outcome.DOWNLOADED]
        folder.read_headers(here, threads=self.config.threads)
        files, final = settle(downloads, folder, paths, new=missing)
        self.ledger.record([found for found in final if found != before[found.replay.id]], at=self.clock.now())
        if left := len(choose(downloads)):
            log.info("ended at its limit with %d replays to go; the next run goes on", left)
        if self.known is not None:
            self.known.sweep()
        yield from files

    def _folder(self, storage: KeptReplays) -> ReplayFolder:
        return ReplayFolder(storage, self.name_of, self.known, self.params.max_replay_bytes)

    def _reconciled(self, known: Mapping[str, Download], folder: ReplayFolder) -> dict[str, Download]:
        """Return what is known of each replay once every file that is there was looked at."""
        folder.look(known.values(), threads=self.config.threads)
        params = self.params
        return reconcile(known.values(), folder, retry_failed=params.retry_failed, max_bytes=params.max_replay_bytes)

    def _listed(self) -> tuple[dict[str, str | None], str]:
        """Return the path of groups of every replay that was asked for, and the tier of the key."""
        tier = self._tier()
        pacer = self.client.pacer
        pacer.set_limits(limits_of(tier, files_per_hour=self.config.rate_limit_per_hour))
        self.ledger.set_facts({"files_per_hour": f"{pacer.limit(Call.FILE).per_hour or 0}"})
        lister = Lister(self.client, self.ledger)
        if self.params.refresh:
            lister.refresh()
        return lister.replays_of(self.params.groups, query_filters(self.params.query)), tier

    def _download(self, downloads: dict[str, Download], folder: ReplayFolder) -> None:
        """Download what is missing, as far as the limits of this run allow, and put into ``downloads`` what became of it."""
        hours = self.params.max_hours
        budget = Budget(self.params.max_replays, self.started + hours * HOUR if hours else None)
        downloader = Downloader(self.client, self.ledger, folder, self.clock)
        while (wanted := choose(downloads)) and not budget.is_spent(self.clock.now()):
            # Closing ends the threads before client and ledger, whatever interrupts the loop.
            with closing(downloader.download(wanted, threads=self.config.threads, budget=budget)) as found:
                for download in with_progress(found, total=len(wanted), what="replays", note=self._quota):
                    downloads[download.replay.id] = download

    def _quota(self) -> str:
        left = self.client.pacer.left_this_hour(Call.FILE)
        return "no hourly quota" if left is None else f"{left} downloads left this hour"

    def _tier(self) -> str:
        """Return the tier of the key, from the ledger when it was asked for within the hour."""
        ledger, now = self.ledger, self.clock.now()
        # Short, so that no key could be found by it, whoever reads the ledger.
        asked = f"{self.client.base_url} {self.config.ballchasing_api_key}"
        of = hashlib.sha256(asked.encode()).hexdigest()[:TIER_OF_LENGTH]
        known, at = ledger.fact("tier"), float(ledger.fact("tier_at") or 0)
        if known is not None and 0 <= now - at < TIER_HOLDS_SECONDS and ledger.fact("tier_of") == of:
            return known
        tier = str(self.client.ping().get("type") or "regular")
        ledger.set_facts({"tier": tier, "tier_at": f"{self.clock.now()}", "tier_of": of})
        return tier

    def _plan(self, downloads: Mapping[str, Download], tier: str) -> str:
        """Return one line about what there is to do."""
        wanted = len(choose(downloads))
        here = sum(found.outcome is Outcome.DOWNLOADED for found in downloads.values())
        calls = min(wanted, self.params.max_replays or wanted)
        limit = self.client.pacer.limit(Call.FILE)
        quota = f"{limit.per_hour} downloads an hour" if limit.per_hour else "no hourly limit of downloads"
        return (
            f"{len(downloads)} replays listed, {here} here already, {wanted} to download; {calls} calls, "
            f"{duration(calls * limit.spacing)} at this key's pace ({tier}, {quota})"
        )


def duration(seconds: float) -> str:
    """Return a duration as text."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
