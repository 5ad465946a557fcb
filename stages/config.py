"""config: compose conf/ into params.yaml, so that an edit of conf/ reaches a plain `dvc repro`."""

from __future__ import annotations

import sys
from pathlib import Path

from impulse.config.params_file import refresh
from impulse.errors import ImpulseError

if __name__ == "__main__":
    try:
        refresh(Path(__file__).resolve().parent.parent)
    except ImpulseError as error:
        sys.exit(f"config: error: {error}")
