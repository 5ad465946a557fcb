"""Hashes of files: that by which DVC knows them, and that by which impulse does."""

from __future__ import annotations

import hashlib
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def md5_and_sha256(path: Path) -> tuple[str, str]:
    """Return MD5 and SHA-256 of a file, in hexadecimal digits; it is read once.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            md5.update(chunk)
            sha256.update(chunk)
    return md5.hexdigest(), sha256.hexdigest()
