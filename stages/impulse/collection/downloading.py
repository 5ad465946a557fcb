"""Downloading replays: several at a time, each verified before it gets its name, each outcome written down at once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from impulse.collection.client import BallchasingClient
from impulse.collection.folder import ReplayFolder
from impulse.collection.ledger import Download, Ledger, Outcome
from impulse.collection.pacing import Clock
from impulse.errors import (
    CorruptReplay,
    ForbiddenError,
    NameTaken,
    NotFoundError,
    ServerError,
    TooLong,
    UnexpectedResponse,
)
from impulse.replay.reasons import Reason

log = logging.getLogger(__name__)

CONTENT_TRIES = 3
"""Downloads of a file whose bytes are wrong each time in another way."""
FAULTS_IN_A_ROW = 5
"""So many files in a row that fail by the server's fault raise the question whether it works at all."""


@dataclass(slots=True)
class Budget:
    """How much one run may do."""

    replays: int | None
    until: float | None
    """Time in seconds since 1970."""
    started: int = 0

    def is_spent(self, now: float) -> bool:
        """Tell whether no further download may start."""
        return (self.replays is not None and self.started >= self.replays) or (
            self.until is not None and now >= self.until
        )


class Downloader:
    """Downloads replays through one client into one folder."""

    def __init__(self, client: BallchasingClient, ledger: Ledger, folder: ReplayFolder, clock: Clock) -> None:
        self._client = client
        self._ledger = ledger
        self._folder = folder
        self._clock = clock

    def download(self, wanted: Iterable[Download], *, threads: int, budget: Budget) -> Generator[Download, None, None]:
        """Yield what became of each replay as it is known; stop starting new ones when the budget is spent.

        Raises:
            AuthError: the server refuses the key.
            RateLimited: the server kept asking to wait for over an hour.
            ServerError: the server does not work; what failed because of that stays pending.
        """
        faults: list[Download] = []
        for download, is_fault in self._in_threads(wanted, threads=threads, budget=budget):
            if is_fault:
                faults.append(download)
            if len(faults) >= FAULTS_IN_A_ROW:
                self._check_server()
            if not is_fault or len(faults) >= FAULTS_IN_A_ROW:
                self._ledger.record(faults, at=self._clock.now())
                faults = []
            yield download
        if faults:
            self._check_server()
            self._ledger.record(faults, at=self._clock.now())

    def _in_threads(
        self, wanted: Iterable[Download], *, threads: int, budget: Budget
    ) -> Iterator[tuple[Download, bool]]:
        todo = iter(wanted)
        running: set[Future[tuple[Download, bool]]] = set()
        with ThreadPoolExecutor(threads, thread_name_prefix="download") as pool:
            try:
                while True:
                    while len(running) < threads and not budget.is_spent(self._clock.now()):
                        download = next(todo, None)
                        if download is None:
                            break
                        budget.started += 1
                        running.add(pool.submit(self._one, download))
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            except BaseException:
                # Threads that wait for their turn must not keep an interrupted run alive.
                self._clock.stop()
                raise

    def _check_server(self) -> None:
        try:
            self._client.ping()
        except ServerError as error:
            raise ServerError(f"the server does not answer as it should ({error}); run again later to go on") from error

    def _one(self, download: Download) -> tuple[Download, bool]:
        """Download one replay; the second value says whether a fault of the server prevented it.

        Such a fault is not written down here: it is the replay's fault only if the server works otherwise.
        """
        is_fault = False
        try:
            download = self._verified(download)
        except NotFoundError as error:
            download = _lost(download, Outcome.GONE, Reason.GONE, str(error))
        except ForbiddenError as error:
            download = _lost(download, Outcome.FORBIDDEN, Reason.FORBIDDEN, str(error))
        except CorruptReplay as error:
            download = _lost(download, Outcome.FAILED, Reason(error.reason), error.detail)
        except NameTaken as error:
            download = _lost(download, Outcome.FAILED, Reason.KEPT_FILE_DAMAGED, str(error))
        except TooLong as error:
            download = _lost(download, Outcome.FAILED, Reason.TOO_LARGE, f"{error} (fetch.max_replay_mb)")
            if download.sha256 is None:
                download = replace(download, bytes=error.size)  # so that a larger limit tries again
        except (ServerError, UnexpectedResponse) as error:
            is_fault = isinstance(error, ServerError)
            download = _lost(download, Outcome.FAILED, Reason.DOWNLOAD_FAILED, str(error))
        if not is_fault:
            self._ledger.record([download], at=self._clock.now())
        if download.outcome is not Outcome.DOWNLOADED:
            log.info("replay %s: %s (%s)", download.replay.replay_id, download.outcome.value, download.detail)
        return download, is_fault

    def _verified(self, download: Download) -> Download:
        """Download one replay until its bytes are right, or the same wrong ones come twice."""
        digests: set[bytes] = set()
        while True:
            content = self._client.get_file(download.replay.id)
            try:
                kept = self._folder.keep(download, content)
            except CorruptReplay:
                digest = hashlib.sha256(content).digest()
                if digest in digests or len(digests) + 1 >= CONTENT_TRIES:
                    raise
                digests.add(digest)
                continue
            return replace(kept, attempts=download.attempts + 1)


def _lost(download: Download, outcome: Outcome, reason: Reason, detail: str) -> Download:
    return replace(download, outcome=outcome, reason=reason.value, detail=detail, attempts=download.attempts + 1)
