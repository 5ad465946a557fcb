"""A Dask cluster whose workers are processes that see no folder of a test, each on a network of its own.

A worker has its own mounts, in which a folder is covered by an empty disk in memory, and where the system lets us a network of
its own, whose only way out is a cable to this machine; else it shares the loopback. Its address is then that of the cable.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.paths import ROOT, STAGES
from tests.s3.server import free_ports

_numbers = itertools.count(os.getpid() % 200 * 60)

READY_SECONDS = 60.0


def _succeeds(*command: str) -> bool:
    return bool(shutil.which(command[0])) and subprocess.run(command, check=False, capture_output=True).returncode == 0


def _has_cables() -> bool:
    """Tell whether networks of their own can be had, and connected."""
    if not _succeeds("unshare", "--mount", "--net", "true"):
        return False
    return _succeeds("ip", "link", "add", "imp-try0", "type", "veth", "peer", "name", "imp-try1") and _succeeds(
        "ip", "link", "del", "imp-try0"
    )


def can_isolate() -> bool:
    """Tell whether processes can have mounts of their own here."""
    return _succeeds("unshare", "--map-root-user", "--mount", "true")


class Sandboxes:
    """A scheduler and workers; all end with the block."""

    def __init__(self, hidden: Path, *, workers: int = 0, **env: str) -> None:
        """Start them.

        Args:
            hidden: an absolute folder that no worker sees; each has an empty one in its place.
            workers: how many to start with.
            env: further variables of the workers.
        """
        self._hidden, self._has_cables = hidden, _has_cables()
        code = os.pathsep.join((str(ROOT), str(STAGES)))
        self._env = {**os.environ, "PYTHONPATH": code, "DASK_DISTRIBUTED__WORKER__DAEMON": "False", **env}
        (self._port,) = free_ports(1)
        self.address = f"tcp://127.0.0.1:{self._port}"
        where = ("--host", "0.0.0.0" if self._has_cables else "127.0.0.1", "--port", str(self._port))
        self.scheduler = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", *where, "--no-dashboard", "--no-show"],
            env=self._env,
            stderr=subprocess.DEVNULL,
        )
        self.workers = [self.start_worker() for _ in range(workers)]

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker, which connects in its own time."""
        number = next(_numbers)
        inside = f"read go; mount -t tmpfs none {self._hidden}; cd {self._hidden}; exec "
        host, address = "127.0.0.1", self.address
        flags = ["--map-root-user", "--mount"]
        if self._has_cables:
            block = f"10.213.{number // 60 % 250}.{number % 60 * 4}"
            here, there = (block.rpartition(".")[0] + f".{number % 60 * 4 + last}" for last in (1, 2))
            host, address, flags = there, f"tcp://{here}:{self._port}", ["--mount", "--net"]
        command = (
            f"{sys.executable} -m distributed.cli.dask_worker {address} --host {host} --nthreads 1 --no-nanny "
            f"--no-dashboard --name sandbox-{number} --local-directory {self._hidden}"
        )
        worker = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", inside + command],
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if self._has_cables:
            self._connect(worker.pid, f"imp{number}", here, there)
        assert worker.stdin is not None
        worker.stdin.write(b"go\n")
        worker.stdin.close()
        return worker

    @staticmethod
    def _connect(pid: int, name: str, here: str, there: str) -> None:
        """Lay a cable from this machine into the network of a process."""
        own = Path("/proc/self/ns/net").readlink()
        deadline = time.monotonic() + READY_SECONDS
        while Path(f"/proc/{pid}/ns/net").readlink() == own:
            assert time.monotonic() < deadline, "the process has no network of its own"
            time.sleep(0.01)
        inside = ("nsenter", f"--target={pid}", "--net")
        for command in (
            ("ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b"),
            ("ip", "link", "set", f"{name}b", "netns", str(pid)),
            ("ip", "addr", "add", f"{here}/30", "dev", f"{name}a"),
            ("ip", "link", "set", f"{name}a", "up"),
            (*inside, "ip", "addr", "add", f"{there}/30", "dev", f"{name}b"),
            (*inside, "ip", "link", "set", "lo", "up"),
            (*inside, "ip", "link", "set", f"{name}b", "up"),
        ):
            subprocess.run(command, check=True, capture_output=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (*self.workers, self.scheduler):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
