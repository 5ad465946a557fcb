"""The source that the settings name, open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from impulse.collection.config import CollectionConfig
from impulse.collection.kept import seen_in
from impulse.collection.known import KNOWN_FILES, KnownFacts
from impulse.collection.local import LocalFiles
from impulse.collection.raw_storage import SEEN, RawStorage
from impulse.collection.source import Candidate, Source, SourcePlan
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo import corpus, file_names
from impulse.run.job import Job
from impulse.run.progress import with_progress
from impulse.tables.paths import replay_path


@contextmanager
def open_source(job: Job[FetchParams]) -> Iterator[Source]:
    """Open the source of a run of the stage; it is not asked yet.

    Raises:
        ConfigError: the settings name no place, group or query.
        AuthError: Ballchasing needs a key, and there is none.
        StageError: the source is a bucket, and the AWS configuration cannot be used.
    """
    params = job.settings
    if params.source is SourceKind.demo:
        yield Demo(params)
    elif params.source is SourceKind.local:
        with seen_in(job.state / SEEN, "local") as seen:
            yield LocalFiles(params, job.home, seen, KnownFacts(job.state / KNOWN_FILES))
    elif params.source is SourceKind.s3:
        # Imported here as below, for their libraries take time that nobody else should wait.
        from impulse.collection.objects import open_bucket_source

        with open_bucket_source(params, state=job.state) as bucket:
            yield bucket
    elif params.source is SourceKind.ballchasing_demo:
        from impulse.collection.rehearsal import open_rehearsal

        with open_rehearsal(params, state=job.state) as rehearsal:
            yield rehearsal
    else:
        from impulse.collection.ballchasing import open_ballchasing

        found = CollectionConfig.from_env(job.env_file)
        config = replace(
            found,
            base_url=params.base_url or found.base_url,
            database_path=job.state / params.source.ledger,
            rate_limit_per_hour=params.rate_limit_per_hour,
            threads=params.threads,
        )
        known = KnownFacts(job.state / KNOWN_FILES)
        with open_ballchasing(params, config, name_of=replay_path, known=known) as source:
            yield source


DEMO_BYTES_A_SECOND = 4000
"""Mean size of a synthetic replay by seconds of its match, to plan with."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Synthetic replays with known truth."""

    params: FetchParams

    def plan(self, storage: RawStorage) -> SourcePlan:
        """Return what there is to do."""
        text = f"a run writes the replays of {self.params.matches} synthetic matches; nothing is downloaded"
        names = file_names(matches=self.params.matches)
        return SourcePlan(text, dict.fromkeys(names), round(self.params.match_seconds * DEMO_BYTES_A_SECOND))

    def files(self, storage: RawStorage) -> Iterator[Candidate]:
        """Yield the replays, made one after the other."""
        params = self.params
        made = corpus(matches=params.matches, seed=params.seed, duration_seconds=params.match_seconds)
        for item in with_progress(made, total=None, what="files"):
            yield Candidate(item.name, item.data)
