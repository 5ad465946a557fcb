"""Downloading replays: several at a time, each verified before it gets its name, each outcome written down at once.

Only a fault of its own ends a replay: the same answer in two rounds, minutes apart, while the service gives other files. What may
be the service's trouble is held back, and with several in a row nothing further is spent on it until it works again.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import count

from impulse.collection.client import BallchasingClient
from impulse.collection.evidence import Evidence, Had, Suspect
from impulse.collection.folder import ReplayFolder
from impulse.collection.ledger import Download, Ledger, Outcome
from impulse.collection.pacing import HOUR, Clock
from impulse.collection.patience import TROUBLE, Patience
from impulse.collection.selection import choose
from impulse.errors import (
    AuthError,
    CorruptReplay,
    FetchError,
    ForbiddenError,
    NameTaken,
    NotFoundError,
    RateLimited,
    TooLong,
    UnexpectedResponse,
)
from impulse.replay.reasons import Reason

log = logging.getLogger(__name__)

CONTENT_TRIES = 3
"""Downloads of a file whose bytes are wrong each time in another way."""
FAULTS_IN_A_ROW = 5
"""So many files in a row that cannot be had raise the question whether the service works at all."""
WAITS = (20.0, 120.0)
"""Waits until what could not be had, while other files could, is asked for again."""
ROUNDS = len(WAITS) + 1
"""Rounds of a run that a replay can fail in."""
OUTAGES = 5
"""Outages that are waited out for the sake of replays that could not be had, when all others are settled; a service whose pings
fail now and then while files come must not keep a run for ever."""
RETRY_SECONDS = (0.0, HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR, 168 * HOUR)
"""Time until another failure of a replay counts, after the first, the second, ... run that it failed in.

Runs that end with an error for it ask for it at once all the same; once it is given up, they wait so long.
"""


@dataclass(slots=True)
class Budget:
    """How much one run may do."""

    replays: int | None
    """Replays that may be asked for, each as often as it takes to know what it is."""
    until: float | None
    """Time in seconds since 1970."""
    asked: set[str] = field(default_factory=set)
    """Ids of the replays that were asked for."""

    def is_over(self, now: float) -> bool:
        """Tell whether no further call may start."""
        return self.until is not None and now >= self.until

    def within(self, downloads: Iterable[Download]) -> list[Download]:
        """Return those that may be asked for: the ones that were before, and as many others as there is room for."""
        room = None if self.replays is None else self.replays - len(self.asked)
        found = []
        for download in downloads:
            is_new = download.replay.id not in self.asked
            if room is not None and is_new:
                if room <= 0:
                    continue
                room -= 1
            found.append(download)
        return found


class Downloader:
    """Downloads replays through one client into one folder."""

    def __init__(
        self, client: BallchasingClient, ledger: Ledger, folder: ReplayFolder, clock: Clock, patience: Patience
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._folder = folder
        self._clock = clock
        self._patience = patience
        self._moments = count(1)
        """Numbers for the starts and ends of calls, by which is known what came after what."""
        self._recordings: frozenset[str] = frozenset()
        """Ids of recordings as the API lists them."""

    def download(
        self, downloads: dict[str, Download], *, threads: int, budget: Budget
    ) -> Generator[Download, None, None]:
        """Download what is missing, put what became of each replay into ``downloads``, and yield it as it is known.

        Args:
            downloads: every replay that was asked for.
            threads: downloads at a time.
            budget: how much this run may do.

        Raises:
            AuthError: the server refuses the key.
            Outage: the service has not worked for too long; whatever was not had because of that stays pending.
        """
        self._recordings = frozenset(filter(None, (found.replay.recording_id for found in downloads.values())))
        evidence = Evidence(self._client, downloads)
        held: dict[str, Suspect] = {}
        failures: Counter[str] = Counter()
        outages = 0
        while not self._is_over(budget):
            earlier, held = held, {}
            for found in self._round(downloads, held, evidence, threads=threads, budget=budget):
                downloads[found.replay.id] = found
                yield found
            if not held or self._is_over(budget):
                return
            if failures and outages < OUTAGES and (trouble := evidence.trouble(held.values())) is not None:
                self._wait_out(trouble, evidence, held, budget)
                outages += 1
                continue
            failures.update(held.keys())
            for suspect in list(held.values()):
                if suspect.is_like(earlier.get(suspect.id)) or failures[suspect.id] >= ROUNDS:
                    del held[suspect.id]
                    downloads[suspect.id] = found = self._ended(suspect)
                    yield found
            if held:
                wait = self._patience.bounded(WAITS[min(failures[name] for name in held) - 1])
                log.info("%d replays could not be had so far, and are asked for again in %.0f s", len(held), wait)
                self._clock.sleep(wait)

    def _is_over(self, budget: Budget) -> bool:
        return budget.is_over(self._clock.now())

    def _round(
        self,
        downloads: dict[str, Download],
        held: dict[str, Suspect],
        evidence: Evidence,
        *,
        threads: int,
        budget: Budget,
    ) -> Iterator[Download]:
        """Ask once for everything that is missing; what cannot be had now is in ``held`` in the end."""
        while wanted := budget.within(found for found in choose(downloads) if found.replay.id not in held):
            todo = deque(wanted)
            row: list[Suspect] = []
            while todo and not self._is_over(budget):
                for result in self._until_trouble(todo, row, threads=threads, budget=budget):
                    evidence.note(result)
                    if isinstance(result, Suspect):
                        row.append(result)
                        held[result.id] = result
                    else:
                        # What came back before this call began is no trouble that still lasts.
                        row[:] = [suspect for suspect in row if suspect.ended > result.began]
                        if not row:
                            self._patience.over()
                        yield result.download
                if _is_trouble(row):
                    if (trouble := evidence.trouble(row, todo)) is not None:
                        self._wait_out(trouble, evidence, held, budget, todo)
                    row.clear()
            if self._is_over(budget):
                return

    def _wait_out(
        self,
        trouble: FetchError,
        evidence: Evidence,
        held: dict[str, Suspect],
        budget: Budget,
        todo: deque[Download] | None = None,
    ) -> None:
        """Wait until the service works, or the time of the run is over."""
        found: FetchError | None = trouble
        while found is not None:
            self._patience.wait(found)
            if self._is_over(budget):
                return
            found = evidence.trouble(held.values(), todo, again=True)
        self._patience.over()

    def _until_trouble(
        self, todo: deque[Download], row: list[Suspect], *, threads: int, budget: Budget
    ) -> Iterator[Suspect | Had]:
        """Yield what becomes of downloads until there are no more, or several in a row fail."""
        running: set[Future[Suspect | Had]] = set()
        with ThreadPoolExecutor(threads, thread_name_prefix="download") as pool:
            try:
                while True:
                    while len(running) < threads and not _is_trouble(row) and todo and not self._is_over(budget):
                        budget.asked.add(todo[0].replay.id)
                        running.add(pool.submit(self._one, todo.popleft()))
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            except BaseException:
                # Threads that wait for their turn must not keep an interrupted run alive.
                self._clock.stop()
                raise

    def _one(self, download: Download) -> Suspect | Had:
        """Download one replay, or return why it cannot be had now; such a failure is not written down yet."""
        began = next(self._moments)
        try:
            had = self._verified(download)
        except NotFoundError as error:
            lost = _lost(download, Outcome.GONE, Reason.GONE, str(error))
        except ForbiddenError as error:
            lost = _lost(download, Outcome.FORBIDDEN, Reason.FORBIDDEN, str(error))
        except CorruptReplay as error:
            lost = _lost(download, Outcome.FAILED, Reason(error.reason), error.detail)
        except NameTaken as error:
            return self._over(_lost(download, Outcome.FAILED, Reason.KEPT_FILE_DAMAGED, str(error)), began)
        except TooLong as error:
            lost = _lost(download, Outcome.FAILED, Reason.TOO_LARGE, f"{error} (fetch.max_replay_mb)")
            # Its size stays where no file is there, so that a larger limit tries again.
            return self._over(replace(lost, bytes=error.size) if download.sha256 is None else lost, began)
        except (*TROUBLE, AuthError) as error:
            lost = _lost(download, Outcome.FAILED, Reason.DOWNLOAD_FAILED, str(error))
            return Suspect(download, lost, error, next(self._moments))
        else:
            return self._over(had, began)
        return Suspect(download, lost, None, next(self._moments))

    def _over(self, found: Download, began: int) -> Had:
        """Write down what became of a replay at once."""
        self._ledger.record([found], at=self._clock.now())
        return Had(found, began)

    def _ended(self, suspect: Suspect) -> Download:
        """Write down that a replay cannot be had, and when a later run asks for it again."""
        lost, now = suspect.lost, self._clock.now()
        before = suspect.before
        if suspect.error is not None and before.retry_at is not None and before.retry_at > now:
            lost = replace(lost, attempts=before.attempts, retry_at=before.retry_at)
        elif suspect.error is not None:
            lost = replace(lost, retry_at=now + RETRY_SECONDS[min(lost.attempts, len(RETRY_SECONDS)) - 1])
        self._ledger.record([lost], at=now)
        log.info("replay %s: %s (%s)", lost.replay.replay_id, lost.outcome.value, lost.detail)
        return lost

    def _verified(self, download: Download) -> Download:
        """Download one replay until its bytes are right, or the same wrong ones come twice."""
        digests: set[bytes] = set()
        while True:
            content = self._client.get_file(download.replay.id)
            try:
                kept = self._folder.keep(download, content, listed=self._recordings)
            except CorruptReplay as error:
                digest = hashlib.sha256(content).digest()
                if digest in digests:
                    raise
                digests.add(digest)
                if len(digests) >= CONTENT_TRIES:
                    raise UnexpectedResponse(
                        f"the server gives other bytes each time, and never a good replay ({error})"
                    ) from error
                continue
            return replace(kept, attempts=download.attempts + 1, retry_at=None)


def _is_trouble(row: list[Suspect]) -> bool:
    """Tell whether so much failed in a row that the service has to be looked at; refusals of an hour or the key speak for all."""
    return len(row) >= FAULTS_IN_A_ROW or any(isinstance(suspect.error, RateLimited | AuthError) for suspect in row)


def _lost(download: Download, outcome: Outcome, reason: Reason, detail: str) -> Download:
    return replace(
        download,
        outcome=outcome,
        reason=reason.value,
        detail=detail,
        attempts=download.attempts + 1,
        retry_at=None,
    )
