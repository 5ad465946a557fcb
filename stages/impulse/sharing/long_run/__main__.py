"""``python -m impulse.sharing.long_run run|status|results``, in the folder of a checkout."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from impulse.errors import EXIT_CONFIG
from impulse.run.program import one_line_errors


def main(arguments: list[str]) -> int:
    """Do what the first argument says; return the exit code."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("long run: %(message)s"))
    logger = logging.getLogger("impulse")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    actions = {"run": _run, "status": _status, "results": _results}
    if len(arguments) != 1 or arguments[0] not in actions:
        sys.stderr.write(f"usage: python -m impulse.sharing.long_run {'|'.join(actions)}\n")
        return EXIT_CONFIG
    with one_line_errors("long run"):
        return actions[arguments[0]](Path.cwd())


def _run(root: Path) -> int:
    from impulse.sharing.long_run.run import run

    return run(root, dict(os.environ))


def _status(root: Path) -> int:
    """Show the newest checkpoint: what a machine elsewhere has done."""
    from impulse.collection.status import status_lines
    from impulse.sharing.long_run.remote import Remote
    from impulse.sharing.long_run.restoring import newest

    remote = Remote(root)
    found = newest(remote)
    if found is None:
        sys.stdout.write(f"{remote.address} has no checkpoint\n")
        return 1
    name, checkpoint = found
    state = "finished" if checkpoint.is_complete else "under way"
    size = sum(file.bytes for file in checkpoint.files) / 1e6
    lines = [
        f"checkpoint {name} of {checkpoint.made_at}, {state}, commit {checkpoint.revision}",
        f"stored: {len(checkpoint.files)} raw files, {size:.1f} MB",
    ]
    if checkpoint.ledger is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.sqlite"
            path.write_bytes(checkpoint.ledger)
            lines += status_lines(path, now=time.time())
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _results(root: Path) -> int:
    from impulse.sharing.long_run.place import Place
    from impulse.sharing.long_run.remote import Remote
    from impulse.sharing.long_run.restoring import take_results

    for path in take_results(Place(root), Remote(root)):
        sys.stdout.write(f"{path}\n")
    sys.stdout.write("now: dvc pull data/export, then commit these files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
