"""Mend what is damaged or missing, each file from the nearest good copy.

The cache, the checkout and the store of raw replays mend each other. What no copy is left of is removed, for a build to make
or fetch it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from itertools import chain
from pathlib import Path

from impulse.files.disk import link_or_copy, make_read_only
from impulse.files.output import output_file
from impulse.files.store import Store
from impulse.sharing.verify.check import ITS_OWN, LISTS, STORES, Fault, Hashes, What, shown
from impulse.sharing.verify.outputs import Output, Pinned
from impulse.sharing.verify.raw_store import raw_folder, raw_store, stored, twin
from impulse.tables.io import UNREADABLE

NO_COPY = "no good copy is here"


def heal(root: Path, faults: Collection[Fault], hashes: Hashes, *, say: Callable[[Fault, str], None]) -> list[Fault]:
    """Mend files.

    Args:
        root: folder of the checkout.
        faults: what :func:`~impulse.sharing.verify.check.check` found.
        hashes: what it read for that.
        say: is called with each fault and what was done about it.

    Returns:
        What no good copy is left of; it has to be fetched or made again. Raw replays stay until they are replaced.

    Raises:
        ConfigError: DVC cannot read the checkout.
    """
    pinned = Pinned.of(root)
    left: list[Fault] = []
    in_store = [stored(root, path) for path in _wanted(root, pinned) if path.is_relative_to(raw_folder(root))]
    in_cache = [fault for fault in faults if fault.path.is_relative_to(pinned.cache)]
    if in_cache:
        left += _heal_objects(root, in_cache, pinned, hashes, say, more=in_store)
    lists = {root / "data" / name for name in LISTS}
    whole = {output.path: output for output in pinned.outputs if not output.path.exists()}
    # Lists first: by them the other files are judged.
    for are_lists in (True, False):
        wanted = _wanted(root, pinned)
        for fault in faults:
            if not fault.path.is_relative_to(pinned.cache) and (fault.path in lists) is are_lists:
                if fault.path in whole:
                    is_mended = _restore(pinned, whole[fault.path], hashes)
                    say(fault, "brought back from DVC's cache" if is_mended else NO_COPY)
                    left += [] if is_mended else [fault]
                    continue
                known = None if fault.kept_in == ITS_OWN else wanted.get(fault.path)
                good = _good_object(pinned, known, hashes) or _good_twin(root, fault.path, known, hashes)
                what, is_mended = _heal_file(root, fault, good, is_wanted=known is not None, is_linked=pinned.is_linked)
                say(fault, what)
                left += [] if is_mended else [fault]
    return left


def _heal_objects(
    root: Path,
    faults: Iterable[Fault],
    pinned: Pinned,
    hashes: Hashes,
    say: Callable[[Fault, str], None],
    *,
    more: Iterable[Path],
) -> list[Fault]:
    """Mend objects of the cache from files of the checkout and ``more``; return those that dvc.lock names and no copy is left of."""
    files = {found[0]: path for path in chain(more, *pinned.here.values()) if (found := hashes.of(path)) is not None}
    left = []
    for fault in faults:
        oid = fault.path.parent.name + fault.path.name
        if (content := _listing(pinned, oid, hashes)) is not None:
            with output_file(fault.path) as partial:
                partial.write_bytes(content)
            make_read_only(fault.path)
            say(fault, "mended from the files that it lists")
        elif (copy := files.get(oid)) is not None:
            _replace(fault.path, copy, is_linked=pinned.is_linked)
            make_read_only(fault.path)
            say(fault, f"mended from {shown(copy, root)}")
        else:
            is_needed = bool(pinned.owners([fault.path]))
            fault.path.unlink(missing_ok=True)
            left += [fault] if is_needed else []
            say(fault, NO_COPY if is_needed else f"removed, it is of an earlier dataset; {NO_COPY}")
    return left


def _restore(pinned: Pinned, output: Output, hashes: Hashes) -> bool:
    """Bring back an output of which nothing is here from the cache; return False where that is not whole."""
    for path, md5 in (pinned.files_of(output) or {}).items():
        good = _good_object(pinned, (md5, None), hashes)
        if good is None:
            return False
        _replace(path, good, is_linked=pinned.is_linked)
    return True


def _heal_file(root: Path, fault: Fault, good: Path | None, *, is_wanted: bool, is_linked: bool) -> tuple[str, bool]:
    """Mend one file of the checkout or the stores; return what was done, and whether nothing is left to do."""
    path = fault.path
    store = next((root / ".state" / name for name in STORES if path.is_relative_to(root / ".state" / name)), None)
    if store is not None:
        Store(store).remove(path)
        return "removed; what needs it makes it again", True
    if fault.what is What.FOREIGN:
        path.unlink()
        return "removed", True
    if good is not None:
        _replace(path, good, is_linked=is_linked)
        return f"mended from {_said(root, good)}", True
    is_stored = path.is_relative_to(raw_store(root))
    if is_stored and not is_wanted:
        path.unlink(missing_ok=True)
        return "removed; fetch gets it again once it is wanted", True
    if is_stored or path.is_relative_to(raw_folder(root)):
        with suppress(FileNotFoundError):  # fetch looks at it again, and removes nothing that it cannot replace
            os.utime(path)
    else:
        path.unlink(missing_ok=True)
    return NO_COPY, False


def _listing(pinned: Pinned, oid: str, hashes: Hashes) -> bytes | None:
    """Return DVC's list of the files of a folder, if those that are there are all of it; None when they are not."""
    for output in pinned.outputs:
        if output.oid == oid and output.path.is_dir():
            files = {path.relative_to(output.path).as_posix(): hashes.of(path) for path in pinned.here[output.path]}
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
        except UNREADABLE:
            continue
        found |= {path: (found.get(path, (None, None))[0], sha256) for path, sha256 in expected.items()}
    raw = {path: hashes for path, hashes in found.items() if path.is_relative_to(raw_folder(root))}
    return found | {stored(root, path): hashes for path, hashes in raw.items()}


def _good_object(pinned: Pinned, wanted: tuple[str | None, str | None] | None, hashes: Hashes) -> Path | None:
    """Return the object of the cache that has the bytes of a file; None when there is none."""
    md5, sha256 = wanted or (None, None)
    if md5 is None:
        return None
    path = pinned.object_path(md5)
    return path if _is(hashes.of(path), md5=md5, sha256=sha256) else None


def _good_twin(root: Path, path: Path, wanted: tuple[str | None, str | None] | None, hashes: Hashes) -> Path | None:
    """Return the other file of a raw replay, in the store or in data/raw, if that is good; None when there is none."""
    other = twin(root, path)
    md5, sha256 = wanted or (None, None)
    if other is None or sha256 is None:
        return None
    found = hashes.of(other)
    # dvc.lock may know the damage alone; then DVC has to be told, which fetching again does.
    return other if found is not None and found[1] == sha256 and md5 in (None, found[0]) else None


def _said(root: Path, good: Path) -> str:
    """Return what a good copy was taken from, for a person."""
    inside = next((name for name in (".state", "data") if good.is_relative_to(root / name)), None)
    return "DVC's cache" if inside is None else shown(good, root)


def _is(found: tuple[str, str] | None, *, md5: str, sha256: str | None = None) -> bool:
    return found is not None and found[0] == md5.removesuffix(".dir") and sha256 in (None, found[1])


def _replace(path: Path, good: Path, *, is_linked: bool) -> None:
    """Put a good file in the place of another one: a second name of it where DVC works so too, else a copy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with output_file(path) as partial:
        (link_or_copy if is_linked else shutil.copyfile)(good, partial)
