"""Where parsing takes replay files from: data/raw, or a bucket that workers read by themselves.

What goes to a worker is the place alone. Its connection is made there, once for each process, from the credentials of the
worker's own machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

from impulse.errors import ObjectMissing, ReplayLost, StageError
from impulse.files.memory import memory_file
from impulse.files.storage import LocalFolder, Storage
from impulse.s3.url import S3Url
from impulse.tables.paths import STORAGE_URL

READ_TRIES = 4
"""Attempts to read an object; with the pauses between them a store may be gone for several seconds."""


@dataclass(frozen=True, slots=True)
class RawReplays:
    """Replay files by their paths in the manifest."""

    folder: Path
    """data/raw."""
    bucket: S3Url | None = None
    """Bucket and prefix; None when the files are in the folder."""

    @classmethod
    def of(cls, manifest: pa.Table, *, folder: Path) -> RawReplays:
        """Return where the replays of a manifest are.

        Raises:
            StageError: the manifest does not say where they are.
        """
        url = (manifest.schema.metadata or {}).get(STORAGE_URL)
        try:
            return cls(folder, None if url is None else S3Url.parse(url.decode()))
        except ValueError as error:
            raise StageError(
                f"the manifest in {folder} does not say where its replays are: its storage_url {error}"
            ) from error

    def address(self, path: str) -> str:
        """Return a file's place as text; the same on every machine."""
        return path if self.bucket is None else self.bucket.address(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of a replay.

        Raises:
            ReplayLost: the file is not there.
            StageError: the bucket cannot be used, which is no fault of the replay.
        """
        try:
            return _opened(self.bucket or self.folder).read(path)
        except (ObjectMissing, FileNotFoundError) as error:
            where = "the folder of raw replays" if self.bucket is None else "the bucket"
            raise ReplayLost(f"{self.address(path)} is not in {where}; `make update` gets it again") from error

    @contextmanager
    def file(self, path: str) -> Iterator[Path]:
        """Give a file for the parser, which reads files only; one of a bucket is in memory, never on the disk.

        Raises:
            ReplayLost, StageError: as for :meth:`read`.
        """
        if self.bucket is None and (self.folder / path).is_file():
            yield self.folder / path
            return
        with memory_file(self.read(path)) as file:
            yield file


@cache
def _opened(place: S3Url | Path) -> Storage:
    """Return the storage, for each process once."""
    if isinstance(place, Path):
        return LocalFolder(place)
    # Imported here, for the AWS libraries take time that nobody else should wait.
    from impulse.s3.bucket import S3Bucket

    return S3Bucket(place, tries=READ_TRIES)
