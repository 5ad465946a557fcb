"""The objects of the dataset in the remote: are they there, and are they what was pushed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from impulse.errors import StageError, one_line
from impulse.sharing.verify.check import What
from impulse.sharing.verify.outputs import Pinned, opened

_CHUNK_BYTES = 1 << 20
_THREADS = 8


def check_remote(root: Path, *, heal: bool) -> Iterator[tuple[str, What, bool]]:
    """Read every object of the remote that dvc.lock names.

    Args:
        root: folder of the checkout, whose cache has the lists of files.
        heal: put the object of the cache, if that is good, in the place of one that is not.

    Yields:
        Address of each object that is damaged or missing, what is wrong with it, and whether it was mended.

    Raises:
        ConfigError: no remote is set.
        StageError: the remote cannot be read.
    """
    pinned = Pinned.of(root)
    wanted = {output.oid for output in pinned.outputs}
    for output in pinned.outputs:
        wanted |= set((pinned.files_of(output) or {}).values())
    with opened(root) as repo:
        remote = repo.cloud.get_remote_odb()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="remote") as pool:
            found = pool.map(lambda oid: _fault(remote, oid), sorted(wanted))
            for oid, what in zip(sorted(wanted), found, strict=True):
                if what is None:
                    continue
                address, good = remote.oid_to_path(oid), pinned.object_path(oid)
                is_mended = heal and good.is_file() and _md5(good.read_bytes()) == oid.removesuffix(".dir")
                if is_mended:
                    remote.fs.put_file(str(good), address)
                    is_mended = _fault(remote, oid) is None
                yield remote.fs.unstrip_protocol(address), what, is_mended


def _fault(remote: Any, oid: str) -> What | None:  # noqa: ANN401 - DVC's own type has no types
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with remote.fs.open(remote.oid_to_path(oid), "rb") as content:
            while chunk := content.read(_CHUNK_BYTES):
                digest.update(chunk)
    except FileNotFoundError:
        return What.MISSING
    except Exception as error:  # what each kind of remote raises for itself
        raise StageError(f"the remote cannot be read: {one_line(error)}") from error
    return None if digest.hexdigest() == oid.removesuffix(".dir") else What.DAMAGED


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
