"""The fetch stage: replay files of the source, verified, with an exact manifest."""

from __future__ import annotations

import os

from impulse.collection import ballchasing
from impulse.collection.intake import FetchSummary, take_in
from impulse.collection.raw_storage import raw_storage
from impulse.collection.sources import candidates
from impulse.config.fetch import FetchParams, SourceKind
from impulse.run.job import Counts, Job
from impulse.run.progress import with_progress
from impulse.s3.credentials import add_aws_variables


def run(job: Job[FetchParams]) -> Counts | None:
    """Take in every file of the source; None when the settings only ask what there would be to do."""
    summary = _fetch(job)
    if job.settings.dry_run:
        return None
    return Counts(
        summary.replays_in,
        summary.replays_out,
        summary.rejected,
        figures={"bytes": summary.bytes_out},
        timing={"written_now": summary.written_now},
    )


def _fetch(job: Job[FetchParams]) -> FetchSummary:
    params = job.settings
    add_aws_variables(os.environ, env_file=job.env_file)
    with raw_storage(params, folder=job.output / "raw") as storage:
        if params.source is SourceKind.ballchasing:
            return ballchasing.fetch(params, root=job.root, state=job.state, storage=storage)
        total, found = candidates(params, root=job.root, state=job.state, storage=storage)
        found = with_progress(found, total=total, what="files")
        return take_in(found, source=params.source, storage=storage, threads=params.threads)
