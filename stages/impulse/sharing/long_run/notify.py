"""Word of a run to whoever started it: to a URL, or through a command. That this fails is one line and stops nothing."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import requests

from impulse.errors import ConfigError
from impulse.files.output import write_json
from impulse.sharing.long_run.programs import end

log = logging.getLogger(__name__)

VARIABLE = "IMPULSE_NOTIFY"
"""A URL that gets JSON by POST, or a command of the shell that gets a line on its input; many a URL is a secret."""
TRIES = 3
WAIT_SECONDS = (2.0, 8.0)
"""Before the second and the third try."""
TIMEOUTS = (5.0, 10.0)
"""Seconds to connect, and to wait for the answer."""
COMMAND_SECONDS = 30.0
AGAIN_SECONDS = 12 * 3600.0
"""How long the same word is not said again, whatever is started meanwhile."""
MAX_REASON = 500
"""Characters of a reason."""
_SECRET_WORDS = ("KEY", "SECRET", "TOKEN", "PASSWORD", VARIABLE)
_MIN_SECRET = 6
"""Characters from which on the value of a variable is taken for a secret and not for a number or a word such as yes."""


class State(StrEnum):
    """What there is to say of a run; also how its last heartbeat ended."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    """It is started again by itself."""
    BLOCKED = "blocked"
    """Somebody has to change something first."""
    STALLED = "stalled"
    RESUMED = "resumed"
    """New replays come again after it had stalled."""
    SHORT_OF_DISK = "short of disk"
    INTERRUPTED = "interrupted"
    """The spot market takes the machine."""
    STOPPED = "stopped"
    """On request."""


class Notifier:
    """Says a thing once. What is said names no file of this machine, and holds no value of a variable that may be a secret."""

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        *,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Read where to.

        Args:
            root: the checkout.
            environ: the environment; a command gets it as well.
            sleep: waits between two tries.
            now: time in seconds since 1970.
        """
        self._to = environ.get(VARIABLE, "").strip()
        self._is_url = self._to.lower().startswith(("http:", "https:"))
        self._root = root
        self._environ = environ
        self._secrets = {
            value
            for name, value in environ.items()
            if any(word in name for word in _SECRET_WORDS) and not name.endswith(("_PARAMETER", "_FILE"))
        }
        self._memory = root / ".state" / "long-run-told.json"
        self._sleep = sleep
        self._now = now

    def check(self) -> None:
        """Refuse what nobody could be told by.

        Raises:
            ConfigError: what looks like a URL is none.
        """
        try:
            is_good = not self._is_url or bool(urlsplit(self._to).hostname)
        except ValueError:
            is_good = False
        if not is_good:
            raise ConfigError(
                VARIABLE, "is no URL of the form https://host/path"
            )  # without its text, which is a secret

    @property
    def has_said_nothing(self) -> bool:
        """Tell whether this checkout has not told anybody anything yet."""
        return not self._memory.exists()

    def hide(self, secrets: Iterable[str]) -> None:
        """Say none of these either."""
        self._secrets.update(secrets)

    def plain(self, reason: str) -> str:
        """Return a reason as it may leave this machine: one line, without its paths and secrets."""
        line = " ".join(reason.split())
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) >= _MIN_SECRET:
                line = line.replace(secret, "***")
        return line.replace(f"{self._root}/", "").replace(str(self._root), "the checkout")[:MAX_REASON]

    def tell(self, state: State, reason: str, counts: Mapping[str, int], *, tries: int = TRIES) -> bool:
        """Say what became of the run, unless the same was said lately.

        Args:
            state: what it is.
            reason: why, or what came of it; :meth:`plain` is said.
            counts: replays by outcome.
            tries: how often it is tried.

        Returns:
            Whether somebody took it.
        """
        message = {"state": state.value, "reason": self.plain(reason), "counts": dict(counts)}
        if not self._to or self._is_known(message):
            return False
        figures = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        text = f"impulse: {state}: {message['reason']}" + (f" ({figures})" if figures else "")
        at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")
        content = {"text": text, **message, "at": at}
        failure: str | None = None
        for attempt in range(tries):
            if attempt:
                self._sleep(WAIT_SECONDS[min(attempt, len(WAIT_SECONDS)) - 1])
            failure = self._post(content) if self._is_url else self._call(content)
            if failure is None:
                with suppress(OSError):  # a full disk
                    write_json(self._memory, {**message, "at": self._now()})
                return True
        log.info("nobody could be told that the run is %s: %s", state, failure)
        return False

    def _is_known(self, message: Mapping[str, object]) -> bool:
        """Tell whether the last word was the same: the end once for all, anything else lately and but for its figures."""
        try:
            last = json.loads(self._memory.read_text(encoding="utf-8"))
            if last["state"] != message["state"]:
                return False
            if message["state"] == State.FINISHED:
                return bool(last["counts"] == message["counts"])
            is_fresh = self._now() - float(last["at"]) < AGAIN_SECONDS
            return is_fresh and _words(last["reason"]) == _words(message["reason"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _post(self, content: Mapping[str, object]) -> str | None:
        """Send it; return what failed, without the address."""
        headers = {"Content-Type": "application/json", "Title": f"impulse: {content['state']}"}  # the title is for ntfy
        body = json.dumps(content).encode()
        try:
            with (
                requests.Session() as session,
                # Of the answer nothing but the status is read, however long it is.
                session.post(
                    self._to, data=body, headers=headers, timeout=TIMEOUTS, allow_redirects=False, stream=True
                ) as answer,
            ):
                is_taken = 200 <= answer.status_code < 300
                return None if is_taken else f"the receiver answers {answer.status_code}"
        except (requests.RequestException, OSError, ValueError) as error:
            return f"the receiver of {VARIABLE} cannot be reached ({type(error).__name__})"

    def _call(self, content: Mapping[str, object]) -> str | None:
        """Run the command; return what failed."""
        variables = {
            "IMPULSE_STATE": str(content["state"]),
            "IMPULSE_REASON": str(content["reason"]),
            "IMPULSE_TEXT": str(content["text"]),
            "IMPULSE_JSON": json.dumps(content),
        }
        try:
            with subprocess.Popen(
                self._to,
                shell=True,
                cwd=self._root,
                env={**self._environ, **variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                text=True,
                errors="replace",
            ) as process:
                try:
                    _, said = process.communicate(f"{content['text']}\n", timeout=COMMAND_SECONDS)
                except subprocess.TimeoutExpired:
                    end(process, by=getattr(signal, "SIGKILL", signal.SIGTERM))
                    process.wait()
                    return f"the command of {VARIABLE} took longer than {COMMAND_SECONDS:.0f} s"
        except OSError as error:
            return f"the command of {VARIABLE} cannot be run ({type(error).__name__})"
        if process.returncode == 0:
            return None
        return f"the command of {VARIABLE} ended with exit code {process.returncode} ({self.plain(said)})"


def _words(reason: object) -> str:
    return re.sub(r"\d+", "0", str(reason))
