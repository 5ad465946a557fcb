"""The fetch stage: every file of the source, verified, stored and listed."""

from __future__ import annotations

import logging
import os

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import raw_storage
from impulse.collection.source import SourcePlan
from impulse.collection.sources import open_source
from impulse.config.fetch import FetchParams
from impulse.config.source_place import remember_place
from impulse.run.job import Counts, Job
from impulse.s3.credentials import add_aws_variables

log = logging.getLogger(__name__)


def run(job: Job[FetchParams]) -> Counts | None:
    """Take in every file of the source; None for a dry run, which only says what there is to do.

    Args:
        job: the run; files go to the store in its local state, or to the bucket that its settings name, and ``raw`` in its output
            folder shows those of the manifest.

    Raises:
        ConfigError: the settings lack something, such as a group or a place.
        SourceError: the source does not exist, cannot be read, or nothing in it is a replay.
        StageError: a bucket does not exist, cannot be reached, or refuses the credentials.
    """
    params = job.settings
    if params.dry_run:
        log.info("%s", plan(job).text)
        return None
    add_aws_variables(os.environ, env_file=job.env_file)
    # The source comes first: that of Ballchasing makes sure that no other run downloads at the same time.
    root = job.root if job.output == job.root / "data" else None  # DVC knows no other folder
    with (
        open_source(job) as source,
        raw_storage(params, folder=job.output / "raw", state=job.state, root=root) as storage,
    ):
        counts = take_in(
            source.files(storage),
            source=params.source,
            storage=storage,
            threads=params.threads,
            max_bytes=params.max_replay_bytes,
        )
    if job.output == job.home / "data":
        remember_place(vars(params), os.environ, state=job.state)
    return counts


def plan(job: Job[FetchParams]) -> SourcePlan:
    """Return what a run would do, and which files there would then be; no file is written.

    Args:
        job: the run, whose settings ask for a dry one.

    Raises:
        ConfigError, SourceError, StageError: as for :func:`run`.
    """
    add_aws_variables(os.environ, env_file=job.env_file)
    with (
        open_source(job) as source,
        raw_storage(job.settings, folder=job.output / "raw", state=job.state) as storage,
    ):
        return source.plan(storage)
