"""Programs that commands call in a checkout: DVC and the stages, which say themselves what is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from impulse.errors import StageError
from impulse.run.program import DATA_VARIABLE


def build_again(root: Path) -> None:
    """Look again into the source, then build what changed."""
    dvc(root, "repro", "config")
    run(root, sys.executable, "stages/fetch.py", "fetch.refresh=true")
    dvc(root, "repro")


def dvc(root: Path, *arguments: str) -> None:
    """Run DVC in the checkout; its failure is the command's."""
    run(root, sys.executable, "-m", "dvc", *arguments)


def run(root: Path, *command: str) -> None:
    """Run a program in the checkout with this Python first on PATH; its failure is the command's, already said by it.

    An interrupt reaches the program too, and its end is waited for.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    with subprocess.Popen(command, cwd=root, env={**environment(), "PATH": path, "PYTHONUNBUFFERED": "1"}) as process:
        while process.returncode is None:
            with suppress(KeyboardInterrupt):
                process.wait()
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


def environment() -> dict[str, str]:
    """Return the environment of programs that work on data/, whatever folder was tried before."""
    return {name: value for name, value in os.environ.items() if name != DATA_VARIABLE}
