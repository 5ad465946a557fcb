"""A copy of the checkout, in which a test runs stages, dvc and git as its user does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.paths import ROOT


@dataclass(frozen=True)
class Checkout:
    """The copy, and how its user works in it."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)
    """Variables of every command beside those of the test."""
    settings: tuple[str, ...] = ()
    """Overrides of every stage that is called by itself; stages other than fetch get those of the engine."""

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command and return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def stages_run(self, *command: str, **environment: str) -> list[str]:
        """Run dvc and return the stages that it really ran."""
        out = self.run(*command, check=True, **environment).stdout
        return [line.split("'")[1] for line in out.splitlines() if line.startswith("Running stage")]

    def stage(self, name: str, *overrides: str) -> str:
        """Call a stage by itself, which must succeed, and return what it printed."""
        return self.run(*self._stage(name, *overrides)).stdout

    def failing(self, name: str, *overrides: str, **environment: str) -> str:
        """Call a stage that must fail, and return the one line that says why."""
        done = self.run(*self._stage(name, *overrides), check=False, **environment)
        assert done.returncode != 0
        (line,) = done.stderr.strip().splitlines()
        return line

    def start(self, name: str, *overrides: str) -> subprocess.Popen[bytes]:
        """Start a stage."""
        quiet = subprocess.DEVNULL
        command = self._stage(name, *overrides)
        return subprocess.Popen(command, cwd=self.path, env=self.environment(), stdout=quiet, stderr=quiet)

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit a file by hand."""
        text = (self.path / file).read_text()
        assert old in text
        (self.path / file).write_text(text.replace(old, new))

    def content(self, folder: str) -> dict[str, bytes]:
        """Return all files below a folder."""
        base = self.path / folder
        return {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*") if path.is_file()}

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "GIT_", "HYDRA_"))}
        return {**kept, **self.env, **more}

    def _stage(self, name: str, *overrides: str) -> list[str]:
        settings = [item for item in self.settings if name == "fetch" or item.startswith("engine")]
        return [sys.executable, f"stages/{name}.py", *settings, *overrides]


def committed_copy(path: Path, source: Path) -> Checkout:
    """Make a committed copy of the working tree, with the environment of someone who called make.

    Args:
        path: folder of the copy.
        source: folder of replays that it builds from.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for file in listed.split("\0"):
        if file and (ROOT / file).is_file() and not file.startswith("tests/"):
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, path / file)
    env = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "IMPULSE_REPLAYS": str(source),
        "DVC_SITE_CACHE_DIR": str(path.parent / "dvc-state"),
        "PYTHONUNBUFFERED": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "impulse",
        "GIT_AUTHOR_EMAIL": "impulse@example.org",
        "GIT_COMMITTER_NAME": "impulse",
        "GIT_COMMITTER_EMAIL": "impulse@example.org",
    }
    checkout = Checkout(path, env)
    checkout.run("git", "init", "-q", "-b", "main")
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "clone")
    checkout.replace("conf/config.yaml", "source: demo", "source: local")
    checkout.run("python", "stages/config.py")
    checkout.run("git", "commit", "-qam", "local source")
    return checkout
