"""Where the fetch stage keeps raw replays: data/raw, or a bucket with the lists alone in data/raw."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.kept import KeptReplays, seen_in
from impulse.config.fetch import FetchParams, StorageKind
from impulse.errors import ConfigError, CorruptReplay
from impulse.files.storage import LocalFolder, Storage, read_regular
from impulse.replay.container import check_integrity
from impulse.s3.url import S3Url
from impulse.tables.paths import REPLAYS

log = logging.getLogger(__name__)

SEEN = "seen"
"""Folder of local state with the hashes of files that were read before."""


@dataclass(frozen=True, slots=True)
class RawStorage:
    """Replays and their lists."""

    replays: KeptReplays
    lists: Storage
    """Has manifest, listed players and rejects."""
    url: S3Url | None = None
    """Where the replays are when that is elsewhere than their lists; for the manifest."""

    @classmethod
    def in_folder(cls, folder: Path) -> RawStorage:
        """Return a folder for both."""
        return cls(KeptReplays(LocalFolder(folder)), LocalFolder(folder))


@contextmanager
def raw_storage(params: FetchParams, *, folder: Path, state: Path) -> Iterator[RawStorage]:
    """Open the storage that the settings name, for a run that is the only writer now.

    What a killed run left half done is removed, and replays that a run without the bucket left in the folder move there.

    Args:
        params: settings of the stage.
        folder: data/raw.
        state: folder of local state, with what earlier runs have seen of the replays.

    Raises:
        ConfigError: the settings name no place.
        StageError: the bucket does not exist, cannot be reached, or refuses the credentials.
    """
    local = LocalFolder(folder)
    if not params.dry_run:
        local.remove_leftovers()
    if params.storage is StorageKind.local:
        with seen_in(state / SEEN, str(folder.absolute()), is_kept=not params.dry_run) as seen:
            yield RawStorage(KeptReplays(local, seen), local)
        return
    if params.storage_url is None:
        raise ConfigError(
            "fetch.storage_url", "is not set; name the place for replays, s3://bucket/prefix, in conf/storage/s3.yaml"
        )
    url = S3Url.parse(params.storage_url)
    if params.is_in_place:
        yield RawStorage(KeptReplays(local), local, url)
        return
    # Imported here, for the AWS libraries take time that nobody else should wait.
    from impulse.s3.bucket import S3Bucket

    with (
        closing(S3Bucket(url, listed=REPLAYS)) as bucket,
        seen_in(state / SEEN, str(url), is_kept=not params.dry_run) as seen,
    ):
        bucket.objects()  # a bucket that cannot be used ends the run before anything is fetched
        kept = KeptReplays(bucket, seen)
        if not params.dry_run:
            moved = sum(
                _move(path, local, kept, params.max_replay_bytes)
                for path in sorted(folder.glob(f"{REPLAYS}*/*.replay"))
            )
            if moved:
                log.info("moved %d replays from %s to %s", moved, folder, url)
        yield RawStorage(kept, local, url)


def _move(path: Path, folder: LocalFolder, bucket: KeptReplays, limit: int) -> bool:
    """Move one file into the bucket; one that is damaged, or too large to be read, stays where it is."""
    try:
        content, _ = read_regular(path, limit + 1)
        if len(content) > limit:
            log.warning("%s stays on this machine, it is larger than fetch.max_replay_mb", path)
            return False
        check_integrity(content)
    except (CorruptReplay, OSError) as error:
        log.warning("%s stays on this machine, it cannot be used: %s", path, error)
        return False
    name = path.relative_to(folder.path).as_posix()
    bucket.write(name, content, sha256=hashlib.sha256(content).hexdigest())
    path.unlink()
    return True
