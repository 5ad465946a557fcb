"""Where the fetch stage keeps raw replays: data/raw, or a bucket with the lists alone in data/raw."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.storage import LocalFolder, ReplayStorage
from impulse.config.fetch import FetchParams, StorageKind
from impulse.errors import ConfigError, CorruptReplay
from impulse.replay.container import check_integrity
from impulse.s3.url import S3Url
from impulse.tables.paths import REPLAYS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BucketBesideLists:
    """Replays in a bucket, their lists in a folder."""

    replays: ReplayStorage
    lists: LocalFolder
    url: S3Url
    """Where the replays are."""

    @property
    def storage_url(self) -> str:
        """Bucket and prefix, for the manifest."""
        return str(self.url)

    def prepare(self) -> None:
        """Move replays that a run without the bucket left in the folder; the bucket was listed when it was opened."""
        self.lists.prepare()
        moved = sum(self._move(path) for path in sorted(self.lists.path.glob(f"{REPLAYS}*/*.replay")))
        if moved:
            log.info("moved %d replays from %s to %s", moved, self.lists.path, self.storage_url)

    def size_of(self, name: str) -> int | None:
        """Return the size of a content."""
        return self._home(name).size_of(name)

    def holds(self, name: str, content: bytes) -> bool:
        """Tell whether this very content is there."""
        return self._home(name).holds(name, content)

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return a content."""
        return self._home(name).read(name, limit)

    def write(self, name: str, content: bytes) -> None:
        """Write a content."""
        self._home(name).write(name, content)

    def remove(self, name: str) -> None:
        """Remove a content."""
        self._home(name).remove(name)

    def address(self, name: str) -> str:
        """Return where a content is."""
        return self._home(name).address(name)

    def _home(self, name: str) -> ReplayStorage:
        return self.replays if name.startswith(REPLAYS) else self.lists

    def _move(self, path: Path) -> bool:
        """Move one file into the bucket; one that is damaged stays where it is."""
        content, name = path.read_bytes(), path.relative_to(self.lists.path).as_posix()
        try:
            check_integrity(content)
        except CorruptReplay as error:
            log.warning("%s stays on this machine, it is damaged: %s", path, error)
            return False
        if not self.replays.holds(name, content):
            self.replays.write(name, content)
        path.unlink()
        return True


@contextmanager
def raw_storage(params: FetchParams, *, folder: Path) -> Iterator[ReplayStorage]:
    """Open the storage that the settings name.

    Args:
        params: settings of the stage.
        folder: data/raw.

    Raises:
        ConfigError: the settings name no place.
        StageError: the bucket does not exist, cannot be reached, or refuses the credentials.
    """
    local = LocalFolder(folder)
    if params.storage is StorageKind.local:
        yield local
        return
    if params.storage_url is None:
        raise ConfigError(
            "fetch.storage_url", "is not set; name the place for replays, s3://bucket/prefix, in conf/storage/s3.yaml"
        )
    if params.is_in_place:
        yield LocalFolder(folder, storage_url=str(S3Url.parse(params.storage_url)))
        return
    # Imported here, for the AWS libraries take time that nobody else should wait.
    from impulse.s3.bucket import S3Bucket

    url = S3Url.parse(params.storage_url)
    with closing(S3Bucket(url.bucket, prefix=url.prefix, listed=REPLAYS)) as bucket:
        bucket.prepare()  # a bucket that cannot be used ends the run before anything is fetched
        yield BucketBesideLists(bucket, local, url)
