"""The programs of a long run, one at a time, and the request to stop, which they get as Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from impulse.errors import EXIT_CONFIG

_EXITED_WITH = re.compile(r"exited with (\d+)")
"""How DVC reports the exit code of a stage; its own is always the same."""


class Children:
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
        command: Sequence[str],
        *,
        variables: Mapping[str, str] | None = None,
        every_seconds: float | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> int:
        """Run a program to its end and return its exit code.

        Args:
            command: the program, found in the folder of this Python first.
            variables: further environment.
            every_seconds: time between calls of ``meanwhile``.
            meanwhile: what to do while the program runs.
        """
        if self.is_stopping:
            return -signal.SIGINT
        self._running = self._start(command, variables or {}, stderr=None)
        if self.is_stopping:
            self._stop()
        try:
            while True:
                try:
                    return self._running.wait(every_seconds if meanwhile else None)
                except subprocess.TimeoutExpired:
                    if meanwhile is not None and not self.is_stopping:
                        meanwhile()
        except BaseException:
            self._stop()
            self._running.wait()
            raise
        finally:
            self._running = None

    def run_dvc(self, *arguments: str, variables: Mapping[str, str] | None = None) -> int:
        """Run dvc; a stage's request for a change of settings becomes the exit code."""
        if self.is_stopping:
            return -signal.SIGINT
        wants_change = False
        self._running = self._start(["dvc", *arguments], variables or {}, stderr=subprocess.STDOUT)
        if self.is_stopping:
            self._stop()
        try:
            assert self._running.stdout is not None
            for line in self._running.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                wants_change |= str(EXIT_CONFIG) in _EXITED_WITH.findall(line)
            code = self._running.wait()
        finally:
            self._running = None
        return EXIT_CONFIG if code and wants_change else code

    def _start(
        self, command: Sequence[str], variables: Mapping[str, str], *, stderr: int | None
    ) -> subprocess.Popen[str]:
        # A group of its own: a signal for it then also reaches the stage below dvc, and none reaches it twice.
        return subprocess.Popen(
            command,
            cwd=self._root,
            env={**self._environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=None if stderr is None else subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def _stop(self) -> None:
        self.is_stopping = True
        if self._running is not None and self._running.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGINT)
