"""The files of a dataset, wherever they are: what is there, what is listed, and whether it is still the same build."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from impulse.errors import DatasetError, one_line

SCHEMA_FILE = "schema.json"
"""What every dataset has."""

GET_AGAIN = "`impulse verify --heal` mends it where it was built; elsewhere copy or `dvc pull` the dataset again"

PARQUET = ds.ParquetFileFormat(page_checksum_verification=True)


class Store(Protocol):
    """What gives a file system of Arrow, each time one is needed, because its credentials may end."""

    @property
    def filesystem(self) -> fs.FileSystem:
        """A file system that can be used now."""


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """One file: what has it, and its path there."""

    store: fs.FileSystem | Store
    path: str
    size: int | None = None
    """Bytes, where the list of files has them; saves asking for it."""

    @property
    def filesystem(self) -> fs.FileSystem:
        """Arrow's file system that has it now."""
        return self.store if isinstance(self.store, fs.FileSystem) else self.store.filesystem


@dataclass(frozen=True, slots=True)
class ListedFile:
    """What is known of a file from schema.json; None where it does not say."""

    bytes: int | None = None
    sha256: str | None = None
    rows: int | None = None
    row_groups: int | None = None


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The files of a dataset."""

    name: str
    """For messages; holds no secret."""
    files: Mapping[str, DatasetFile]
    """By name inside the dataset, for example ``frames/split=train/part-00000.parquet``."""
    schema: bytes
    """Content of schema.json, which names the hash of every file and so identifies the build."""
    advice: str = GET_AGAIN
    """What to do when a file cannot be read."""
    server: str = ""
    """Address of the store that has the files, for messages; empty for folders."""
    mark: str = ""
    """What :attr:`mark_now` gave when the dataset was opened."""
    mark_now: Callable[[], str] | None = None
    """Asks for a mark of the schema.json that is there now; None where files are kept by their content and never change."""
    listed: Mapping[str, ListedFile] = field(default_factory=dict)
    """What belongs to the dataset, as far as it is known."""

    @property
    def build(self) -> str:
        """Identity of the build that was opened: the SHA-256 of schema.json."""
        return hashlib.sha256(self.schema).hexdigest()

    @property
    def is_remote(self) -> bool:
        """Tell whether every look at a file is a call over the network."""
        return bool(self.server)

    def check(self, name: str) -> None:
        """Check that a file is there, with the size that is listed.

        Raises:
            DatasetError: it is missing, or has another size.
        """
        if name not in self.files:
            self.check_build()
            raise DatasetError(f"{self.name}: {name} is missing; {GET_AGAIN}")
        expected, size = self.listed.get(name, ListedFile()).bytes, self.files[name].size
        if expected is not None and size is not None and expected != size:
            self.check_build()
            raise DatasetError(f"{self.name}: {name} has {size} bytes instead of {expected}; {GET_AGAIN}")

    def check_build(self) -> None:
        """Check that the dataset is still the one that was opened.

        Raises:
            DatasetError: it was rebuilt, or is gone, or its store cannot be reached.
        """
        try:
            self._compare_marks()
        except OSError as error:
            raise self._unreadable(SCHEMA_FILE, error) from error

    def _compare_marks(self) -> None:
        try:
            is_same = self.mark_now is None or self.mark_now() == self.mark
        except FileNotFoundError:
            is_same = False
        if not is_same:
            raise rebuilt(self.name)

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
        self.check(name)
        file = self.files[name]
        with self.reading(name), file.filesystem.open_input_file(file.path) as stream:
            yield stream

    def fragment(self, name: str, **options: object) -> ds.ParquetFileFragment:
        """Return a Parquet file as Arrow reads it; its footer is read when it is asked for.

        Raises:
            DatasetError: it is missing, or has another size than is listed.
        """
        self.check(name)
        file = self.files[name]
        return PARQUET.make_fragment(file.path, filesystem=file.filesystem, file_size=file.size, **options)

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Say in one line that something could not be read, and why; check in the end that it is of the build that was opened.

        Raises:
            DatasetError: in place of what Arrow raises, whose messages hold no secrets; or the dataset was rebuilt.
        """
        try:
            yield
        except DatasetError:
            self.check_build()  # of a rebuilt dataset anything may seem wrong
            raise
        except (OSError, UnicodeDecodeError, pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            with suppress(OSError):  # which would say of schema.json what is to be said of this file
                self._compare_marks()
            raise self._unreadable(name, error) from error
        self.check_build()

    def _unreadable(self, name: str, error: BaseException) -> DatasetError:
        where = f" from {self.server}" if self.server else ""
        return DatasetError(f"{self.name}: {name} cannot be read{where}; {self.advice} ({one_line(error)})")


def rebuilt(name: str) -> DatasetError:
    """Return what to say when another build is in the place of the one that was opened."""
    return DatasetError(f"{name} was rebuilt since it was opened; open it again")


def is_hidden(name: str) -> bool:
    """Tell whether a file is none of a dataset's: what begins with a dot or an underscore, or is below such a folder.

    Arrow leaves out the same. Copies and archives of macOS have a ``._part-00000.parquet`` beside each shard.
    """
    return any(part.startswith((".", "_")) for part in name.split("/"))


def no_dataset(name: str) -> DatasetError:
    """Return what to say of a place without a dataset."""
    return DatasetError(
        f"{name} is not a dataset of impulse: there is no {SCHEMA_FILE}; "
        "give the folder that the export stage wrote, such as data/export"
    )
