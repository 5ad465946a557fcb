"""``python -m impulse.sharing.long_run run|status|results``, in the folder of a checkout."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from impulse.errors import EXIT_CONFIG
from impulse.run.program import one_line_errors
from impulse.sharing.long_run.run import run
from impulse.sharing.long_run.snapshots import open_snapshots


def main(arguments: list[str]) -> int:
    """Do what the first argument says; return the exit code."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("long run: %(message)s"))
    logger = logging.getLogger("impulse")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    root = Path.cwd()
    with one_line_errors("long run"):
        if arguments == ["run"]:
            return run(root, dict(os.environ))
        if arguments == ["status"]:
            with open_snapshots(root) as snapshots:
                lines = snapshots.status(now=time.time())
        elif arguments == ["results"]:
            with open_snapshots(root) as snapshots:
                lines = [*snapshots.take_results(), "now: dvc pull data/export, then commit these files"]
        else:
            sys.stderr.write("usage: python -m impulse.sharing.long_run run|status|results\n")
            return EXIT_CONFIG
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
