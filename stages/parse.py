"""parse: replay files in data/raw to frames and tables in data/parsed."""

from __future__ import annotations

from impulse.config.parse import ParseParams
from impulse.run.job import Counts, Job
from impulse.run.program import stage


@stage(ParseParams)
def parse(job: Job[ParseParams]) -> Counts | None:
    """Parse every replay of the manifest, or take its result from an earlier run."""
    from impulse.parsing.stage import run  # not above: worker processes import this script again

    return run(job)


if __name__ == "__main__":
    parse()
