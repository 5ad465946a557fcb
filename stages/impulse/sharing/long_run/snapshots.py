"""What a long run keeps in the DVC remote: snapshots of the ledger, and in the end what git keeps of the build.

Each is one object, compressed, after the SHA-256 of its bytes; a store takes an object whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from impulse.collection.ledger import Ledger
from impulse.collection.status import status_lines
from impulse.errors import ConfigError, StageError
from impulse.files.output import only_writer, output_file, write_json, write_text
from impulse.s3.bucket import S3Bucket
from impulse.sharing.long_run.heartbeat import Heartbeat, heartbeat_lines
from impulse.sharing.remote import default_remote

log = logging.getLogger(__name__)

FOLDER = "long-run"
"""Folder beside DVC's own in the remote."""
KEEP = 3
"""Snapshots that stay in the remote; older ones are removed."""
RESULTS = "results"
KEPT_BY_GIT = ("dvc.lock", "params.yaml", "metrics/timing")
_NAME = re.compile(r"(\d{6,})-([0-9a-f]{16})\.ledger")
"""A number that counts up, whatever the clocks say, and which checkout made the snapshot."""
_DIGEST_BYTES = 32
COPY_PREFIX = ".snapshot-"
"""Start of the folder beside the ledger that a copy is made in."""


@contextmanager
def open_snapshots(root: Path) -> Iterator[Snapshots]:
    """Open what the default remote of a checkout holds; nothing is sent yet.

    Raises:
        ConfigError: the checkout has no remote, or one that cannot keep snapshots.
    """
    remote = default_remote(root)
    if not remote.is_plain:
        raise ConfigError("the DVC remote", "a version-aware remote cannot keep snapshots; use a plain one")
    with closing(remote.open(FOLDER)) as bucket:
        yield Snapshots(root, bucket, address=remote.address)


class Snapshots:
    """The snapshots of one remote, seen from one checkout. Errors of the store are those of :class:`S3Bucket`."""

    def __init__(self, root: Path, bucket: S3Bucket, *, address: str) -> None:
        self.address = address
        """Where the remote is, for messages."""
        self.endpoint = bucket.endpoint
        """Address of the store that has it."""
        self._root = root
        self._bucket = bucket
        self._ledger = root / ".state" / "ledger.sqlite"
        self._memory = root / ".state" / "long-run.json"
        self._saved: bytes | None = None
        """The ledger of the last snapshot."""

    def check_access(self) -> None:
        """Write, read and remove a small object, because days of work depend on it."""
        self._bucket.write(".probe", secrets.token_bytes(8))
        self._bucket.read(".probe")
        self._bucket.remove(".probe")

    def newest(self) -> tuple[str, bytes] | None:
        """Return name and ledger of the newest snapshot that can be read, None when the remote has none.

        Raises:
            StageError: none of those that are there can be read.
        """
        names = self._names()
        for name in reversed(names):
            try:
                return name, self._opened(name)
            except StageError as error:
                log.info("%s", error)
        if names:
            raise StageError(f"{self.address}: no snapshot can be read, see above")
        return None

    def save(self) -> str | None:
        """Keep what the ledger knows now, while a fetch may go on.

        Returns:
            The name of the snapshot; None when nothing has changed since the last one, or the source has no ledger.

        Raises:
            ConfigError: another checkout collects into the same remote.
        """
        names = self._names()
        self._refuse_others(names)
        ledger = copy_of(self._ledger)
        if ledger is None or ledger == self._saved:
            return None
        name = f"{_number(names[-1]) + 1 if names else 1:06d}-{self._remembered()['maker']}.ledger"
        self._bucket.write(name, _sealed(ledger))
        self._saved = ledger
        for old in self._names()[:-KEEP]:
            self._bucket.remove(old)
        log.info("snapshot %s", name)
        return name

    def restore(self) -> str | None:
        """Bring the ledger of the newest snapshot here, unless this checkout has one of its own; return its name."""
        with only_writer(self._ledger):
            if self._ledger.exists() or (found := self.newest()) is None:
                return None
            name, ledger = found
            write_json(self._memory, {**self._remembered(), "continued": _maker(name)})
            for leftover in ("-wal", "-shm"):
                self._ledger.with_name(self._ledger.name + leftover).unlink(missing_ok=True)
            with output_file(self._ledger) as partial:
                partial.write_bytes(ledger)
        log.info("going on from snapshot %s", name)
        return name

    def finish(self) -> None:
        """Keep dvc.lock, params.yaml and run times of a build that is pushed, with the snapshot that it is made of."""
        self.save()
        names = self._names()
        results = {
            "snapshot": names[-1] if names else "",
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "revision": _revision(self._root),
            "files": dict(_kept_by_git(self._root)),
        }
        self._bucket.write(RESULTS, _sealed(json.dumps(results).encode()))

    def status(self, *, now: float) -> list[str]:
        """Return what a machine elsewhere has done, line by line.

        Args:
            now: time in seconds since 1970.

        Raises:
            StageError: there is nothing in the remote.
        """
        found, results, lines = self.newest(), self._results(), heartbeat_lines(self._bucket, now=now)
        if found is None and results is None and not lines:
            raise StageError(f"{self.address} has no snapshot; no long run has used it yet")
        name, ledger = found or ("", b"")
        if results is not None:
            state = "finished" if results["snapshot"] == name else "another run is under way; the last one finished"
            lines.append(f"{state} at {results['made_at']}, commit {results['revision']}")
        if not ledger:
            return lines
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.sqlite"
            path.write_bytes(ledger)
            with Ledger(path):
                pass  # one of an earlier layout becomes one of this
            return [*(lines or ["under way"]), f"snapshot {name}", *status_lines(path, now=now)]

    def heartbeat(self) -> Heartbeat:
        """Return what says in the remote that this checkout is at work; that of the one it goes on from is removed."""
        remembered = self._remembered()
        heartbeat = Heartbeat(self._bucket, remembered["maker"])
        heartbeat.replace(remembered.get("continued", remembered["maker"]))
        return heartbeat

    def take_results(self) -> list[str]:
        """Write what git keeps of the last finished build into the checkout, for ``dvc pull`` and a commit.

        Returns:
            The paths that were written.

        Raises:
            StageError: no build was ever finished.
        """
        results = self._results()
        if results is None:
            raise StageError(f"{self.address} has no results; the run is not finished")
        if results["revision"] != _revision(self._root):
            log.info("built at commit %s, which is not the one of this checkout", results["revision"])
        for path in results["files"]:
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise StageError(f"{self.address}: the results name a file outside the checkout ({path!r})")
        for path, content in results["files"].items():
            with output_file(self._root / path) as partial:
                write_text(partial, content)
        return sorted(results["files"])

    def _results(self) -> dict[str, Any] | None:
        if RESULTS not in self._bucket.objects(again=True):
            return None
        found: dict[str, Any] = json.loads(self._opened(RESULTS))
        return found

    def _names(self) -> list[str]:
        """Return the names of snapshots, oldest first."""
        return sorted(filter(_NAME.fullmatch, self._bucket.objects(again=True)), key=lambda name: (_number(name), name))

    def _opened(self, name: str) -> bytes:
        content = self._bucket.read(name)
        digest, packed = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != digest:
            raise StageError(f"{self._bucket.address(name)}: is damaged (its SHA-256 is wrong)")
        return zlib.decompress(packed)

    def _refuse_others(self, names: list[str]) -> None:
        """Raise unless the newest snapshot is of this checkout, or of the one that it goes on from.

        The latter may have had more to save. Its replays are in the bucket, and it stops when it sees our snapshot.
        """
        if names and _maker(names[-1]) not in self._remembered().values():
            raise ConfigError(
                "the DVC remote",
                f"{self.address} has snapshot {names[-1]}, which another checkout made. Give each its own remote; or, "
                f"if the other one is gone, move {self._ledger} away to go on from that snapshot",
            )

    def _remembered(self) -> dict[str, str]:
        """Return the name of this checkout, which is lost with the machine, and of the one that it goes on from."""
        if not self._memory.is_file():
            write_json(self._memory, {"maker": secrets.token_hex(8)})
        found: dict[str, str] = json.loads(self._memory.read_text(encoding="utf-8"))
        return found


def copy_of(ledger: Path) -> bytes | None:
    """Return a ledger as one consistent SQLite file while others may write it; None when there is none yet.

    Raises:
        StageError: it cannot be read.
    """
    if not ledger.is_file():
        return None
    for leftover in ledger.parent.glob(f"{COPY_PREFIX}*"):  # of a run that was killed; one run at a time makes copies
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=ledger.parent, prefix=COPY_PREFIX) as folder:
        target = Path(folder) / ledger.name
        try:
            with (
                closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.backup(copy)
                if copy.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                    return None  # it is being made
                # Otherwise the copy asks for a write-ahead log, and who looks at it leaves one behind.
                copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            raise StageError(f"the ledger {ledger} cannot be read ({error})") from error
        return target.read_bytes()


def _sealed(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return hashlib.sha256(packed).digest() + packed


def _number(name: str) -> int:
    return int(name.split("-")[0])


def _maker(name: str) -> str:
    return name.removesuffix(".ledger").split("-")[1]


def _revision(root: Path) -> str:
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # there is no git
        return "unknown"
    return found.stdout.strip() or "unknown"


def _kept_by_git(root: Path) -> Iterator[tuple[str, str]]:
    for name in KEPT_BY_GIT:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and not file.name.startswith("."):
                yield file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")
