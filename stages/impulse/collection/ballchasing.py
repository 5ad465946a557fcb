"""The source ``ballchasing``: lists what was asked for, downloads what is missing, settles what is taken, and certifies it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from impulse.collection.certificate import certificate, changes, day_of, recordings_of, reject_of, shortfall
from impulse.collection.client import BallchasingClient, RetryPolicy
from impulse.collection.completeness import Listed
from impulse.collection.config import CollectionConfig
from impulse.collection.downloading import Budget, Downloader
from impulse.collection.durations import duration
from impulse.collection.entries import safe_id
from impulse.collection.folder import ReplayFolder
from impulse.collection.group_facts import group_columns
from impulse.collection.known import KnownFacts
from impulse.collection.ledger import Download, Ledger, Outcome, open_ledger
from impulse.collection.listing import Lister
from impulse.collection.listings import Listings
from impulse.collection.pacing import HOUR, Call, Clock, Pacer, limits_of
from impulse.collection.patience import Patience
from impulse.collection.raw_storage import RawStorage
from impulse.collection.rebuilding import fill
from impulse.collection.selection import choose, reconcile, settle
from impulse.collection.source import ORDINARY_BYTES, Certificate, Item, Shortfall, SourcePlan
from impulse.config.fetch import Delisted, FetchParams, query_filters
from impulse.errors import AuthError, ConfigError, FetchError, Outage, Unreachable
from impulse.files.output import only_writer
from impulse.replay.reasons import Reason
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
    with only_writer(ledger_path), open_ledger(ledger_path) as ledger:
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
            until = started + params.max_hours * HOUR if params.max_hours else None
            patience = Patience(ledger, clock, hours=params.outage_patience, until=until)
            budget = Budget(params.max_replays, until)
            yield Ballchasing(params, config, ledger, client, clock, patience, budget, name_of, known, started)


@dataclass(frozen=True, slots=True)
class Ballchasing:
    """Groups and queries of Ballchasing.com, with a ledger of what became of each replay."""

    params: FetchParams
    config: CollectionConfig
    ledger: Ledger
    client: BallchasingClient
    clock: Clock
    patience: Patience
    budget: Budget
    name_of: Callable[[str], str]
    known: KnownFacts | None
    started: float
    """Time in seconds since 1970."""

    def plan(self, storage: RawStorage) -> SourcePlan:
        """Return how many replays, calls and hours there are to do. Lists first, which needs a few calls."""
        listed, tier = self._listed(storage)
        known = self.ledger.known(self._wanted(listed))
        downloads = self._reconciled(known, self._folder(storage), listed)
        here = [found for found in downloads.values() if found.outcome is Outcome.DOWNLOADED]
        wanted = choose(downloads)[: self.params.max_replays or None]
        sizes = {found.replay.id: found.bytes for found in (*here, *wanted)}
        return SourcePlan(self._plan(downloads, tier), sizes, ORDINARY_BYTES)

    def files(self, storage: RawStorage) -> Iterator[Item]:
        """Yield every replay that was asked for, once its file is in the storage or cannot be had in this run."""
        folder = self._folder(storage)
        earlier = self.ledger.selected()
        listed, tier = self._listed(storage)
        paths = self._wanted(listed)
        before = self.ledger.known(paths)
        downloads = self._reconciled(before, folder, listed)
        never_had = sorted(before.keys() - downloads.keys())
        self.ledger.select({key: paths[key] for key in downloads})
        log.info("%s", self._plan(downloads, tier))
        missing = {name for name, found in downloads.items() if found.outcome is not Outcome.DOWNLOADED}
        problem = self._download(downloads, folder)
        here = [found for found in downloads.values() if found.outcome is Outcome.DOWNLOADED]
        folder.read_headers(here, threads=self.config.threads)
        names = {scope.group.id: scope.group.name for scope in listed.scopes if scope.group is not None}
        columns = partial(_columns, listed, group_columns(paths, names))
        files, final = settle(downloads, folder, columns, new=missing)
        self.ledger.record([found for found in final if found != before[found.replay.id]], at=self.clock.now())
        if problem is None and (left := len(choose(downloads))):
            log.info("ended at its limit with %d replays to go; the next run goes on", left)
        if self.known is not None:
            self.known.sweep()
        yield from (reject_of(found, problem) if isinstance(found, Reject) else found for found in files)
        yield from self._dropped(listed, never_had)
        outcomes = {found.replay.id: found.outcome for found in final}
        log.info("%s", changes(listed, earlier, outcomes, since=self.started))
        yield Certificate(certificate(listed, outcomes, accepted=self.params.accepted))
        error = problem or shortfall(listed, final, self.params)
        if error is not None:
            yield Shortfall(error)

    def _wanted(self, listed: Listed) -> dict[str, str | None]:
        """Return the path of groups of the replays that the settings ask for."""
        if self.params.delisted is Delisted.keep:
            return listed.paths
        return {key: path for key, path in listed.paths.items() if key not in listed.delisted}

    def _dropped(self, listed: Listed, never_had: Sequence[str]) -> Iterator[Reject]:
        """Yield the replays that are left out because no list has them any more."""
        for key in never_had if self.params.delisted is Delisted.keep else sorted(listed.delisted):
            yield Reject(
                safe_id(key), key, "fetch", Reason.DELISTED, f"listed no more since {day_of(listed.delisted[key])}"
            )

    def _folder(self, storage: RawStorage) -> ReplayFolder:
        return ReplayFolder(storage.replays, self.name_of, self.known, self.params.max_replay_bytes)

    def _reconciled(self, known: Mapping[str, Download], folder: ReplayFolder, listed: Listed) -> dict[str, Download]:
        """Return what is known of each replay once every file that is there was looked at.

        What no list has any more and nobody ever had is left out: it is not asked for.
        """
        folder.look(known.values(), threads=self.config.threads)
        params = self.params
        found = reconcile(
            known.values(),
            folder,
            retry_failed=params.retry_failed,
            max_bytes=params.max_replay_bytes,
            now=self.clock.now(),
        )
        return {key: item for key, item in found.items() if key not in listed.delisted or item.sha256 is not None}

    def _listed(self, storage: RawStorage) -> tuple[Listed, str]:
        """Return everything that was asked for, and the tier of the key."""
        tier = self._tier()
        pacer = self.client.pacer
        pacer.set_limits(limits_of(tier, files_per_hour=self.config.rate_limit_per_hour))
        self.ledger.set_facts({"files_per_hour": f"{pacer.limit(Call.FILE).per_hour or 0}"})
        lister = Lister(
            self.client,
            Listings(self.ledger),
            self.patience,
            self.clock,
            accepted=self.params.accepted,
            server=self.config.listed_as,
        )
        if self.params.refresh:
            lister.refresh()
        groups, filters = self.params.group_ids, query_filters(self.params.query)
        listed = lister.read(groups, filters)
        if fill(
            self.ledger, storage.lists, place=lister.place, query=lister.query_scope(filters), now=self.clock.now()
        ):
            listed = lister.read(groups, filters)
        return listed, tier

    def _download(self, downloads: dict[str, Download], folder: ReplayFolder) -> FetchError | None:
        """Download what is missing, as far as the limits of this run allow, and put into ``downloads`` what became of it.

        Returns:
            What ended it before that.
        """
        downloader = Downloader(self.client, self.ledger, folder, self.clock, self.patience)
        total = len(choose(downloads))
        if not total:
            return None
        try:
            # Closing ends the threads before client and ledger, whatever interrupts the loop.
            with closing(downloader.download(downloads, threads=self.config.threads, budget=self.budget)) as found:
                for _ in with_progress(found, total=total, what="replays", note=self._quota):
                    pass
        except (AuthError, Outage) as error:
            return error
        return None

    def _quota(self) -> str:
        left = self.client.pacer.left_this_hour(Call.FILE)
        return "no hourly quota" if left is None else f"{left} downloads left this hour"

    def _tier(self) -> str:
        """Return the tier of the key, from the ledger when it was asked for within the hour."""
        ledger, now = self.ledger, self.clock.now()
        # Short, so that no key could be found by it, whoever reads the ledger.
        asked = f"{self.config.listed_as} {self.config.ballchasing_api_key}"
        of = hashlib.sha256(asked.encode()).hexdigest()[:TIER_OF_LENGTH]
        known, at = ledger.fact("tier"), float(ledger.fact("tier_at") or 0)
        if known is not None and 0 <= now - at < TIER_HOLDS_SECONDS and ledger.fact("tier_of") == of:
            return known
        tier = str(self._first_answer().get("type") or "regular")
        ledger.set_facts({"tier": tier, "tier_at": f"{self.clock.now()}", "tier_of": of})
        return tier

    def _first_answer(self) -> dict[str, Any]:
        """Return the answer to a ping; an outage is waited out, but not an address where no server has ever been."""
        if self.ledger.fact("tier") is not None:
            return self.patience.call(self.client.ping, ping=self.client.ping)
        try:
            return self.client.ping()
        except Unreachable as error:
            raise Unreachable(f"{self.config.base_url} cannot be reached: {error}") from error
        except AuthError:
            raise
        except FetchError:
            return self.patience.call(self.client.ping, ping=self.client.ping)

    def _plan(self, downloads: Mapping[str, Download], tier: str) -> str:
        """Return one line about what there is to do."""
        wanted = len(choose(downloads))
        found = recordings_of(downloads.values())
        calls = min(wanted, self.params.max_replays or wanted)
        limit, share = self.client.pacer.limit(Call.FILE), self.client.pacer.share(Call.FILE)
        quota = f"{limit.per_hour} downloads an hour" if limit.per_hour else "no hourly limit of downloads"
        slower = f", {share:.0%} of it after refusals within the last hour" if share < 1 else ""
        return (
            f"{len(downloads)} replays listed, {found.kept} here already, {wanted} to download"
            f"{found.shown(self.clock.now())}; {calls} calls, {duration(calls * limit.spacing / share)} at this key's pace "
            f"({tier}, {quota}{slower})"
        )


def _columns(listed: Listed, groups: Mapping[str, Mapping[str, Any]], replay_id: str) -> dict[str, Any]:
    """Return the columns of the manifest that follow from where a replay is listed."""
    at = listed.delisted.get(replay_id)
    return {
        **groups[replay_id],
        "delisted_at": None if at is None else datetime.fromtimestamp(int(at), UTC).replace(tzinfo=None),
    }
