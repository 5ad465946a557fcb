"""The source ``s3``: replay files that are objects of a bucket. What was read once is not read again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.kept import KeptReplays
from impulse.collection.known import KNOWN_FILES, KnownFacts
from impulse.collection.matching import SUFFIX
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import ORDINARY_BYTES, Candidate, FileFacts, SourcePlan, left_out, too_large
from impulse.collection.threads import map_in_order
from impulse.config.fetch import FetchParams
from impulse.errors import ConfigError, ObjectMissing, SourceError
from impulse.replay.reasons import Reason
from impulse.run.progress import with_progress
from impulse.s3.bucket import ListedObject, S3Bucket
from impulse.s3.url import S3Url
from impulse.tables.rejects import Reject


@contextmanager
def open_bucket_source(params: FetchParams, *, state: Path) -> Iterator[BucketSource]:
    """Open the bucket that the settings name; it is not asked yet.

    Args:
        params: settings of the stage.
        state: folder of local state, with the facts of objects that earlier runs read.

    Raises:
        ConfigError: the settings name no place.
        StoreUnusable: the settings of AWS on this machine cannot be used.
    """
    if params.source_url is None:
        raise ConfigError(
            "fetch.source_url", "is not set; name the replays, s3://bucket/prefix, in conf/source/s3.yaml"
        )
    with closing(S3Bucket(S3Url.parse(params.source_url), listed="")) as bucket:
        yield BucketSource(params, state, bucket)


@dataclass(frozen=True, slots=True)
class BucketSource:
    """The replay files below a prefix, in the order of their names."""

    params: FetchParams
    state: Path
    bucket: S3Bucket

    def plan(self, storage: RawStorage) -> SourcePlan:
        """Return what there is to do."""
        listed = self._listed()
        sizes = {name: found.bytes for name, found in listed.items()}
        text = (
            f"a run reads those of {len(listed)} objects below {self.bucket.place} ({sum(sizes.values()) / 1e6:.1f} MB) "
            "that no run has read before"
        )
        return SourcePlan(text, sizes, ORDINARY_BYTES)

    def files(self, storage: RawStorage) -> Iterator[Candidate | Reject]:
        """Yield the files; those that an earlier run read and stored come without their bytes."""
        listed = self._listed()
        yield from with_progress(self._read(listed, storage.replays), total=len(listed), what="files")

    def _listed(self) -> dict[str, ListedObject]:
        listed = {name: found for name, found in self.bucket.objects().items() if name.lower().endswith(SUFFIX)}
        if not listed:
            raise SourceError(
                f"no object below {self.bucket.place} ends in {SUFFIX}; name another place in fetch.source_url"
            )
        return listed

    def _read(self, listed: dict[str, ListedObject], storage: KeptReplays) -> Iterator[Candidate | Reject]:
        bucket, is_in_place = self.bucket, self.params.is_in_place

        known = KnownFacts(self.state / KNOWN_FILES)

        def one(item: tuple[str, ListedObject]) -> Candidate | Reject:
            name, found = item
            if found.bytes > self.params.max_replay_bytes:
                return too_large(name, found.bytes, self.params.max_replay_bytes)
            path = name if is_in_place else None
            identity = (bucket.address(name), found.etag, found.bytes)
            facts = known.get(*identity)
            if facts is not None and (is_in_place or facts.needs_no_copy(storage)):
                return Candidate(name, None, facts, path)
            try:
                content = bucket.read(name, etag=found.etag)
            except ObjectMissing as error:
                return left_out(name, Reason.VANISHED, str(error))
            facts = FileFacts.of(content)
            known.keep(facts, *identity)
            return Candidate(name, content, facts, path)

        with closing(map_in_order(one, listed.items(), threads=self.params.threads)) as read:
            yield from read
        known.sweep()
