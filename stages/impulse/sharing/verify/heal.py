"""Mend what is damaged or missing, each file from the nearest good copy.

The cache and the checkout mend each other. What no copy is left of is removed, for a build to make or fetch it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from impulse.files.disk import make_read_only
from impulse.files.output import output_file
from impulse.files.store import Store
from impulse.sharing.verify.check import LISTS, STORES, Fault, Hashes, What, files_below
from impulse.sharing.verify.outputs import Pinned

NO_COPY = "no good copy is here"


def heal(root: Path, faults: Iterable[Fault], *, say: Callable[[Fault, str], None]) -> list[Fault]:
    """Mend files.

    Args:
        root: folder of the checkout.
        faults: what :func:`~impulse.sharing.verify.check.check` found.
        say: is called with each fault and what was done about it.

    Returns:
        What no good copy is left of; it has to be fetched or made again. Raw replays stay until they are replaced.

    Raises:
        ConfigError: DVC cannot read the checkout.
    """
    pinned, hashes = Pinned.of(root), Hashes()
    left: list[Fault] = []
    files = {found[0]: path for path in _files(pinned) if (found := hashes.of(path)) is not None}
    stores = [root / ".state" / name for name in STORES]
    in_cache = [fault for fault in faults if fault.path.is_relative_to(pinned.cache)]
    for fault in in_cache:
        oid = fault.path.parent.name + fault.path.name
        if (content := _listing(pinned, oid, hashes)) is not None:
            with output_file(fault.path) as partial:
                partial.write_bytes(content)
            make_read_only(fault.path)
            say(fault, "mended from the files that it lists")
        elif (copy := files.get(oid)) is not None:
            _replace(fault.path, copy)
            make_read_only(fault.path)
            say(fault, f"mended from {copy.relative_to(root)}")
        else:
            fault.path.unlink(missing_ok=True)
            left.append(fault)
            say(fault, NO_COPY)
    hashes = Hashes()
    wanted = _wanted(root, pinned)
    for fault in faults:
        path = fault.path
        if fault in in_cache:
            continue
        store = next((folder for folder in stores if path.is_relative_to(folder)), None)
        if store is not None:
            Store(store).remove(path)
            say(fault, "removed; what needs it makes it again")
        elif fault.what is What.FOREIGN:
            path.unlink()
            say(fault, "removed")
        elif (good := _good_object(pinned, wanted.get(path), hashes)) is not None:
            _replace(path, good)
            say(fault, "mended from DVC's cache")
        else:
            left.append(fault)
            say(fault, NO_COPY)
            if path.is_relative_to(root / "data" / "raw"):
                with suppress(FileNotFoundError):  # fetch looks at it again, and removes nothing that it cannot replace
                    os.utime(path)
            else:
                path.unlink(missing_ok=True)
    return left


def _files(pinned: Pinned) -> Iterator[Path]:
    for output in pinned.outputs:
        yield from files_below(output.path)


def _listing(pinned: Pinned, oid: str, hashes: Hashes) -> bytes | None:
    """Return DVC's list of the files of a folder, if those that are there are all of it; None when they are not."""
    for output in pinned.outputs:
        if output.oid == oid and output.path.is_dir():
            files = {path.relative_to(output.path).as_posix(): hashes.of(path) for path in files_below(output.path)}
            entries = [{"md5": found[0], "relpath": place} for place, found in sorted(files.items()) if found]
            content = json.dumps(entries).encode()
            if hashlib.md5(content, usedforsecurity=False).hexdigest() == oid.removesuffix(".dir"):
                return content
    return None


def _wanted(root: Path, pinned: Pinned) -> dict[Path, tuple[str | None, str | None]]:
    """Return MD5 and SHA-256 that a file of the checkout should have; None for one that nothing tells."""
    found: dict[Path, tuple[str | None, str | None]] = {}
    for output in pinned.outputs:
        found |= {path: (md5, None) for path, md5 in (pinned.files_of(output) or {}).items()}
    for listing, read in LISTS.items():
        try:
            expected = read(root / "data" / listing)
        except (OSError, ValueError, KeyError):
            continue
        found |= {path: (found.get(path, (None, None))[0], sha256) for path, sha256 in expected.items()}
    return found


def _good_object(pinned: Pinned, wanted: tuple[str | None, str | None] | None, hashes: Hashes) -> Path | None:
    """Return the object of the cache that has the bytes of a file; None when there is none."""
    md5, sha256 = wanted or (None, None)
    if md5 is None:
        return None
    path = pinned.object_path(md5)
    return path if _is(hashes.of(path), md5=md5, sha256=sha256) else None


def _is(found: tuple[str, str] | None, *, md5: str, sha256: str | None = None) -> bool:
    return found is not None and found[0] == md5.removesuffix(".dir") and sha256 in (None, found[1])


def _replace(path: Path, good: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with output_file(path) as partial:
        shutil.copyfile(good, partial)
