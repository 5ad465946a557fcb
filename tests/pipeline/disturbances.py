"""What disturbs a build: files that go, processes that are killed, a disk that is full, bits that change."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.checkout import Checkout

BUILD = ("python", "-m", "impulse", "repro")
LOSSES = (
    "data/parsed",
    "data/validated",
    "data/export",
    ".state/parsed",
    ".state/export",
    ".dvc/cache/runs",
    "dvc.lock",
)
"""What a round removes some of, so that the next build has work."""
ALL, IMPULSE, DVC, STAGE, WORKER = "(all)", "-m impulse", "-m dvc", "stages/", "spawn_main"
"""Which processes are killed: all of a build, or those with these words in their command."""
MOST_WORKER_KILLS = 3
"""Of one build, which goes on after each."""
BIRTH_SECONDS = 0.3
"""A process that is killed while it starts is at most this old."""
QUIET_SECONDS = 120.0
"""Orphans end by themselves within this time."""
SMALL_DISK_MB = 512
PRIVATE = "IMPULSE_CHAOS_IS_PRIVATE"
"""Set where mounts are seen by these processes alone, and end with them."""
SAYS_FULL = ("no space left on", "disk is full", "file too large", "as long as it must be")
"""What impulse or the system, SQLite, and a limit of the shell say of a full disk."""


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Make a folder that is a disk of its own, small and in memory, where that is allowed."""
    folder.mkdir(parents=True)
    mount = ("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MB}m", "none", str(folder))
    is_mounted = PRIVATE in os.environ and subprocess.run(mount, check=False).returncode == 0
    if not is_mounted:
        sys.stderr.write("no disk can be mounted here; a limit on the length of files stands for a full one\n")
    try:
        yield
    finally:
        if is_mounted:
            subprocess.run(("umount", "--lazy", str(folder)), check=False)


def lose(checkout: Checkout, draws: random.Random) -> None:
    """Remove some of what a build made."""
    for name in draws.sample(LOSSES, draws.randint(2, len(LOSSES))):
        path = checkout.path / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if draws.random() < 0.2:
        for folder in sorted((checkout.path / "stages").rglob("__pycache__")):
            shutil.rmtree(folder)


def killed_build(checkout: Checkout, draws: random.Random, longest: float) -> tuple[str, int, int]:
    """Start a build and end one kind of its processes, or all, at some moment or while one of them starts.

    Returns:
        Which processes were meant, how often some were killed, and the exit code of the build.
    """
    run = _start(checkout)
    kind = draws.choice([ALL, ALL, IMPULSE, DVC, STAGE, STAGE, WORKER, WORKER])
    sent = draws.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    kills = 0
    for _ in range(draws.randint(1, MOST_WORKER_KILLS) if kind == WORKER else 1):
        _wait_for_moment(checkout, run, draws, kind=kind, longest=longest)
        if run.poll() is None:
            victims = [pid for pid, command in processes_of(checkout).items() if kind in command]
            with suppress(ProcessLookupError):
                if not victims:  # ALL, or a kind of which none runs now
                    os.killpg(run.pid, sent)
                for pid in victims:
                    os.kill(pid, sent)
            kills += 1
    return kind, kills, run.wait()


def _wait_for_moment(
    checkout: Checkout, run: subprocess.Popen[bytes], draws: random.Random, *, kind: str, longest: float
) -> None:
    at_birth, age = draws.random() < 0.4, draws.uniform(0.0, BIRTH_SECONDS)
    end, earlier = time.monotonic() + draws.uniform(0.2, longest * draws.random() ** 2), set(processes_of(checkout))
    while run.poll() is None and time.monotonic() < end:
        if at_birth and any(kind in command for pid, command in processes_of(checkout).items() if pid not in earlier):
            time.sleep(age)
            return
        time.sleep(0.02)


def build_on_full_disk(checkout: Checkout, draws: random.Random, longest: float, *, needed: int) -> tuple[int, str]:
    """Build while a disk has too little room from the start, or is filled at some moment; it has room again afterwards.

    Without a disk of its own no file of the build may be longer than it happens to be.

    Args:
        checkout: on a disk of its own.
        draws: decide.
        longest: seconds that a build takes.
        needed: bytes that a build may take.

    Returns:
        Exit code of the build, and what it said.
    """
    if not checkout.path.parent.is_mount():
        run = _start(checkout, "prlimit", f"--fsize={int(draws.uniform(1, needed / 10))}")
        return run.wait(), _said(checkout)
    ballast, suddenly = checkout.path.parent / "ballast", draws.random() < 0.5
    if not suddenly:
        _fill(ballast, left=int(needed * draws.random() ** 2))
    run = _start(checkout)
    if suddenly:
        with suppress(subprocess.TimeoutExpired):
            run.wait(timeout=draws.uniform(0.2, longest))
        _fill(ballast, left=draws.choice([0, 0, 2**14]))
    run.wait()
    wait_until_quiet(checkout)
    ballast.unlink()
    return run.returncode, _said(checkout)


def _fill(ballast: Path, *, left: int) -> None:
    with ballast.open("wb") as file:
        while (excess := shutil.disk_usage(ballast.parent).free - left) > 0:
            with suppress(OSError):  # the build was faster
                os.posix_fallocate(file.fileno(), ballast.stat().st_size, excess)


def _start(checkout: Checkout, *prefix: str) -> subprocess.Popen[bytes]:
    """Start a build in a process group of its own; what it says goes into a file on another disk."""
    log = _log(checkout)
    log.unlink(missing_ok=True)  # orphans write into the one before
    with log.open("wb") as file:
        environment = checkout.environment(PYTHONPATH="stages")
        return subprocess.Popen(
            (*prefix, *BUILD),
            cwd=checkout.path,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _log(checkout: Checkout) -> Path:
    return checkout.path.parents[1] / "build.log"


def _said(checkout: Checkout) -> str:
    return _log(checkout).read_text(errors="replace")


def damage(checkout: Checkout, draws: random.Random) -> list[str]:
    """Change, cut short or remove a few files, and return what was done to which."""
    places = [
        path
        for folder in ("data", ".state", ".dvc/cache/files")
        for path in sorted((checkout.path / folder).rglob("*"))
        if path.is_file() and path.suffix not in (".lock", ".gitignore") and path.parent.name not in ("data", ".state")
    ]
    done = []
    for path in draws.sample(places, min(draws.randint(3, 8), len(places))):
        status, content = path.stat(), bytearray(path.read_bytes())
        how = draws.choice(["flip", "flip", "cut", "remove"])
        path.chmod(0o644)
        if how == "remove" or not content:
            path.unlink()
        elif how == "cut":
            path.write_bytes(content[: draws.randrange(len(content))])
        else:
            content[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        done.append(f"{how} {path.relative_to(checkout.path)}")
    return done


def processes_of(checkout: Checkout) -> dict[int, str]:
    """Return pid and command of every running process of the clone, by its working directory."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == checkout.path:
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
    return found


def wait_until_quiet(checkout: Checkout) -> None:
    """Wait until no process of the clone is left; orphans end by themselves."""
    deadline = time.monotonic() + QUIET_SECONDS
    while processes_of(checkout):
        assert time.monotonic() < deadline, processes_of(checkout)
        time.sleep(0.02)
