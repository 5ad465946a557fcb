"""fetch: replay files from the source to data/raw, verified, with an exact manifest."""

from __future__ import annotations

from impulse.config.app import StageRun, stage


@stage
def fetch(run: StageRun) -> None:
    """Take in every file of the source."""
    from impulse.collection.intake import Candidate, take_in
    from impulse.collection.local import list_files, read_files
    from impulse.metrics import StageMetrics, timed
    from impulse.progress import with_progress

    params = run.params.fetch
    with timed("fetch", run.metrics) as figures:
        files = list_files(params, root=run.root)
        contents = with_progress(read_files(files), total=len(files), what="files")
        candidates = (Candidate(file.source_path, content) for file, content in contents)
        summary = take_in(candidates, source=params.source, folder=run.output / "raw")
        figures["written_now"] = summary.written_now
    StageMetrics(
        "fetch", summary.replays_in, summary.replays_out, summary.rejected, more={"bytes": summary.bytes_out}
    ).write(run.metrics)


if __name__ == "__main__":
    fetch()
