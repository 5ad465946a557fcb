"""The programs of a long run, one at a time, and the request to stop, which they get as Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from impulse.errors import EXIT_CONFIG

_EXITED_WITH = re.compile(r"exited with (\d+)")
"""How DVC reports the exit code of a stage; its own is always the same."""


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

    def listen(self) -> None:
        """Take SIGTERM and SIGINT as the request to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())

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
            meanwhile: what to do while the program runs.
        """
        if self.is_stopping:
            return -signal.SIGINT
        is_dvc = command[0] == "dvc"
        self._running = subprocess.Popen(
            command,
            cwd=self._root,
            env={**self._environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_dvc else None,
            stderr=subprocess.STDOUT if is_dvc else None,
            text=True,
            errors="replace",
            # A group of its own: a signal for it also reaches the stage below dvc, and none reaches it twice.
            start_new_session=True,
        )
        if self.is_stopping:
            self._stop()
        try:
            wants_change = _pass_on(self._running.stdout or ())
            code = None
            while code is None:
                try:
                    code = self._running.wait(every_seconds if meanwhile else None)
                except subprocess.TimeoutExpired:
                    if meanwhile is not None and not self.is_stopping:
                        meanwhile()
        except BaseException:
            self._stop()
            self._running.wait()
            raise
        finally:
            self._running = None
        return EXIT_CONFIG if code and wants_change else code

    def _stop(self) -> None:
        self.is_stopping = True
        if self._running is not None and self._running.returncode is None:
            _interrupt(self._running)


def _interrupt(process: subprocess.Popen[str]) -> None:
    """Ask a program and all that it started to end.

    Without process groups, as on Windows, only the program itself is ended: a stage below dvc then finishes by itself.
    """
    if not hasattr(os, "killpg"):
        process.terminate()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)


def _pass_on(output: Iterable[str]) -> bool:
    """Print what a program says; True when it reports a stage that asks for other settings."""
    wants_change = False
    for line in output:
        sys.stdout.write(line)
        sys.stdout.flush()
        wants_change |= str(EXIT_CONFIG) in _EXITED_WITH.findall(line)
    return wants_change
