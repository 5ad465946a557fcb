"""Sources whose files come one after the other: their number, where it is known before, and the files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from impulse.collection.intake import Candidate
from impulse.collection.local import list_files, read_files
from impulse.collection.storage import ReplayStorage
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo import corpus


def candidates(
    params: FetchParams, *, root: Path, state: Path, storage: ReplayStorage
) -> tuple[int | None, Iterator[Candidate]]:
    """Return the files of the source that the settings name, in a fixed order.

    Args:
        params: settings of the stage.
        root: folder of the checkout.
        state: folder of local state.
        storage: where files go.

    Raises:
        SourceError: the source does not exist, or nothing in it is a replay.
    """
    if params.source is SourceKind.demo:
        made = corpus(matches=params.matches, seed=params.seed, duration_seconds=params.match_seconds)
        return None, (Candidate(item.name, item.data) for item in made)
    if params.source is SourceKind.s3:
        # Imported here, for the AWS libraries take time that nobody else should wait.
        from impulse.collection import objects

        return objects.candidates(params, seen=state / "seen_objects.sqlite", storage=storage)
    files = list_files(params, root=root)
    return len(files), (Candidate(file.source_path, content) for file, content in read_files(files))
