"""fetch: replay files from the source to data/raw, verified, with an exact manifest."""

from __future__ import annotations

from impulse.config.fetch import FetchParams
from impulse.run.program import run_program

if __name__ == "__main__":
    run_program("fetch", FetchParams, "impulse.collection.stage", about=__doc__)
