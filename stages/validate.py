"""validate: a verdict for every parsed replay, with report and plots, in data/validated."""

from __future__ import annotations

from impulse.config.validate import ValidateParams
from impulse.run.job import Counts, Job
from impulse.run.program import stage


@stage(ValidateParams)
def validate(job: Job[ValidateParams]) -> Counts | None:
    """Judge every replay by its measures."""
    from impulse.validation.stage import run  # not above: worker processes import this script again

    return run(job)


if __name__ == "__main__":
    validate()
