"""dedupe: one recording for each match and one column for each quantity, decided in data/deduped."""

from __future__ import annotations

from impulse.config.dedupe import DedupeParams
from impulse.run.program import run_program

if __name__ == "__main__":
    run_program("dedupe", DedupeParams, "impulse.dedupe.stage", about=__doc__)
