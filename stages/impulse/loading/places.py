"""Where datasets are that no repository tracks: a local folder, or a prefix of a bucket."""

from __future__ import annotations

import hashlib
import stat
from contextlib import closing
from functools import partial
from pathlib import Path

from pyarrow import fs

from impulse.errors import DatasetError, ObjectMissing, StageError, one_line
from impulse.loading.dataset_files import SCHEMA_FILE, DatasetFile, DatasetFiles, Store, is_hidden, no_dataset, rebuilt
from impulse.s3.url import S3Url


def folder_files(folder: Path) -> DatasetFiles:
    """Return the files below the local folder of a dataset; hidden ones are left out.

    The folder is known by its absolute path, so that what was opened may be sent to a process with another working folder.

    Raises:
        DatasetError: it has none; said before everything below it is listed, which may be a whole disk.
    """
    folder = folder.absolute()
    try:
        schema = (folder / SCHEMA_FILE).read_bytes()
        found = [(path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*"))]
        sizes = {name: _size(path) for name, path in found if not is_hidden(name)}
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise no_dataset(str(folder)) from error
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read; give yourself access to it ({one_line(error)})") from error
    files = {name: DatasetFile(_LOCAL, str(folder / name), size) for name, size in sizes.items() if size is not None}
    mark_now = partial(content_mark, folder / SCHEMA_FILE)
    return DatasetFiles(str(folder), files, schema, mark=mark_of(schema), mark_now=mark_now)


def _size(path: Path) -> int | None:
    """Return the bytes of a file; None of a folder, and of a link to nothing."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def content_mark(path: Path) -> str:
    """Return the mark of a schema.json on this disk."""
    return mark_of(path.read_bytes())


def mark_of(schema: bytes) -> str:
    """Return the mark of the content of a schema.json: its SHA-256."""
    return hashlib.sha256(schema).hexdigest()


def bucket_files(url: str) -> DatasetFiles:
    """Return the files below ``s3://bucket/prefix``; hidden ones are left out.

    Raises:
        DatasetError: there is no dataset, which is said before all objects are listed, or the bucket cannot be listed.
    """
    # Imported here, because the AWS libraries are slow to import.
    from impulse.s3.arrow import arrow_bucket
    from impulse.s3.bucket import S3Bucket

    try:
        place = S3Url.parse(url)
        with closing(S3Bucket(place, listed="")) as bucket:
            bucket.read(SCHEMA_FILE, 1)
            listed = {name: found for name, found in bucket.objects().items() if not name.endswith("/")}
            if SCHEMA_FILE not in listed:
                raise no_dataset(url)
            etag = listed[SCHEMA_FILE].etag
            try:
                schema = bucket.read(SCHEMA_FILE, etag=etag)
            except ObjectMissing as error:
                raise rebuilt(url) from error
            server = bucket.endpoint
        store = arrow_bucket(place.bucket)
    except ObjectMissing as error:
        raise no_dataset(url) from error
    except (StageError, ValueError) as error:
        raise DatasetError(str(error) if isinstance(error, StageError) else f"the dataset's address {error}") from error
    root = f"{place.bucket}/{place.key('')}"
    return DatasetFiles(
        url,
        {
            name: DatasetFile(store, f"{root}{name}", found.bytes)
            for name, found in listed.items()
            if not is_hidden(name)
        },
        schema,
        advice="try again when the server can be reached, or copy the dataset there again",
        server=server,
        mark=etag,
        mark_now=partial(_etag_now, store, f"{root}{SCHEMA_FILE}"),
    )


def _etag_now(store: Store, path: str) -> str:
    """Return the mark of a schema.json in a bucket, for which its headers alone are asked."""
    with store.filesystem.open_input_file(path) as file:
        metadata: dict[str, bytes] = file.metadata()
    return metadata.get("ETag", b"").decode().strip('"')


_LOCAL = fs.LocalFileSystem()
