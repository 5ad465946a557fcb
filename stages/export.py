"""export: the dataset in data/export."""

from __future__ import annotations

from impulse.config.export import ExportParams
from impulse.run.job import Counts, Job
from impulse.run.program import stage


@stage(ExportParams)
def export(job: Job[ExportParams]) -> Counts | None:
    """Write shards, tables, schema, card and checksums."""
    from impulse.export.stage import run  # not above: worker processes import this script again

    return run(job)


if __name__ == "__main__":
    export()
