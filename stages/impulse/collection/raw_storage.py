"""Where the fetch stage keeps raw replays: a store in local state, or a bucket. data/raw is a view of that.

The store has every replay that was ever had, and the lists of the last run. DVC empties data/raw before each run; at the end
it gets the lists and exactly the replays of the manifest, each as a second name of the file in the store. With a bucket it
gets the lists alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from impulse.collection.adoption import LISTS, Adoption, names_in
from impulse.collection.kept import KeptReplays, seen_file, seen_in
from impulse.config.fetch import FetchParams, StorageKind
from impulse.errors import ConfigError, CorruptReplay
from impulse.files.disk import link_or_copy
from impulse.files.output import only_writer, output_folder
from impulse.files.seen import SeenContents
from impulse.files.storage import LocalFolder, Storage, read_regular
from impulse.replay.container import check_integrity
from impulse.s3.url import S3Url
from impulse.tables.paths import MANIFEST, REPLAYS

log = logging.getLogger(__name__)

STORE = "raw"
"""Folder of local state with raw replays and their lists."""

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
    view: View | None = None
    """What is made of them for the stages that follow; None where that is the storage itself."""

    @classmethod
    def in_folder(cls, folder: Path) -> RawStorage:
        """Return a folder for both."""
        return cls(KeptReplays(LocalFolder(folder)), LocalFolder(folder))

    def publish(self, paths: Iterable[str]) -> None:
        """Make the view, once the lists are written.

        Args:
            paths: of the replays of the manifest, inside the storage.
        """
        if self.view is not None:
            self.view.write(() if self.url is not None else paths)


@dataclass(frozen=True, slots=True)
class View:
    """A folder of links to files of the store."""

    folder: Path
    """data/raw."""
    store: Path

    def write(self, paths: Iterable[str]) -> None:
        """Write the folder whole, with the lists and the replays at these paths, then give it its name.

        Args:
            paths: inside the store.
        """
        names = [*(name for name in LISTS if (self.store / name).is_file()), *paths]
        with output_folder(self.folder) as partial:
            for parent in sorted({name.rpartition("/")[0] for name in names}):
                (partial / parent).mkdir(parents=True, exist_ok=True)
            for name in names:
                link_or_copy(self.store / name, partial / name)


@contextmanager
def raw_storage(params: FetchParams, *, folder: Path, state: Path, root: Path | None = None) -> Iterator[RawStorage]:
    """Open the storage that the settings name, for a run that is the only writer now; another one is waited for.

    What a killed run left half done is removed. The store takes what it lacks and is here already, and with a bucket its
    replays move there.

    Args:
        params: settings of the stage.
        folder: data/raw.
        state: folder of local state, with the store and what earlier runs have seen of the replays.
        root: folder of the checkout whose dvc.lock and cache have an earlier data/raw; None looks at no cache.

    Raises:
        ConfigError: the settings name no place.
        StageError: the bucket does not exist, cannot be reached, or refuses the credentials.
    """
    if params.storage is not StorageKind.local and params.storage_url is None:
        raise ConfigError(
            "fetch.storage_url", "is not set; name the place for replays, s3://bucket/prefix, in conf/storage/s3.yaml"
        )
    url = None if params.storage is StorageKind.local else S3Url.parse(params.storage_url or "")
    store = LocalFolder(state / STORE, is_protected=True)
    if params.dry_run:
        has_store = (store.path / REPLAYS).is_dir() or (store.path / MANIFEST).is_file()
        with _opened(params, store if has_store else LocalFolder(folder), url, state) as storage:
            yield storage
        return
    with only_writer(store.path):  # experiments share it
        store.remove_leftovers()
        adoption = Adoption(store.path, folder, root)
        with _opened(params, store, url, state, adoption) as storage:
            try:
                yield replace(storage, view=View(folder, store.path))
            finally:
                adoption.note()


@contextmanager
def _opened(
    params: FetchParams, store: LocalFolder, url: S3Url | None, state: Path, adoption: Adoption | None = None
) -> Iterator[RawStorage]:
    """Open the storage; in a dry run, which has no adoption, nothing is written."""
    if url is None:
        with seen_in(state / SEEN, str(store.path.absolute()), is_kept=adoption is not None) as seen:
            kept = KeptReplays(store, seen)
            if adoption is not None:
                adoption.take(seen)
                kept = replace(kept, before_healing=adoption.forget_damaged)
            yield RawStorage(kept, store)
        return
    if params.is_in_place:
        if adoption is not None:
            adoption.take(SeenContents())
        yield RawStorage(KeptReplays(store), store, url)
        return
    # Imported here, for the AWS libraries take time that nobody else should wait.
    from impulse.s3.bucket import S3Bucket

    with (
        closing(S3Bucket(url, listed=REPLAYS)) as bucket,
        seen_in(state / SEEN, str(url), is_kept=adoption is not None) as seen,
    ):
        bucket.objects()  # a bucket that cannot be used ends the run before anything is fetched
        kept = KeptReplays(bucket, seen)
        if adoption is not None:
            adoption.take(SeenContents())
            moved = sum(
                _move(path, store, kept, params.max_replay_bytes)
                for path in sorted(store.path.glob(f"{REPLAYS}*/*.replay"))
            )
            if moved:
                log.info("moved %d replays from %s to %s", moved, store.path, url)
        yield RawStorage(kept, store, url)


def stored_hashes(state: Path) -> dict[Path, str]:
    """Return the SHA-256 that each replay of the store should have, as far as fetch has noted it and the file was not written since.

    Args:
        state: folder of local state.
    """
    store = LocalFolder(state / STORE)
    seen = SeenContents(seen_file(state / SEEN, str(store.path.absolute())))
    found = {name: seen.get(name, stamp) for name in names_in(store.path) if (stamp := store.stamp(name)) is not None}
    return {store.path / name: sha256 for name, sha256 in found.items() if sha256 is not None}


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
