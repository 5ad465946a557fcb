"""The programs of a long run, one at a time, and the request to stop, which they get as Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO

from impulse.errors import EXIT_CONFIG

_EXITED_WITH = re.compile(r"exited with (\d+)")
"""How DVC reports the exit code of a stage; its own is always the same."""
_ERROR = re.compile(r"[a-z][a-z -]*: error: (.+)")
"""How a stage says why it failed."""
_DVC_ERROR = re.compile(r"ERROR: (.+)")
LAST_WORDS_SECONDS = 5.0
"""How long it is waited for what a program that was ended still prints."""


class Programs:
    """Starts programs in the checkout. Signals reach them through here, so that this process can save what they did."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        """Prepare.

        Args:
            root: the checkout, working directory of all programs.
            environ: their environment, without the key.
        """
        self._root = root
        path = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}"
        self._environ = {**environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
        self._running: subprocess.Popen[str] | None = None
        self.is_stopping = False
        """True once somebody asked this process to end."""
        self.reason = ""
        """Why the last program failed, as it said itself."""
        self._wants_change = False

    def listen(self) -> None:
        """Take SIGTERM and SIGINT as the request to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())

    def wait(self, seconds: float, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """Let time pass, until somebody asks to stop."""
        while seconds > 0 and not self.is_stopping:
            sleep(min(1.0, seconds))
            seconds -= 1.0

    def run(
        self,
        *command: str,
        variables: Mapping[str, str] | None = None,
        every_seconds: float | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> int:
        """Run a program to its end and return its exit code; for dvc that of a stage that asks for other settings.

        Args:
            command: the program, found in the folder of this Python first.
            variables: further environment.
            every_seconds: time between calls of ``meanwhile``.
            meanwhile: what to do while the program runs; what it raises ends the program.
        """
        if self.is_stopping:
            return -signal.SIGINT
        self.reason, self._wants_change = "", False
        self._running = subprocess.Popen(
            command,
            cwd=self._root,
            env={**self._environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A group of its own: a signal for it also reaches the stage below dvc, and none reaches it twice.
            start_new_session=True,
        )
        if self.is_stopping:
            self._stop()
        assert self._running.stdout is not None
        reader = Thread(target=self._pass_on, args=(self._running.stdout,), daemon=True)
        reader.start()
        try:
            while reader.is_alive():  # until all that could still print has ended
                reader.join(every_seconds if meanwhile else None)
                if meanwhile is not None and reader.is_alive() and not self.is_stopping:
                    meanwhile()
            code = self._running.wait()
        except BaseException:
            self._stop()
            self._running.wait()
            reader.join(LAST_WORDS_SECONDS)
            raise
        finally:
            self._running = None
        return EXIT_CONFIG if code and command[0] == "dvc" and self._wants_change else code

    def _stop(self) -> None:
        self.is_stopping = True
        if self._running is not None and self._running.returncode is None:
            end(self._running, by=signal.SIGINT)

    def _pass_on(self, output: IO[str]) -> None:
        """Print what a program says, and keep why it failed: its stage's own words, or the last ones of DVC."""
        own = ""
        for line in output:
            with suppress(OSError):  # nobody reads; the program goes on
                sys.stdout.write(line)
                sys.stdout.flush()
            self._wants_change |= str(EXIT_CONFIG) in _EXITED_WITH.findall(line)
            if found := _ERROR.fullmatch(line.strip()):
                own = found[1]
            elif found := _DVC_ERROR.match(line):
                self.reason = found[1].strip()
        output.close()
        self.reason = own or self.reason


def end(process: subprocess.Popen[str], *, by: signal.Signals) -> None:
    """Send a signal to a program that has a group of its own, and to all that it started.

    Without process groups, as on Windows, only the program itself is ended: a stage below dvc then finishes by itself.
    """
    if not hasattr(os, "killpg"):
        process.terminate()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, by)
