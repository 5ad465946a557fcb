"""fetch: replay files from the source to data/raw, verified, with an exact manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impulse.config.app import StageRun, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from impulse.collection.intake import Candidate


@stage
def fetch(run: StageRun) -> None:
    """Take in every file of the source."""
    from impulse.collection.intake import take_in
    from impulse.metrics import StageMetrics, timed
    from impulse.progress import with_progress

    with timed("fetch", run.metrics) as figures:
        total, found = _candidates(run)
        files = with_progress(found, total=total, what="files")
        summary = take_in(files, source=run.params.fetch.source, folder=run.output / "raw")
        figures["written_now"] = summary.written_now
    StageMetrics(
        "fetch", summary.replays_in, summary.replays_out, summary.rejected, more={"bytes": summary.bytes_out}
    ).write(run.metrics)


def _candidates(run: StageRun) -> tuple[int | None, Iterator[Candidate]]:
    """Return the number of files, where it is known before, and the files of the source."""
    from impulse.collection.intake import Candidate
    from impulse.collection.local import list_files, read_files
    from impulse.config.params import SourceKind
    from impulse.demo import corpus

    params = run.params.fetch
    if params.source is SourceKind.demo:
        made = corpus(matches=params.matches, seed=params.seed, duration_seconds=params.match_seconds)
        return None, (Candidate(item.name, item.data) for item in made)
    files = list_files(params, root=run.root)
    return len(files), (Candidate(file.source_path, content) for file, content in read_files(files))


if __name__ == "__main__":
    fetch()
