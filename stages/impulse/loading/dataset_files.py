"""Where the files of a dataset are, by their names inside it: a folder, a prefix of a bucket, or a DVC remote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from impulse.errors import DatasetError, ObjectMissing, StageError, one_line
from impulse.s3.url import S3Url

SCHEMA_FILE = "schema.json"
"""What every dataset has."""


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """One file: the file system that has it, and its path there."""

    filesystem: fs.FileSystem
    path: str
    size: int | None = None
    """Bytes, where the list of files has them; saves asking for it."""


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The files of a dataset."""

    name: str
    """For messages; holds no secret."""
    files: Mapping[str, DatasetFile]
    """By name inside the dataset, for example ``frames/split=train/part-00000.parquet``."""
    advice: str = ""
    """What to do when a file cannot be read."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a small file.

        Raises:
            DatasetError: there is no such file, or it cannot be read.
        """
        with self.open(name) as stream:
            content: bytes = stream.read()
        return content

    @contextmanager
    def open(self, name: str) -> Iterator[pa.NativeFile]:
        """Open a file for reading from any position; errors as for :meth:`read`."""
        if name not in self.files:
            raise DatasetError(f"{self.name}: {name} is missing")
        file = self.files[name]
        with self.reading(name), file.filesystem.open_input_file(file.path) as stream:
            yield stream

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Say in one line that something could not be read, and why.

        Raises:
            DatasetError: in place of what Arrow raises, whose messages hold no secrets.
        """
        try:
            yield
        except (OSError, pa.ArrowInvalid) as error:
            advice = f"; {self.advice}" if self.advice else ""
            raise DatasetError(f"{self.name}: {name} cannot be read{advice} ({one_line(error)})") from error


def no_dataset(name: str) -> DatasetError:
    """Return what to say of a place without a dataset."""
    return DatasetError(
        f"{name} is not a dataset of impulse: there is no {SCHEMA_FILE}; "
        "give the folder that the export stage wrote, such as data/export"
    )


def folder_files(folder: Path) -> DatasetFiles:
    """Return the files below the local folder of a dataset.

    Raises:
        DatasetError: it has none; said before everything below it is listed, which may be a whole disk.
    """
    if not (folder / SCHEMA_FILE).is_file():
        raise no_dataset(str(folder))
    local = fs.LocalFileSystem()
    return DatasetFiles(
        str(folder),
        {
            path.relative_to(folder).as_posix(): DatasetFile(local, str(path))
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    )


def bucket_files(url: str) -> DatasetFiles:
    """Return the files below ``s3://bucket/prefix``.

    Raises:
        DatasetError: there is no dataset, which is said before all objects are listed, or the bucket cannot be listed.
    """
    # Imported here, because the AWS libraries are slow to import.
    from impulse.s3.arrow import arrow_filesystem
    from impulse.s3.bucket import S3Bucket

    try:
        place = S3Url.parse(url)
        with closing(S3Bucket(place, listed="")) as bucket:
            bucket.read(SCHEMA_FILE, 1)
            listed = bucket.objects()
        store = arrow_filesystem(place.bucket)
    except ObjectMissing as error:
        raise no_dataset(url) from error
    except (StageError, ValueError) as error:
        raise DatasetError(str(error) if isinstance(error, StageError) else f"the dataset's address {error}") from error
    return DatasetFiles(
        url,
        {
            name: DatasetFile(store, f"{place.bucket}/{place.key(name)}", found.bytes)
            for name, found in listed.items()
            if not name.endswith("/")
        },
    )
