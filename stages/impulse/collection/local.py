"""The source ``local``: replay files that are already on this machine."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.kept import KeptReplays
from impulse.collection.known import KnownFacts
from impulse.collection.source import Candidate, FileFacts, unreadable
from impulse.config.fetch import FetchParams, check_glob
from impulse.errors import SourceError
from impulse.files.seen import SeenContents
from impulse.files.storage import read_regular, stamp_of
from impulse.run.progress import with_progress
from impulse.tables.rejects import Reject

FOLDER_VARIABLE = "IMPULSE_REPLAYS"
"""Environment variable that names the folder of replays, so that no committed file holds a path of one machine."""


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """The files of a folder or glob; without one those of the folder that IMPULSE_REPLAYS names."""

    params: FetchParams
    root: Path
    """Folder that relative paths start from."""
    seen: SeenContents
    """Hashes of files that earlier runs read."""
    known: KnownFacts
    """What they found in them."""

    def plan(self, storage: KeptReplays) -> str:
        """Return what there is to do."""
        found = list_files(self.params, root=self.root)
        size = sum(path.stat().st_size for path in found.values())
        return f"a run reads {len(found)} files of this machine, {size / 1e6:.1f} MB; nothing is downloaded"

    def files(self, storage: KeptReplays) -> Iterator[Candidate | Reject]:
        """Yield the files, sorted by their path inside the source; those that are as they were and kept are not read."""
        found = list_files(self.params, root=self.root)
        for name, path in with_progress(found.items(), total=len(found), what="files"):
            try:
                yield self._one(name, path, storage)
            except OSError as error:
                yield unreadable(name, f"{type(error).__name__}: {error.strerror or error}")
        self.known.sweep()

    def _one(self, name: str, path: Path, storage: KeptReplays) -> Candidate:
        status, address = path.stat(), str(path.absolute())
        sha256 = self.seen.get(address, stamp_of(status))
        facts = self.known.get(sha256) if sha256 is not None else None
        if facts is not None and facts.needs_no_copy(storage):
            return Candidate(name, None, facts)
        content, stamp = read_regular(path, status.st_size)
        facts = FileFacts.of(content)
        self.known.keep(facts, facts.sha256)
        if stamp is not None:
            self.seen.keep(address, stamp, facts.sha256)
        return Candidate(name, content, facts)


def list_files(params: FetchParams, *, root: Path) -> dict[str, Path]:
    """Return the replay files by their path inside the source (with ``/``, the same on every machine), sorted.

    Raises:
        ConfigError: the glob cannot be used.
        SourceError: no folder is set, it does not exist, or nothing in it matches.
    """
    where = params.path or os.environ.get(FOLDER_VARIABLE)
    if not where:
        raise SourceError(
            f"no folder of replays is set: export {FOLDER_VARIABLE}=/path/to/replays, or set fetch.path in conf/source/local.yaml"
        )
    given = Path(where).expanduser()
    if (root / given).is_dir():
        base, pattern, nothing = root / given, params.pattern, f"no file in {root / given} matches {params.pattern!r}"
    elif glob.has_magic(str(given)):
        (base, pattern), nothing = _split(root, given), f"no file matches {root / given}"
        check_glob("fetch.path", pattern)
    else:
        fault = "is a file" if (root / given).is_file() else "does not exist"
        raise SourceError(
            f"the folder of replays {root / given} {fault}; set {FOLDER_VARIABLE} or fetch.path to a folder that exists"
        )
    files = {path.relative_to(base).as_posix(): path for path in base.glob(pattern) if path.is_file()}
    if not files:
        raise SourceError(nothing)
    return dict(sorted(files.items()))


def _split(root: Path, wanted: Path) -> tuple[Path, str]:
    """Return the folder that a glob begins with, whose name may look like a glob too, and the rest of it."""
    base, parts = root / wanted.anchor, list(wanted.relative_to(wanted.anchor).parts)
    while (base / parts[0]).is_dir():
        base /= parts.pop(0)
    return base, "/".join(parts)
