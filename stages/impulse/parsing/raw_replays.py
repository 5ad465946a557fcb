"""Where parsing takes replay files from: data/raw, or a bucket that workers read by themselves.

What goes to a worker is the place alone. Its connection is made there, once for each process, from the credentials of the
worker's own machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from impulse.errors import CorruptReplay, ObjectMissing, StageError
from impulse.replay.reasons import Reason
from impulse.s3.url import S3Url
from impulse.tables.paths import STORAGE_URL

if TYPE_CHECKING:
    from impulse.s3.bucket import S3Bucket

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
            StageError: the manifest names a place that is none.
        """
        url = (manifest.schema.metadata or {}).get(STORAGE_URL)
        try:
            return cls(folder, None if url is None else S3Url.parse(url.decode()))
        except ValueError as error:
            raise StageError(f"the manifest in {folder} names no place of its replays: it {error}") from error

    def address(self, path: str) -> str:
        """Return a file's place for people; the same on every machine."""
        return path if self.bucket is None else self.bucket.address(path)

    @contextmanager
    def file(self, path: str) -> Iterator[Path]:
        """Give a file for the parser, which reads files only; one of a bucket stands in memory, never on the disk.

        Raises:
            CorruptReplay: ``file_missing``.
            StageError: the bucket cannot be used, which is no fault of the replay.
        """
        if self.bucket is None:
            if not (self.folder / path).is_file():
                raise CorruptReplay(
                    Reason.FILE_MISSING, f"{Path(path).name} is not in the folder of raw replays; run fetch again"
                )
            yield self.folder / path
            return
        try:
            content = _connected(self.bucket).read(path)
        except ObjectMissing as error:
            raise CorruptReplay(
                Reason.FILE_MISSING, f"{self.address(path)} is not in the bucket; run fetch again"
            ) from error
        memory = os.memfd_create("replay")
        try:
            with os.fdopen(memory, "wb", closefd=False) as file:
                file.write(content)
            yield Path(f"/proc/self/fd/{memory}")
        finally:
            os.close(memory)


@cache
def _connected(place: S3Url) -> S3Bucket:
    from impulse.s3.bucket import S3Bucket

    return S3Bucket(place.bucket, prefix=place.prefix, tries=READ_TRIES)
