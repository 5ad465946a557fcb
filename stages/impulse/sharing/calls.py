"""Programs that commands call in a checkout: DVC and the stages, which say themselves what is wrong."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from impulse.errors import StageError
from impulse.files.disk import flush_to_disk
from impulse.files.output import has_writer
from impulse.run.groups import OWN_GROUPS
from impulse.run.program import DATA_VARIABLE

DVC = ("-m", "dvc")
LOOK_EVERY_SECONDS = 10.0
"""How often it is asked whether DVC can go on."""


def build_again(root: Path) -> None:
    """Look again into the source, then build what changed."""
    fetch_again(root)
    keep_fetched(root)
    dvc(root, "repro")


def fetch_again(root: Path) -> None:
    """Look again into the source."""
    dvc(root, "repro", "config")
    run(root, sys.executable, "stages/fetch.py", "fetch.refresh=true")


def keep_fetched(root: Path) -> None:
    """Tell DVC what came, so that it does not look into the source a second time."""
    dvc(root, "commit", "--force", "--quiet", "fetch")


def dvc(root: Path, *arguments: str) -> None:
    """Run DVC in the checkout; its failure is the command's."""
    run(root, sys.executable, *DVC, *arguments)


def run(root: Path, *command: str) -> None:
    """Run a program in the checkout with this Python first on PATH; its failure is the command's, already said by it.

    An interrupt reaches the program too, and its end is waited for.

    Raises:
        OSError: the program is DVC, and the disk is full on which it keeps hashes of files: it would try to write there for ever,
            without a word. It is ended.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    with subprocess.Popen(command, cwd=root, env={**environment(), "PATH": path, "PYTHONUNBUFFERED": "1"}) as process:
        while process.returncode is None:
            with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
                process.wait(LOOK_EVERY_SECONDS)
            if process.poll() is None and command[1:3] == DVC and (failure := why_stuck(root)):
                process.terminate()
                raise failure
    if process.returncode:
        sys.exit(process.returncode)


def output_of(root: Path, program: str, *arguments: str) -> str:
    """Return what a program printed.

    Raises:
        StageError: it failed, or there is no such program.
    """
    done = run_program(root, program, *arguments)
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        line = f"`{' '.join((program, *arguments[:2]))}` failed: {said}; fix it and repeat the command"
        raise StageError(re.sub(r"//[^/@\s]+@", "//", line))  # an address may hold a key
    return done.stdout


def run_program(root: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of PATH, or of this Python's environment, which need not be activated, and keep what it prints.

    Raises:
        StageError: there is no such program.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))
    found = shutil.which(program, path=path)
    if found is None:
        raise StageError(f"there is no program {program}; install it and repeat the command")
    env = {**environment(), "PATH": path}
    return subprocess.run([found, *arguments], cwd=root, env=env, capture_output=True, encoding="utf-8", check=False)


def why_stuck(root: Path) -> OSError | None:
    """Return why DVC cannot note a hash now; None when it can, or does not try because a stage is at work."""
    from dvc.dirs import site_cache_dir

    folder = site_cache_dir()
    try:
        if not any(has_writer(root / "data" / stage) for stage in OWN_GROUPS):
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                file.write(bytes(2**16))
                file.flush()
                flush_to_disk(Path(file.name))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return OSError(error.errno, error.strerror, folder)
    return None


def environment() -> dict[str, str]:
    """Return the environment of programs that work on data/, whatever folder was tried before."""
    return {name: value for name, value in os.environ.items() if name != DATA_VARIABLE}
