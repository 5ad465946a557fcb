"""Builds that are killed, starved of disk and damaged at random, and held against one that nobody disturbed.

python tests/pipeline/chaos.py --seconds 600 [--seed 1] [--source FOLDER]      (make chaos SECONDS=600)
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

from tests.checkout import Checkout, committed_copy
from tests.pipeline.disturbances import (
    BUILD,
    DVC,
    PRIVATE,
    SAYS_FULL,
    build_on_full_disk,
    damage,
    killed_build,
    lose,
    small_disk,
    wait_until_quiet,
)

FOLDERS = ("data/raw", "data/parsed", "data/validated", "data/deduped", "data/export", "metrics")
MOST_BUILDS = 30
"""That are killed in one round."""
LATEST_SECONDS = 12.0
"""When a build is killed at the latest; what it has made stays, so that later ones are killed further on."""
MOST_TRIES = 4
"""Until the first disk is too small."""


@dataclass
class Counts:
    """What was done, and what came of it."""

    rounds: int = 0
    kills: int = 0
    full_disks: int = 0
    damages: int = 0
    healed: int = 0
    bad: list[str] = field(default_factory=list)
    """What was not as in the undisturbed build, a line each."""

    def __str__(self) -> str:
        """Return the counts as a line."""
        return (
            f"{self.rounds} rounds, {self.kills} kills, {self.full_disks} full disks, {self.damages} damages, "
            f"{self.healed} of them healed, {len(self.bad)} bad"
        )


def run_chaos(
    folder: Path, source: Path, *, seed: int, rounds: int | None = None, seconds: float | None = None
) -> Counts:
    """Build, kill, fill, damage and heal until the time or the number of rounds is over, or something is bad.

    Args:
        folder: receives two checkouts, and a copy of the disturbed one, called ``bad``, when it is.
        source: folder of replays.
        seed: decides about everything but the moments that the machine decides.
        rounds: number of rounds; None goes on for ``seconds``.
        seconds: time after which no round begins.
    """
    undisturbed = committed_copy(folder / "undisturbed" / "impulse", source)
    started = time.monotonic()
    undisturbed.run(*BUILD, PYTHONPATH="stages")
    longest = min(time.monotonic() - started, LATEST_SECONDS)
    draws, disk = random.Random(seed), folder / "disturbed"
    with small_disk(disk):
        chaos = Chaos(committed_copy(disk / "impulse", source), content(undisturbed), longest, draws)
        chaos.checkout.env.update(TMPDIR=str(disk), PYTHONDONTWRITEBYTECODE="")
        counts, started = chaos.counts, time.monotonic()
        while counts.rounds < rounds if rounds is not None else time.monotonic() - started < (seconds or 0.0):
            chaos.round()
            sys.stderr.write(f"{time.monotonic() - started:.0f} s: {counts}\n")
            if counts.bad:
                shutil.copytree(disk, folder / "bad", symlinks=True)
                break
    return counts


@dataclass
class Chaos:
    """A checkout that is disturbed."""

    checkout: Checkout
    expected: dict[str, bytes]
    """What a build of it makes when nobody disturbs it."""
    longest: float
    """Seconds that a build takes, or after which it is killed in any case."""
    draws: random.Random
    counts: Counts = field(default_factory=Counts)

    def round(self) -> None:
        """Disturb a few builds, and see what the last one makes."""
        self.counts.rounds += 1
        lose(self.checkout, self.draws)
        for _ in range(self.draws.randint(1, MOST_BUILDS)):
            self._kill()
        tries = MOST_TRIES if not self.counts.full_disks else self.draws.randint(0, 1)
        while tries and not self._fill():
            tries -= 1
        self._finish()
        if not self.counts.damages or self.draws.random() < 0.6:
            self._damage()
            self._finish()

    def _kill(self) -> None:
        kind, kills, exit_code = killed_build(self.checkout, self.draws, self.longest)
        self.counts.kills += kills
        if exit_code == 0:
            self._compare("the build that was to be killed")
            lose(self.checkout, self.draws)
        elif kind == DVC and self.draws.random() < 0.5:
            self._finish(at_once=True)  # its stage goes on for a while
            lose(self.checkout, self.draws)
        elif self.draws.random() < 0.5:
            wait_until_quiet(self.checkout)  # else the next build meets the orphans of this one

    def _fill(self) -> bool:
        """Build on a disk that is full at some moment: it ends well with everything, or says what is the matter.

        Returns:
            Whether the disk was too small.
        """
        wait_until_quiet(self.checkout)
        lose(self.checkout, self.draws)
        before = set(self._leftovers())
        needed = sum(map(len, self.expected.values()))
        exit_code, said = build_on_full_disk(self.checkout, self.draws, self.longest, needed=needed)
        if exit_code == 0:
            self._compare("the build on a full disk")
            return False
        self.counts.full_disks += 1
        is_of_dvc = "ERROR:" in said and "failed to run" not in said  # then no stage of ours, and in its own words
        if not is_of_dvc and not any(words in said.lower() for words in SAYS_FULL):
            self._bad(f"nobody says that the disk is full: {said}")
        if "Traceback" in said and "stages/" in said.partition("Traceback")[2]:
            self._bad(f"a traceback: {said}")
        if more := sorted(set(self._leftovers()) - before):
            self._bad(f"a full disk left {', '.join(more)}")
        self._finish()
        done = self.checkout.run("python", "-m", "impulse", "verify", check=False, PYTHONPATH="stages")
        if done.returncode:
            self._bad(f"damage after a full disk: {done.stdout}{done.stderr}")
        return True

    def _damage(self) -> None:
        """Let `impulse verify` mend what is damaged."""
        done = damage(self.checkout, self.draws)
        self.counts.damages += len(done)
        healing = self.checkout.run("python", "-m", "impulse", "verify", "--heal", check=False, PYTHONPATH="stages")
        if healing.returncode:
            self._bad(f"verify --heal ended with {healing.returncode} after {done}: {healing.stdout}{healing.stderr}")
        else:
            self.counts.healed += len(done)

    def _finish(self, *, at_once: bool = False) -> None:
        """Build without disturbance; ``at_once`` does not wait for what others have left running."""
        if not at_once:
            wait_until_quiet(self.checkout)
        done = self.checkout.run(*BUILD, check=False, PYTHONPATH="stages")
        if done.returncode:
            self._bad(f"the build ended with {done.returncode}: {done.stdout}{done.stderr}")
        else:
            self._compare("the build")

    def _compare(self, what: str) -> None:
        """Hold what a build has left, once all is quiet, against the undisturbed one."""
        wait_until_quiet(self.checkout)
        found = content(self.checkout)
        names = self.expected.keys() | found.keys()
        if differing := sorted(name for name in names if self.expected.get(name) != found.get(name)):
            self._bad(f"{what} has other bytes in {', '.join(differing)}")
        if left := self._leftovers():
            self._bad(f"left behind: {', '.join(left)}")

    def _leftovers(self) -> list[str]:
        """Return what was not written to its end; a build that is killed leaves it for the next one to remove."""
        names = (path.name for path in (self.checkout.path / "data").iterdir())
        return [name for name in names if name.endswith((".partial", ".replaced"))]

    def _bad(self, what: str) -> None:
        self.counts.bad.append(f"round {self.counts.rounds}: {what}")


def content(checkout: Checkout) -> dict[str, bytes]:
    """Return what a build makes; times of a run are no part of it, nor is the order of stages in dvc.lock."""
    found = {f"{folder}/{name}": data for folder in FOLDERS for name, data in checkout.content(folder).items()}
    lock = yaml.safe_load((checkout.path / "dvc.lock").read_text())
    found["dvc.lock"] = yaml.safe_dump(lock).encode()
    return {name: data for name, data in found.items() if not name.startswith("metrics/timing/")}


def main() -> None:
    """Run for a time, and say what came of it."""
    from impulse.demo import corpus

    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, by all that is started
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rounds", type=int, help="go on for so many rounds and not for a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", type=Path, help="folder of replays; synthetic ones without it")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder without it")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="impulse-chaos-"))
    source = arguments.source
    if source is None:
        source = folder / "source"
        source.mkdir(parents=True)
        for item in corpus(matches=4, seed=21, duration_seconds=12.0):
            (source / item.name).write_bytes(item.data)
    counts = run_chaos(
        folder.absolute(), source.absolute(), seed=arguments.seed, rounds=arguments.rounds, seconds=arguments.seconds
    )
    sys.stdout.write(f"{counts}\n" + "".join(f"{line}\n" for line in counts.bad))
    if counts.bad:
        sys.exit(f"the checkout is in {folder / 'bad'}")
    shutil.rmtree(folder, ignore_errors=True)


def enter_private_mounts() -> None:
    """Start this program again where it may mount a disk, which nobody else sees and which ends with it."""
    command = ("unshare", "--map-root-user", "--mount")
    is_possible = PRIVATE not in os.environ and shutil.which(command[0])
    if is_possible and subprocess.run((*command, "true"), check=False, capture_output=True).returncode == 0:
        os.execvpe(command[0], (*command, sys.executable, *sys.argv), {**os.environ, PRIVATE: "1"})


if __name__ == "__main__":
    enter_private_mounts()
    main()
