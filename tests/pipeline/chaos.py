"""Builds that are killed and damaged at random, and held against one that nobody disturbed.

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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

from tests.checkout import Checkout, committed_copy

FOLDERS = ("data/raw", "data/parsed", "data/validated", "data/deduped", "data/export", "metrics")
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
MOST_KILLS = 4
"""Of one round."""
QUIET_SECONDS = 120.0


@dataclass
class Counts:
    """What was done, and what came of it."""

    rounds: int = 0
    kills: int = 0
    damages: int = 0
    healed: int = 0
    bad: list[str] = field(default_factory=list)
    """What was not as in the undisturbed build, a line each."""

    def __str__(self) -> str:
        """Return the counts as a line."""
        return f"{self.rounds} rounds, {self.kills} kills, {self.damages} damages, {self.healed} of them healed, {len(self.bad)} bad"


def run_chaos(
    folder: Path, source: Path, *, seed: int, rounds: int | None = None, seconds: float | None = None
) -> Counts:
    """Build, kill, damage and heal until the time or the number of rounds is over.

    Args:
        folder: receives two checkouts; what is bad is found in the one called ``disturbed``.
        source: folder of replays.
        seed: decides about everything but the moments that the machine decides.
        rounds: number of rounds; None goes on for ``seconds``.
        seconds: time after which no round begins.
    """
    undisturbed = committed_copy(folder / "undisturbed" / "impulse", source)
    started = time.monotonic()
    undisturbed.run(*BUILD, PYTHONPATH="stages")
    longest = time.monotonic() - started
    expected = content(undisturbed)
    disturbed = committed_copy(folder / "disturbed" / "impulse", source)
    draws, counts, started = random.Random(seed), Counts(), time.monotonic()
    while counts.rounds < rounds if rounds is not None else time.monotonic() - started < (seconds or 0.0):
        counts.rounds += 1
        _lose(disturbed, draws)
        for _ in range(draws.randint(1, MOST_KILLS)):
            counts.kills += _killed_build(disturbed, draws, longest)
        _finish(disturbed, expected, counts)
        if draws.random() < 0.5:
            _damage(disturbed, draws, counts)
            _finish(disturbed, expected, counts)
    return counts


BUILD = ("python", "-m", "impulse", "repro")


def content(checkout: Checkout) -> dict[str, bytes]:
    """Return what a build makes; times of a run are no part of it."""
    found = {f"{folder}/{name}": data for folder in FOLDERS for name, data in checkout.content(folder).items()}
    return {name: data for name, data in found.items() if not name.startswith("metrics/timing/")}


def _lose(checkout: Checkout, draws: random.Random) -> None:
    for name in draws.sample(LOSSES, draws.randint(2, len(LOSSES))):
        path = checkout.path / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _killed_build(checkout: Checkout, draws: random.Random, longest: float) -> int:
    """Start a build, end one or all of its processes at some moment, and return how often that was done (0 or 1)."""
    run = subprocess.Popen(
        BUILD,
        cwd=checkout.path,
        env=checkout.environment(PYTHONPATH="stages"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    sent = draws.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    kind = draws.choice(["group", "impulse", "-m dvc", "stages/", "spawn_main"])
    killed = 0
    try:
        run.wait(timeout=draws.uniform(0.3, longest))
    except subprocess.TimeoutExpired:
        victims = [pid for pid, command in processes_of(checkout).items() if kind in command]
        with suppress(ProcessLookupError):
            if not victims:  # that kind does not run now
                os.killpg(run.pid, sent)
            for pid in victims:
                os.kill(pid, sent)
        killed = 1
    run.wait()
    if draws.random() < 0.5:
        wait_until_quiet(checkout)  # else the next build meets the orphans of this one
    return killed


def _damage(checkout: Checkout, draws: random.Random, counts: Counts) -> None:
    """Change, cut short or remove a few files, let `impulse verify` mend them."""
    places = [
        path
        for folder in ("data", ".state", ".dvc/cache/files")
        for path in sorted((checkout.path / folder).rglob("*"))
        if path.is_file() and path.suffix not in (".lock", ".gitignore") and path.parent.name not in ("data", ".state")
    ]
    before = counts.damages
    for path in draws.sample(places, min(draws.randint(1, 4), len(places))):
        status, data = path.stat(), bytearray(path.read_bytes())
        how = draws.choice(["flip", "flip", "cut", "remove"])
        path.chmod(0o644)
        if how == "remove" or not data:
            path.unlink()
        elif how == "cut":
            path.write_bytes(data[: draws.randrange(len(data))])
        else:
            data[draws.randrange(len(data))] ^= 1 << draws.randrange(8)
            path.write_bytes(data)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        counts.damages += 1
    done = checkout.run("python", "-m", "impulse", "verify", "--heal", check=False, PYTHONPATH="stages")
    if done.returncode:
        counts.bad.append(
            f"round {counts.rounds}: verify --heal ended with {done.returncode}: {done.stdout}{done.stderr}"
        )
    else:
        counts.healed += counts.damages - before


def _finish(checkout: Checkout, expected: dict[str, bytes], counts: Counts) -> None:
    """Build without disturbance; count what differs."""
    wait_until_quiet(checkout)
    done = checkout.run(*BUILD, check=False, PYTHONPATH="stages")
    wait_until_quiet(checkout)
    if done.returncode:
        counts.bad.append(f"round {counts.rounds}: the build ended with {done.returncode}: {done.stdout}{done.stderr}")
        return
    found = content(checkout)
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        counts.bad.append(f"round {counts.rounds}: other bytes in {', '.join(differing)}")
    left = [path.name for path in (checkout.path / "data").iterdir() if path.name.endswith((".partial", ".replaced"))]
    if left:
        counts.bad.append(f"round {counts.rounds}: left behind: {', '.join(left)}")


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


def main() -> None:
    """Run for a time, and say what came of it."""
    from impulse.demo import corpus

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", type=Path, help="folder of replays; synthetic ones without it")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="impulse-chaos-"))
    source = arguments.source
    if source is None:
        source = folder / "source"
        source.mkdir()
        for item in corpus(matches=9, seed=21, duration_seconds=15.0):
            (source / item.name).write_bytes(item.data)
    counts = run_chaos(folder, source.absolute(), seed=arguments.seed, seconds=arguments.seconds)
    sys.stdout.write(f"{counts}\n" + "".join(f"{line}\n" for line in counts.bad))
    if counts.bad:
        sys.exit(f"the checkout is in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
