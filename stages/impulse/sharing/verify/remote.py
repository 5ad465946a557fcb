"""The objects of the dataset in the remote: are they there, and are they what was pushed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from impulse.errors import StageError, one_line
from impulse.sharing.repository import opened
from impulse.sharing.verify.check import Hashes, What, is_named_by_its_content, shown
from impulse.sharing.verify.outputs import Pinned, files_listed

_CHUNK_BYTES = 1 << 20
_THREADS = 8


def refuse_incomplete(root: Path) -> None:
    """Refuse to call a dataset uploaded of which the remote lacks something; DVC itself only warns.

    Raises:
        ConfigError: no remote is set.
        StageError: something that dvc.lock names is not in the remote.
    """
    pinned = Pinned.of(root)
    with opened(root, what="the DVC remote") as repo:
        remote = repo.cloud.get_remote_odb()
        wanted = {output.oid: output.path for output in pinned.outputs}
        for output in pinned.outputs:
            files = _listed(output.oid, pinned, remote).items()
            wanted |= {oid: output.path / name for name, oid in files}
        there = set(remote.oids_exist(list(wanted)))
    lacking = [path for oid, path in wanted.items() if oid not in there]
    if lacking:
        raise StageError(
            f"{shown(lacking[0], root)} is not in the remote, {len(lacking)} objects in all: DVC's cache here lacks them. "
            "`impulse verify --heal`, or `dvc pull` from a remote that has them, brings them into it"
        )


def check_remote(root: Path, *, heal: bool) -> Iterator[tuple[str, What, bool]]:
    """Read every object of the remote that dvc.lock names, also those of outputs that are not here.

    Args:
        root: folder of the checkout.
        heal: put the object of the cache, if that is good, in the place of one that is not.

    Yields:
        Address of each object that is damaged or missing, what is wrong with it, and whether it was mended.

    Raises:
        ConfigError: no remote is set.
        StageError: the remote cannot be read.
    """
    pinned, hashes = Pinned.of(root), Hashes()
    with opened(root) as repo, ThreadPoolExecutor(_THREADS, thread_name_prefix="remote") as pool:
        remote = repo.cloud.get_remote_odb()

        def faults(oids: set[str]) -> Iterator[tuple[str, What, bool]]:
            for oid, what in zip(sorted(oids), pool.map(lambda oid: _fault(remote, oid), sorted(oids)), strict=True):
                if what is None:
                    continue
                address, good = remote.oid_to_path(oid), pinned.object_path(oid)
                is_mended = heal and is_named_by_its_content(oid, good, hashes)
                if is_mended:
                    remote.fs.put_file(str(good), address)
                    is_mended = _fault(remote, oid) is None
                yield remote.fs.unstrip_protocol(address), what, is_mended

        yield from faults({output.oid for output in pinned.outputs})
        yield from faults({oid for output in pinned.outputs for oid in _listed(output.oid, pinned, remote).values()})


def _listed(oid: str, pinned: Pinned, remote: Any) -> Mapping[str, str]:  # noqa: ANN401 - DVC's types have no types
    """Return the objects of a folder's files: from the cache, else from the remote; nothing where neither has a good list."""
    if not oid.endswith(".dir"):
        return {}
    for read in (pinned.object_path(oid).read_bytes, lambda: remote.fs.cat_file(remote.oid_to_path(oid))):
        try:
            content: bytes = read()
        except OSError:  # said already
            continue
        if hashlib.md5(content, usedforsecurity=False).hexdigest() == oid.removesuffix(".dir"):
            return files_listed(content)
    return {}


def _fault(remote: Any, oid: str) -> What | None:  # noqa: ANN401 - DVC's types have no types
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
