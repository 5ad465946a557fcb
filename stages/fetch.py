"""fetch: replay files from the source to data/raw, verified, with an exact manifest."""

from __future__ import annotations

from impulse.config.fetch import FetchParams
from impulse.run.job import Counts, Job
from impulse.run.program import stage


@stage(FetchParams)
def fetch(job: Job[FetchParams]) -> Counts | None:
    """Take in every file of the source."""
    from impulse.collection.stage import run  # not above: worker processes import this script again

    return run(job)


if __name__ == "__main__":
    fetch()
