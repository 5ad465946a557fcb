"""Waiting while the service does not work: bounded, written into the ledger for ``impulse status``, and over by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from impulse.collection.durations import duration
from impulse.collection.ledger import Ledger
from impulse.collection.pacing import HOUR, Clock
from impulse.errors import (
    BadRequest,
    FetchError,
    ForbiddenError,
    NotFoundError,
    Outage,
    RateLimited,
    ServerError,
    UnexpectedResponse,
)

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_WAIT_SECONDS = 30.0
MAX_WAIT_SECONDS = 600.0
"""Between two looks at a service that does not work; it is asked too seldom to be a burden, and often enough to lose little."""
FACTS = ("outage_since", "outage_until", "outage_next", "outage_detail")
"""Facts of the ledger about an outage that is waited out; empty when there is none. One that was given up has no next look."""
TRIES_WHILE_WORKING = 5
"""Looks at a call that fails while the server answers others; then it is that call's own trouble."""

TROUBLE = (ServerError, UnexpectedResponse, RateLimited)
"""What may be the service's trouble and pass."""
REFUSALS = (NotFoundError, ForbiddenError)
"""What is the service's trouble only where it also says so of everything else."""


class Patience:
    """How long a run waits for a service that does not work, in each outage."""

    def __init__(self, ledger: Ledger, clock: Clock, *, hours: float, until: float | None = None) -> None:
        """Prepare.

        Args:
            ledger: is told of outages.
            clock: time and waiting.
            hours: how long an outage is waited out.
            until: time in seconds since 1970 at which the run ends anyway.
        """
        self._ledger = ledger
        self._clock = clock
        self._seconds = hours * HOUR
        self._until = until
        self._since: float | None = None
        self._waits = 0
        self._is_noted = bool(ledger.fact(FACTS[0]))
        """The ledger tells of an outage, perhaps one that an earlier run was in when it ended."""

    def bounded(self, seconds: float) -> float:
        """Return a wait that is no longer than a tenth of what an outage may last; settings with no patience wait for nothing."""
        return min(seconds, self._seconds / 10)

    def pause(self, seconds: float) -> None:
        """Wait before something is asked again."""
        self._clock.sleep(self.bounded(seconds))

    def wait(self, error: FetchError) -> None:
        """Wait before the next look at the service, longer each time.

        Args:
            error: what is wrong; the server may have said how long it takes.

        Raises:
            Outage: it has lasted too long, or the run has.
        """
        now = self._clock.now()
        since = self._since = now if self._since is None else self._since
        end = self._end(since)
        if now >= end:
            self._note(since, now, "", error)
            limit = "outage_patience says how long a run waits" if self._until != end else "max_hours ends a run"
            raise Outage(
                f"the service has not worked for {duration(now - since)} ({error}); run again later to go on where this "
                f"ended (fetch.{limit})"
            )
        asked = getattr(error, "retry_after", None) or 0.0
        wait = max(min(FIRST_WAIT_SECONDS * 2**self._waits, MAX_WAIT_SECONDS), asked)
        wait = min(wait, end - now)
        self._waits += 1
        self._note(since, end, now + wait, error)
        log.warning("the service does not work (%s); looking again in %s", error, duration(wait))
        self._clock.sleep(max(wait, 0.0))

    def over(self) -> None:
        """Note that the service works again."""
        if self._since is not None:
            log.info("the service works again after %s", duration(self._clock.now() - self._since))
        self._since, self._waits = None, 0
        if self._is_noted:
            self._ledger.set_facts(dict.fromkeys(FACTS, ""))
            self._is_noted = False

    def _note(self, *values: object) -> None:
        self._ledger.set_facts(dict(zip(FACTS, map(str, values), strict=True)))
        self._is_noted = True

    def call(self, call: Callable[[], Answer], *, ping: Callable[[], object]) -> Answer:
        """Return what a call gives, once the service works.

        Args:
            call: the call.
            ping: a call that always works while the server does.

        Raises:
            Outage: the service has not worked for too long.
            FetchError: this call alone does not work, or will not with these settings.
        """
        alone = 0
        while True:
            try:
                answer = call()
            except BadRequest:
                raise
            except (*TROUBLE, *REFUSALS) as error:
                trouble = error
            else:
                self.over()
                return answer
            works = _works(ping)
            if works and isinstance(trouble, REFUSALS):
                self.over()
                raise trouble
            alone += works
            if alone >= TRIES_WHILE_WORKING or (alone and self._is_over()):
                self.over()
                raise trouble
            self.wait(trouble)

    def _is_over(self) -> bool:
        now = self._clock.now()
        return now >= self._end(now if self._since is None else self._since)

    def _end(self, since: float) -> float:
        """Return when an outage is waited for no longer, in seconds since 1970."""
        end = since + self._seconds
        return end if self._until is None else min(end, self._until)


def _works(ping: Callable[[], object]) -> bool:
    try:
        ping()
    except (*TROUBLE, *REFUSALS):
        return False
    return True
