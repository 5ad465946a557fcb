"""parse: replay files in data/raw to frames and tables in data/parsed."""

from __future__ import annotations

from impulse.config.parse import ParseParams
from impulse.run.program import run_program

if __name__ == "__main__":
    run_program("parse", ParseParams, "impulse.parsing.stage", about=__doc__)
