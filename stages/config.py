"""config: compose conf/ into params.yaml, so that an edit of conf/ reaches a plain `dvc repro`."""

from __future__ import annotations

from pathlib import Path

from impulse.run.program import one_line_errors

if __name__ == "__main__":
    with one_line_errors("config"):
        from impulse.config.params_file import refresh

        refresh(Path(__file__).resolve().parent.parent)
