"""Local files that count what is read of them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from fsspec.implementations.local import LocalFileSystem
from pyarrow import fs

from impulse.loading.dataset_files import DatasetFile, DatasetFiles


class CountingFiles(LocalFileSystem):  # type: ignore[misc]
    """A local file system with counters."""

    cachable = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.reset()

    def reset(self) -> None:
        self.opened: list[str] = []
        self.bytes_read = 0
        self.reads = 0

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        self.opened.append(str(path))
        return CountingFile(super().open(path, mode, **options), self)


class CountingFile(io.RawIOBase):
    """An open file that adds to its file system's counters."""

    def __init__(self, inner: Any, counters: CountingFiles) -> None:
        self.inner = inner
        self.counters = counters

    def read(self, size: int = -1) -> bytes:
        content: bytes = self.inner.read(size)
        self.counters.reads += 1
        self.counters.bytes_read += len(content)
        return content

    def seek(self, *position: int) -> int:
        found: int = self.inner.seek(*position)
        return found

    def tell(self) -> int:
        found: int = self.inner.tell()
        return found

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    @property
    def size(self) -> int:
        found: int = self.inner.seek(0, io.SEEK_END)
        return found

    def close(self) -> None:
        self.inner.close()
        super().close()


def counted(stored: DatasetFiles, counters: CountingFiles) -> DatasetFiles:
    """Return files that are read through counters."""
    filesystem = fs.PyFileSystem(fs.FSSpecHandler(counters))
    return replace(stored, files={name: DatasetFile(filesystem, file.path) for name, file in stored.files.items()})
