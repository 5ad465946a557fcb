"""A content as a file, for programs that read files only: in memory where the system can do that."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def memory_file(content: bytes) -> Iterator[Path]:
    """Give a path from which a content can be read until the block ends.

    Linux keeps it in memory. Elsewhere it is a temporary file: the content is then on the disk, and stays there if the
    process is killed.
    """
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryDirectory(prefix="impulse-") as folder:
            path = Path(folder) / "content"
            path.write_bytes(content)
            yield path
        return
    memory = os.memfd_create("content")
    try:
        with os.fdopen(memory, "wb", closefd=False) as file:
            file.write(content)
        yield Path(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
