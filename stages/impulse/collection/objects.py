"""The source ``s3``: replay files that are objects of a bucket. What was read once is not read again."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from impulse.collection.client import MAX_FILE_BYTES
from impulse.collection.intake import Candidate, Judged, judge
from impulse.collection.seen import SeenObjects
from impulse.collection.storage import ReplayStorage
from impulse.collection.threads import map_in_order
from impulse.config.fetch import FetchParams
from impulse.errors import ConfigError, ObjectMissing, SourceError
from impulse.s3.bucket import ListedObject, S3Bucket
from impulse.s3.url import S3Url
from impulse.tables.paths import replay_path

SUFFIX = ".replay"
"""End of the names of replay files."""


def candidates(params: FetchParams, *, seen: Path, storage: ReplayStorage) -> tuple[int, Iterator[Candidate]]:
    """Return the replay files below the prefix, in the order of their names.

    Args:
        params: settings of the stage.
        seen: memory of the objects that earlier runs read.
        storage: where files go; one that it lacks is read again.

    Raises:
        ConfigError: the settings name no place.
        SourceError: nothing below the prefix is a replay file.
        StageError: the bucket does not exist, cannot be reached, or refuses the credentials.
    """
    if params.source_url is None:
        raise ConfigError(
            "fetch.source_url", "is not set; name the replays, s3://bucket/prefix, in conf/source/s3.yaml"
        )
    url = S3Url.parse(params.source_url)
    bucket = S3Bucket(url.bucket, prefix=url.prefix, listed="")
    listed = {name: found for name, found in bucket.objects().items() if name.endswith(SUFFIX)}
    if not listed:
        bucket.close()
        raise SourceError(f"no object below {url} ends in {SUFFIX}; name another place in fetch.source_url")

    def is_kept(judged: Judged) -> bool:
        is_good = judged.facts is not None
        return not is_good or params.is_in_place or storage.size_of(replay_path(judged.replay_id)) == judged.bytes

    return len(listed), _read(bucket, listed, seen, is_kept, threads=params.threads, is_in_place=params.is_in_place)


def _read(
    bucket: S3Bucket,
    listed: dict[str, ListedObject],
    seen: Path,
    is_kept: Callable[[Judged], bool],
    *,
    threads: int,
    is_in_place: bool,
) -> Iterator[Candidate]:
    with closing(bucket), SeenObjects(seen) as memory:

        def one(item: tuple[str, ListedObject]) -> Candidate:
            name, found = item
            kept_at = name if is_in_place else None
            if found.bytes > MAX_FILE_BYTES:
                return Candidate(name, OSError(errno.EFBIG, f"{found.bytes} bytes are too many for a replay"))
            judged = memory.judged(bucket.address(name), found.etag, found.bytes)
            if judged is not None and is_kept(judged):
                return Candidate(name, None, judged, kept_at)
            try:
                content = bucket.read(name, etag=found.etag)
            except ObjectMissing as error:
                return Candidate(name, FileNotFoundError(str(error)))
            judged = judge(content)
            memory.remember(bucket.address(name), found.etag, judged)
            return Candidate(name, content, judged, kept_at)

        with closing(map_in_order(one, listed.items(), threads=threads)) as read:
            yield from read
