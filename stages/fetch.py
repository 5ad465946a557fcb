"""fetch: replay files from the source to data/raw, verified, with an exact manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impulse.config.app import StageRun, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from impulse.collection.intake import Candidate, FetchSummary


@stage
def fetch(run: StageRun) -> None:
    """Take in every file of the source."""
    from impulse.metrics import StageMetrics, timed

    with timed("fetch", run.metrics) as figures:
        summary = _fetch(run)
        figures["written_now"] = summary.written_now
    if not run.params.fetch.dry_run:
        StageMetrics(
            "fetch", summary.replays_in, summary.replays_out, summary.rejected, more={"bytes": summary.bytes_out}
        ).write(run.metrics)


def _fetch(run: StageRun) -> FetchSummary:
    from impulse.collection import ballchasing
    from impulse.collection.intake import take_in
    from impulse.config.fetch_params import SourceKind
    from impulse.progress import with_progress

    params, raw = run.params.fetch, run.output / "raw"
    if params.source is SourceKind.ballchasing:
        return ballchasing.fetch(params, root=run.root, state=run.state, raw=raw)
    total, found = _candidates(run)
    return take_in(with_progress(found, total=total, what="files"), source=params.source, folder=raw)


def _candidates(run: StageRun) -> tuple[int | None, Iterator[Candidate]]:
    """Return the number of files, where it is known before, and the files of the source."""
    from impulse.collection.intake import Candidate
    from impulse.collection.local import list_files, read_files
    from impulse.config.fetch_params import SourceKind
    from impulse.demo import corpus

    params = run.params.fetch
    if params.source is SourceKind.demo:
        made = corpus(matches=params.matches, seed=params.seed, duration_seconds=params.match_seconds)
        return None, (Candidate(item.name, item.data) for item in made)
    files = list_files(params, root=run.root)
    return len(files), (Candidate(file.source_path, content) for file, content in read_files(files))


if __name__ == "__main__":
    fetch()
