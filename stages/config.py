"""config: compose conf/ into params.yaml, so that an edit of conf/ reaches a plain `dvc repro`; --check only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from impulse.run.program import one_line_errors

if __name__ == "__main__":
    with one_line_errors("config"):
        from impulse.config import params_file

        work = params_file.check if "--check" in sys.argv[1:] else params_file.refresh
        work(Path(__file__).resolve().parent.parent)
