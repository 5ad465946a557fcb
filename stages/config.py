"""config: compose conf/ into params.yaml, so that an edit of conf/ reaches a plain `dvc repro`; --check only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from impulse.run.program import one_line_errors, refuse_other_code

if __name__ == "__main__":
    with one_line_errors("config"):
        root = Path(__file__).resolve().parent.parent
        refuse_other_code(root)
        from impulse.config import params_file

        if "--check" in sys.argv[1:]:
            params_file.check(root)
        else:
            for line in params_file.refresh(root):
                sys.stdout.write(f"config: {line}\n")
