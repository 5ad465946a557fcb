"""The source ``local``: replay files that are already on this machine."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.kept import KeptReplays
from impulse.collection.known import KnownFacts
from impulse.collection.matching import Match, matches, readable_name
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import ORDINARY_BYTES, Candidate, FileFacts, SourcePlan, left_out, too_large
from impulse.config.fetch import FetchParams, check_glob
from impulse.config.source_place import FOLDER_VARIABLE
from impulse.errors import SourceError
from impulse.files.disk import from_home
from impulse.files.seen import SeenContents, Stamp
from impulse.files.storage import read_regular, stamp_of
from impulse.replay.reasons import Reason
from impulse.run.progress import with_progress
from impulse.s3.env_file import variables
from impulse.tables.rejects import Reject


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

    def plan(self, storage: RawStorage) -> SourcePlan:
        """Return what there is to do."""
        found = list_files(self.params, root=self.root)
        sizes = {name: match.path.stat().st_size for name, match in found.items() if match.path.is_file()}
        size = sum(sizes.values())
        text = f"a run looks at {len(found)} files of this machine, {size / 1e6:.1f} MB; nothing is downloaded"
        return SourcePlan(text, sizes, ORDINARY_BYTES)

    def files(self, storage: RawStorage) -> Iterator[Candidate | Reject]:
        """Yield the files, sorted by their path inside the source; those that are as they were and kept are not read."""
        found = list_files(self.params, root=self.root)
        for name, match in with_progress(found.items(), total=len(found), what="files"):
            if match.is_linked_folder:
                detail = "a link to a folder, which is not followed; name the folder itself in fetch.path"
                yield left_out(name, Reason.LINKED_FOLDER, detail)
            elif match.error is not None:
                yield _failed(name, match.path, match.error)
            else:
                yield self._one(name, match.path, storage.replays)
        self.known.sweep()

    def _one(self, name: str, path: Path, storage: KeptReplays) -> Candidate | Reject:
        """Return a file, or why it is none; nothing is opened that is no regular file, or too large."""
        limit, address = self.params.max_replay_bytes, str(path.absolute())
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return left_out(name, Reason.NOT_A_FILE, f"{_kind(status.st_mode)}, which is not opened")
            if status.st_size > limit:
                return too_large(name, status.st_size, limit)
            facts = self._known(address, stamp_of(status))
            if facts is not None and facts.needs_no_copy(storage):
                return Candidate(name, None, facts)
            content, stamp = read_regular(path, limit + 1)
        except OSError as error:
            return _failed(name, path, error)
        if len(content) > limit:
            return too_large(name, len(content), limit)
        facts = FileFacts.of(content)
        self.known.keep(facts, facts.sha256)
        if stamp is not None:
            self.seen.keep(address, stamp, facts.sha256)
        return Candidate(name, content, facts)

    def _known(self, address: str, stamp: Stamp) -> FileFacts | None:
        """Return what an earlier run found in a file that is as it was; None for one to read."""
        sha256 = self.seen.get(address, stamp)
        return None if sha256 is None else self.known.get(sha256)


def list_files(params: FetchParams, *, root: Path) -> dict[str, Match]:
    """Return what is meant by its readable path inside the source (with ``/``, the same on every machine), sorted.

    Raises:
        ConfigError: the glob cannot be used.
        SourceError: no folder is set, it does not exist, or nothing in it matches.
    """
    where = params.path or variables(root / ".env", os.environ).get(FOLDER_VARIABLE)
    if not where:
        raise SourceError(
            f"no folder of replays is set: export {FOLDER_VARIABLE}=/path/to/replays, put it into .env, or set fetch.path in "
            "conf/source/local.yaml"
        )
    given = from_home(where)
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
    try:
        files = {readable_name(match.path.relative_to(base).as_posix()): match for match in matches(base, pattern)}
    except OSError as error:
        raise SourceError(f"the folder of replays {base} cannot be read: {error.strerror or error}") from error
    if not files:
        raise SourceError(nothing)
    return dict(sorted(files.items()))


def _split(root: Path, wanted: Path) -> tuple[Path, str]:
    """Return the folder that a glob begins with, whose name may look like a glob too, and the rest of it."""
    base, parts = root / wanted.anchor, list(wanted.relative_to(wanted.anchor).parts)
    while (base / parts[0]).is_dir():
        base /= parts.pop(0)
    return base, "/".join(parts)


def _failed(name: str, path: Path, error: OSError) -> Reject:
    """Return the reject of a file or folder that the system does not give."""
    said = error.strerror or str(error)
    if error.errno == errno.ELOOP:
        return left_out(name, Reason.BROKEN_LINK, f"a link that leads to itself ({said})")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        if path.is_symlink():
            return left_out(name, Reason.BROKEN_LINK, "a link to something that does not exist")
        return left_out(name, Reason.VANISHED, "it was listed, and gone when it was to be read")
    return left_out(name, Reason.UNREADABLE, f"{type(error).__name__}: {said}")


def _kind(mode: int) -> str:
    """Return in words what a name is that is no regular file."""
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
