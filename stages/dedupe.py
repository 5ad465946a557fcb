"""dedupe: one recording for each match and one column for each quantity, decided in data/deduped."""

from __future__ import annotations

from impulse.config.dedupe import DedupeParams
from impulse.run.job import Counts, Job
from impulse.run.program import stage


@stage(DedupeParams)
def dedupe(job: Job[DedupeParams]) -> Counts | None:
    """Decide which recordings and columns are kept."""
    from impulse.dedupe.stage import run  # not above: worker processes import this script again

    return run(job)


if __name__ == "__main__":
    dedupe()
