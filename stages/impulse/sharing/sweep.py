"""A sweep from one command: queue, run on several workers, wait, compare. ``python -m impulse.sharing.sweep JOBS OVERRIDE...``.

Each step is a command of DVC that a user could give; waiting is all that DVC has no quiet command for.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dvc.repo import Repo

from impulse.errors import StageError
from impulse.run.program import one_line_errors

if TYPE_CHECKING:
    from dvc.repo.experiments.queue.celery import LocalCeleryQueue

POLL_SECONDS = 2.0
MAX_LOOKS_WITHOUT_WORKERS = 60
"""Workers that start up are not seen at once; after this many looks they are not coming."""
COMPARED = r"Experiment|State|dataset\.|seconds\.|(fetch|parse|validate|dedupe|export)\.(?!.*_features)"
"""Columns of the comparison: the settings that differ, what the dataset became, how long the stages took."""


def compare() -> list[str]:
    """Return the command that shows experiments side by side."""
    return ["dvc", "exp", "show", "--md", "--only-changed", "--hide-workspace", "--drop", f"^(?!{COMPARED})"]


def sweep(
    overrides: Sequence[str], *, jobs: int, root: Path, sleep: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """Run all combinations of the overrides as experiments of the present commit, and wait for them.

    Args:
        overrides: in Hydra's form, for example ``parse.fps=5,10,30``.
        jobs: experiments at a time.
        root: folder of the checkout.
        sleep: waits between two looks at the queue.

    Returns:
        The state of each experiment of the sweep, ``Success`` or ``Failed``, by name.

    Raises:
        StageError: DVC refused an override, or the workers ended before the queue was empty.
    """
    with Repo(str(root)) as repo:
        queue = repo.experiments.celery_queue
        before = set(_states(queue))
        settings = [part for override in overrides for part in ("-S", override)]
        if subprocess.run(["dvc", "exp", "run", "--queue", *settings], cwd=root, check=False).returncode != 0:
            raise StageError("nothing runs; mend the override, and empty the queue with `dvc queue remove --queued`")
        subprocess.run(["dvc", "queue", "start", "--jobs", str(jobs)], cwd=root, check=True)
        looks_without_workers = 0
        while any(queue.iter_queued()) or any(queue.iter_active()):
            looks_without_workers = 0 if queue.worker_status() else looks_without_workers + 1
            if looks_without_workers > MAX_LOOKS_WITHOUT_WORKERS:
                raise StageError("the queue's workers are gone; `dvc queue start` goes on with what is left in it")
            sleep(POLL_SECONDS)
        return {name: state for name, state in _states(queue).items() if name not in before}


def _states(queue: LocalCeleryQueue) -> dict[str, str]:
    """Return the state of each experiment of the queue by name."""
    return {str(task["name"] or task["rev"][:7]): str(task["status"]) for task in queue.status()}


def main(arguments: Sequence[str]) -> int:
    """Sweep, show the table; return 1 when an experiment failed."""
    with one_line_errors("sweep"):
        states = sweep(arguments[1:], jobs=int(arguments[0]), root=Path.cwd())
        subprocess.run(compare(), check=False)
        failed = [name for name, state in states.items() if state != "Success"]
        for name in failed:
            sys.stderr.write(f"sweep: {name} failed; `dvc queue logs {name}` says why\n")
        return 1 if failed else 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
