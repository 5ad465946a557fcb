"""fetch: replay files from the source to data/raw, verified, with an exact manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impulse.run.program import StageRun, stage

if TYPE_CHECKING:
    from impulse.collection.intake import FetchSummary


@stage
def fetch(run: StageRun) -> None:
    """Take in every file of the source."""
    from impulse.run.metrics import StageMetrics, timed

    with timed("fetch", run.metrics) as figures:
        summary = _fetch(run)
        figures["written_now"] = summary.written_now
    if not run.params.fetch.dry_run:
        StageMetrics(
            "fetch", summary.replays_in, summary.replays_out, summary.rejected, more={"bytes": summary.bytes_out}
        ).write(run.metrics)


def _fetch(run: StageRun) -> FetchSummary:
    import os

    from impulse.collection import ballchasing
    from impulse.collection.intake import take_in
    from impulse.collection.raw_storage import raw_storage
    from impulse.collection.sources import candidates
    from impulse.config.fetch import SourceKind
    from impulse.run.progress import with_progress
    from impulse.s3.credentials import add_aws_variables

    params = run.params.fetch
    add_aws_variables(os.environ, env_file=run.env_file)
    with raw_storage(params, folder=run.output / "raw") as storage:
        if params.source is SourceKind.ballchasing:
            return ballchasing.fetch(params, root=run.root, state=run.state, storage=storage)
        total, found = candidates(params, root=run.root, state=run.state, storage=storage)
        found = with_progress(found, total=total, what="files")
        return take_in(found, source=params.source, storage=storage, threads=params.threads)


if __name__ == "__main__":
    fetch()
