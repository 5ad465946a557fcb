"""When a long run was last heard of, at what, and how it ended: one small object for each checkout in the remote.

Each checkout has its own, so that one that was refused says so and does not speak for the one that works.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from impulse.errors import StageError
from impulse.s3.bucket import S3Bucket
from impulse.sharing.long_run.notify import State

NAME = "heartbeat-"
"""Start of the object's name; the checkout's follows."""
SILENT_SECONDS = 1800.0
"""Without a word for so long, and for three times what was announced, a run is taken for dead."""
WAITS_SECONDS = 2 * 3600.0
"""The same for one that failed and is to be started again; its waits grow to an hour."""
SHOWN = 3
"""Checkouts whose last words are shown at most."""
_MAX_BYTES = 10_000


class Heartbeat:
    """Writes the object of one checkout. Errors of the store are those of :class:`S3Bucket`."""

    def __init__(self, bucket: S3Bucket, maker: str, *, now: Callable[[], float] = time.time) -> None:
        self._bucket = bucket
        self._name = NAME + maker
        self._now = now

    def write(self, state: State, *, step: str, every_seconds: float, reason: str, counts: Mapping[str, int]) -> None:
        """Say that the run is alive, or how it ended.

        Args:
            state: what it is.
            step: what it is at: fetch, build, push.
            every_seconds: when the next word is to be expected.
            reason: why, one line without secrets.
            counts: replays by outcome.
        """
        content = {
            "state": state.value,
            "step": step,
            "at": datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds"),
            "every_seconds": round(every_seconds),
            "reason": reason,
            "counts": dict(counts),
        }
        self._bucket.write(self._name, json.dumps(content).encode())

    def replace(self, maker: str) -> None:
        """Remove the object of a checkout that this one goes on from."""
        if NAME + maker != self._name:
            self._bucket.remove(NAME + maker)


def heartbeat_lines(bucket: S3Bucket, *, now: float) -> list[str]:
    """Return the last words of the checkouts that use a remote, newest first; of one that can be read.

    Args:
        bucket: the folder of long runs.
        now: time in seconds since 1970.
    """
    found = [words for name in bucket.objects(again=True) if name.startswith(NAME) if (words := _read(bucket, name))]
    found.sort(key=lambda words: words["seconds"], reverse=True)
    return [_line(words, now) for words in found[:SHOWN]]


def _read(bucket: S3Bucket, name: str) -> dict[str, Any] | None:
    try:
        words: dict[str, Any] = json.loads(bucket.read(name, _MAX_BYTES))
        return {
            "seconds": datetime.fromisoformat(words["at"]).timestamp(),
            "state": State(words["state"]),
            "every": float(words["every_seconds"]),
            **{key: "".join(filter(str.isprintable, str(words[key]))) for key in ("step", "reason")},
        }
    except (StageError, ValueError, KeyError, TypeError):  # it was just removed, or somebody else's
        return None


def _line(words: Mapping[str, Any], now: float) -> str:
    age = max(0.0, now - words["seconds"])
    ago, step, reason = span(age), words["step"], words["reason"]
    match words["state"]:
        case State.FAILED:
            line = f"failed {ago} ago, in step {step}: {reason}; it is started again by itself"
            return line if age < WAITS_SECONDS else f"{line}, but it has died or lost the network since"
        case State.BLOCKED:
            return f"ended {ago} ago, in step {step}, and needs a change: {reason}"
        case State.INTERRUPTED:
            return (
                f"interrupted by the spot market {ago} ago, in step {step}; another machine goes on from the snapshot"
            )
        case State.STOPPED:
            return f"stopped on request {ago} ago, in step {step}; start the service again to go on"
        case State.FINISHED:
            return f"last heard of {ago} ago, when it had finished"
    if age > max(SILENT_SECONDS, 3 * words["every"]):
        return f"silent for {ago}, last in step {step}: it has died or lost the network"
    return f"last heard of {ago} ago, in step {step}" + (f": {reason}" if reason else "")


def span(seconds: float) -> str:
    """Return a time in its largest unit that says enough."""
    for unit, size, name in ((48 * 3600, 86400, "days"), (2 * 3600, 3600, "h"), (120, 60, "min")):
        if seconds >= unit:
            return f"{seconds // size:.0f} {name}"
    return f"{seconds:.0f} s"
