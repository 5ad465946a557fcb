"""A machine that runs the service: a checkout, the unit's own command and environment file, and its sudden end."""

from __future__ import annotations

import configparser
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.paths import ROOT

AWS = ROOT / "deploy" / "aws"
UNIT = AWS / "impulse-collect.service"
SECONDS = 240
KEY = "k3y-of-the-tests-7f21"
"""Key of the service; unlike the server's own it is in no file of a checkout, so that it can be looked for."""


def unit_settings() -> dict[str, str]:
    """The [Service] section of the unit."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT.read_text())
    return dict(parser["Service"])


def processes_below(folder: Path) -> dict[int, str]:
    """Processes that work in a folder or below, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink().is_relative_to(folder):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
    return found


@dataclass
class Machine:
    """One machine. ``variables`` is what its environment file holds."""

    path: Path
    origin: Path
    variables: dict[str, str]
    log: Path = field(init=False)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        subprocess.run(["git", "clone", "-q", str(self.origin), str(self.path)], check=True)
        (self.path / ".venv").symlink_to(sys.prefix)
        self.environment_file = self.path.with_suffix(".env")
        self.environment_file.touch(mode=0o600)
        self.environment_file.write_text("".join(f"{name}={value}\n" for name, value in self.variables.items()))
        self.log = self.path.with_suffix(".log")

    def start(self) -> None:
        """Start the service as its unit says; nothing of this process's environment reaches it."""
        settings = unit_settings()
        checkout = settings["WorkingDirectory"]
        command = settings["ExecStart"].replace(checkout, str(self.path)).split()
        lines = self.environment_file.read_text().splitlines()
        environment = {
            **dict(line.split("=", 1) for line in lines if line and not line.startswith("#")),
            "PATH": os.defpath,
            "HOME": str(self.path.parent),
            "DVC_SITE_CACHE_DIR": str(self.path.with_suffix(".cache")),
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.path, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(SECONDS)

    def run(self) -> int:
        self.start()
        return self.wait()

    def kill(self) -> None:
        """SIGKILL for everything, as a power cut or systemd does it."""
        while found := processes_below(self.path):
            for pid in found:
                with_no_error(pid)
            time.sleep(0.01)
        if self.process is not None:
            self.process.wait(SECONDS)

    def lose(self) -> None:
        """The machine is gone with all its disks."""
        self.kill()
        for path in (self.path, self.path.with_suffix(".cache")):
            shutil.rmtree(path, ignore_errors=True)

    def content(self, folder: str) -> dict[str, bytes]:
        base = self.path / folder
        return {
            path.relative_to(base).as_posix(): path.read_bytes()
            for path in base.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }

    def output(self) -> str:
        return self.log.read_text()


def with_no_error(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def unsealed(content: bytes) -> bytes:
    """What an object of a long run holds, read without the code that wrote it."""
    assert hashlib.sha256(content[32:]).digest() == content[:32]
    return zlib.decompress(content[32:])


def wait_until(condition: Any, machine: Machine) -> None:
    """Wait for something that the machine does, and fail when it ends before."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert machine.process is not None
        assert machine.process.poll() is None, machine.output()
        assert time.monotonic() < deadline, machine.output()
        time.sleep(0.02)
