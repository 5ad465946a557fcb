"""What is looked after while a program of a long run works: snapshots, heartbeat, disk, stall, the spot market's notice."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from impulse.errors import StageError
from impulse.sharing.long_run.disk import Disk
from impulse.sharing.long_run.heartbeat import Heartbeat, span
from impulse.sharing.long_run.notify import Notifier, State
from impulse.sharing.long_run.progress import Progress, progress_of
from impulse.sharing.long_run.settings import Settings
from impulse.sharing.long_run.snapshots import Snapshots
from impulse.sharing.long_run.spot import SpotNotice

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Time between two looks at disk and spot notice."""
BEAT_SECONDS = 300.0
"""Time between heartbeats, unless snapshots come oftener."""
FETCH = "fetch"
START = "start"


class SpotInterruption(Exception):
    """The spot market takes the machine; all that can be saved is."""


class Watch:
    """Looks after one run. Nothing that fails here ends it, but a full disk, another checkout and the spot market's notice."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        snapshots: Snapshots,
        notifier: Notifier,
        spot: SpotNotice,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            root: the checkout.
            settings: how often, and how long.
            snapshots: receives snapshots and heartbeats.
            notifier: tells of a stall and of a disk that will be too small.
            spot: says when the machine is about to be taken.
            clock: seconds that count up.
        """
        self.disk = Disk(root, settings.floor_bytes)
        self.step = START
        """What the run is at."""
        self._root = root
        self._settings = settings
        self._snapshots = snapshots
        self._heartbeat: Heartbeat | None = None
        self._notifier = notifier
        self._spot = spot
        self._clock = clock
        self._beat_seconds = min(BEAT_SECONDS, settings.snapshot_seconds)
        self._saved_at = self._moved_at = clock()
        self._beaten_at: float | None = None
        self._last, self._expected = Progress(), 0
        self._is_stalled = self._is_short = False

    @property
    def look_seconds(self) -> float:
        """Return the time between two calls of :meth:`look`."""
        return max(0.05, min(LOOK_SECONDS, self._beat_seconds))

    def begin(self, step: str) -> None:
        """Note that the run comes to another step.

        Raises:
            ConfigError: the disk is full.
        """
        self.step = step
        self._moved_at = self._clock()
        self.disk.refuse_full()
        self.beat()

    def look(self) -> None:
        """Do what is due; called every few seconds.

        Raises:
            ConfigError: the disk is full, or another checkout collects into the same remote.
            SpotInterruption: the machine is about to be taken; ledger and heartbeat are saved.
        """
        if self._spot.is_given():
            self.save()
            self.beat(State.INTERRUPTED)
            counts = progress_of(self._root).counts
            self._notifier.tell(State.INTERRUPTED, "the spot market takes the machine", counts, tries=1)
            raise SpotInterruption
        self.disk.refuse_full()
        now = self._clock()
        if now - self._saved_at >= self._settings.snapshot_seconds:
            self.save()
            self._saved_at = self._clock()
        if self._beaten_at is None or now - self._beaten_at >= self._beat_seconds:
            self._watch_progress()
            self.beat()

    def save(self) -> None:
        """Make a snapshot; a remote that does not work now must not end a download that does.

        Raises:
            ConfigError: another checkout collects into the same remote.
        """
        try:
            self._snapshots.save()
        except StageError as error:
            log.info("no snapshot this time: %s", error)

    def beat(self, state: State = State.RUNNING, reason: str = "") -> None:
        """Say in the remote that the run is alive, or how it ended; where that fails the run goes on."""
        self._beaten_at = self._clock()
        if state is State.RUNNING and self._is_stalled:
            state, reason = State.STALLED, f"no new replay for {span(self._beaten_at - self._moved_at)}"
        try:
            if self._heartbeat is None:
                self._heartbeat = self._snapshots.heartbeat()
            self._heartbeat.write(
                state,
                step=self.step,
                every_seconds=self._beat_seconds,
                reason=self._notifier.plain(reason),
                counts=progress_of(self._root).counts,
            )
        except (StageError, OSError) as error:
            log.info("no heartbeat this time: %s", error)

    def say_disk(self) -> None:
        """Say what the disk has and what the build will take; tell somebody, once, when that is not enough."""
        progress = progress_of(self._root)
        line, is_enough = self.disk.need(progress)
        if not is_enough and not self._is_short:
            self._is_short = True
            line = f"{line}; enlarge the disk before the build, the download needs none of it"
            log.info("%s", line)
            self._notifier.tell(State.SHORT_OF_DISK, line, progress.counts)
        elif self.step != FETCH:
            log.info("%s", line)

    def _watch_progress(self) -> None:
        """Tell somebody when a download does not get on, and when it does again."""
        if self.step != FETCH:
            return
        found = progress_of(self._root)
        if not found.is_known:
            return
        if found.expected != self._expected:
            self._expected = found.expected
            self.say_disk()
        if (found.downloaded, found.listed) != (self._last.downloaded, self._last.listed):
            self._last, self._moved_at = found, self._clock()
            if self._is_stalled:
                self._is_stalled = False
                self._notifier.tell(State.RESUMED, "new replays come again", found.counts)
            return
        waited = self._clock() - self._moved_at
        if self._settings.stall_seconds and waited >= self._settings.stall_seconds and not self._is_stalled:
            self._is_stalled = True
            reason = f"no new replay and no new list for {span(waited)}; the run goes on and tries again"
            log.info("%s", reason)
            self._notifier.tell(State.STALLED, reason, found.counts)
