"""One job from start to end: list what was asked for, download what is missing, settle what is taken."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.client import BallchasingClient, Patience
from impulse.collection.config import CollectionConfig
from impulse.collection.downloading import Budget, Downloader, quota_note
from impulse.collection.folder import ReplayFolder
from impulse.collection.intake import FetchSummary, write_lists
from impulse.collection.ledger import Fate, Ledger, Outcome
from impulse.collection.listing import Lister
from impulse.collection.pacing import HOUR, Call, Clock, Pacer, limits_of
from impulse.collection.selection import Settled, choose, reconcile, settle
from impulse.config.fetch import FetchParams, query_filters
from impulse.errors import ConfigError
from impulse.files.output import only_writer
from impulse.run.progress import with_progress
from impulse.tables import rejects

log = logging.getLogger(__name__)

TIER_HOLDS_SECONDS = HOUR
"""How long the tier of a key is taken from the ledger."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a job did."""

    settled: Settled
    downloaded_now: int
    is_complete: bool
    """False when the run ended at a limit of its own, or was a dry run."""
    plan: str
    """How many replays, calls and hours there were to do when the run began."""

    @property
    def counts(self) -> dict[str, int]:
        """Replays by outcome."""
        found = Counter(fate.outcome for fate in self.settled.fates)
        return {outcome.value: found[outcome] for outcome in Outcome}

    def summary(self) -> FetchSummary:
        """Return the counts of the fetch stage."""
        return FetchSummary(
            replays_in=len(self.settled.fates),
            replays_out=len(self.settled.rows),
            rejected=rejects.count_by_reason(self.settled.rejected),
            bytes_out=sum(row["bytes"] for row in self.settled.rows),
            written_now=self.downloaded_now,
        )


def collect(
    params: FetchParams,
    config: CollectionConfig,
    folder: ReplayFolder,
    *,
    clock: Clock | None = None,
    patience: Patience | None = None,
) -> Collected:
    """Bring a folder to hold every replay that was asked for, and write its manifest and rejects.

    A dry run lists, which needs a few calls, and writes nothing but the ledger.

    Args:
        params: what is asked for, and limits of this run.
        config: key, server, ledger and pace.
        folder: where files go.
        clock: time and waiting; tests give their own.
        patience: timeouts and retries.

    Raises:
        ConfigError: nothing is asked for.
        SourceError: a group does not exist, or the server cannot be read.
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
            patience=patience,
            connections=config.threads,
        ) as client:
            tier = _tier(client, ledger, clock)
            pacer.set_limits(limits_of(tier, files_per_hour=config.rate_limit_per_hour))
            ledger.set_facts({"files_per_hour": f"{pacer.limit(Call.FILE).per_hour or 0}"})
            lister = Lister(client, ledger)
            if params.refresh:
                lister.refresh()
            paths = lister.replays_of(params.groups, query_filters(params.query))
            if not params.dry_run:
                folder.storage.prepare()
            before = ledger.select(paths)
            fates = reconcile(before.values(), folder, retry_failed=params.retry_failed)
            plan = _plan(fates, tier, pacer, params)
            log.info("%s", plan)
            known = dict(fates)
            if not params.dry_run:
                budget = Budget(params.max_replays, started + params.max_hours * HOUR if params.max_hours else None)
                downloader = Downloader(client, ledger, folder, clock)
                while (wanted := choose(fates)) and not budget.is_spent(clock.now()):
                    note = quota_note(lambda: pacer.left_this_hour(Call.FILE))
                    # Closing ends the threads before client and ledger, whatever interrupts the loop.
                    with closing(downloader.download(wanted, threads=config.threads, budget=budget)) as found:
                        for fate in with_progress(found, total=len(wanted), what="replays", note=note):
                            fates[fate.replay.id] = fate
        if params.dry_run:
            return Collected(Settled([], [], list(fates.values())), 0, is_complete=False, plan=plan)
        folder.read_headers(
            (fate for fate in fates.values() if fate.outcome is Outcome.DOWNLOADED), threads=config.threads
        )
        settled = settle(fates, folder, paths)
        changed = [fate for fate in settled.fates if fate != before[fate.replay.id]]
        ledger.record(changed, at=clock.now())
        write_lists(settled.rows, settled.rejected, storage=folder.storage, players=settled.players)
    done = sum(
        fate.outcome is Outcome.DOWNLOADED and known[fate.replay.id].outcome is not Outcome.DOWNLOADED
        for fate in fates.values()
    )
    collected = Collected(settled, done, is_complete=not choose(fates), plan=plan)
    if not collected.is_complete:
        log.info("ended at its limit with %d replays to go; the next run goes on", len(choose(fates)))
    return collected


def _tier(client: BallchasingClient, ledger: Ledger, clock: Clock) -> str:
    """Return the tier of the key, from the ledger when it was asked for within the hour."""
    known, at = ledger.fact("tier"), float(ledger.fact("tier_at") or 0)
    if known is not None and 0 <= clock.now() - at < TIER_HOLDS_SECONDS and ledger.fact("server") == client.base_url:
        return known
    tier = str(client.ping().get("type") or "regular")
    ledger.set_facts({"tier": tier, "tier_at": f"{clock.now()}", "server": client.base_url})
    return tier


def _plan(fates: Mapping[str, Fate], tier: str, pacer: Pacer, params: FetchParams) -> str:
    """Return one line about what there is to do."""
    wanted = len(choose(fates))
    here = sum(fate.outcome is Outcome.DOWNLOADED for fate in fates.values())
    calls = min(wanted, params.max_replays or wanted)
    limit = pacer.limit(Call.FILE)
    quota = f"{limit.per_hour} downloads an hour" if limit.per_hour else "no hourly limit of downloads"
    return (
        f"{len(fates)} replays listed, {here} here already, {wanted} to download; {calls} calls, "
        f"{duration(calls * limit.spacing)} at this key's pace ({tier}, {quota})"
    )


def duration(seconds: float) -> str:
    """Return a duration for people."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
