"""Making checkpoints: what is new in data/raw goes to the remote, then one object says what there is."""

from __future__ import annotations

import logging
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from impulse.errors import ConfigError
from impulse.long_run.checkpoint import Checkpoint, RawFile, ledger_snapshot
from impulse.long_run.remote import Remote, checkpoint_name, in_threads, maker_of, number_of
from impulse.output import output_file

log = logging.getLogger(__name__)

KEEP = 3
"""Checkpoints that stay in the remote; older ones are removed."""
RESULTS = ("dvc.lock", "params.yaml", "metrics/timing")
"""What git keeps of a finished build."""


class Place:
    """Where a checkout keeps what checkpoints are made of."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.raw = root / "data" / "raw"
        self.state = root / ".state"
        self.ledger = self.state / "ledger.sqlite"

    def maker(self) -> str:
        """Return the name of this checkout in checkpoints; it is lost with the machine."""
        path = self.state / "checkpoint-maker"
        if not path.is_file():
            with output_file(path) as partial:
                partial.write_text(secrets.token_hex(8), encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def continued(self) -> str | None:
        """Return the checkpoint that this checkout was restored from."""
        path = self.state / "checkpoint-restored"
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def set_continued(self, name: str) -> None:
        """Remember the checkpoint that this checkout goes on from."""
        with output_file(self.state / "checkpoint-restored") as partial:
            partial.write_text(name, encoding="utf-8")

    def revision(self) -> str:
        """Return the commit of the checkout."""
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.root, capture_output=True, text=True, check=False)
        return found.stdout.strip() or "unknown"


class Saver:
    """Makes the checkpoints of one process."""

    def __init__(self, place: Place, remote: Remote) -> None:
        self._place = place
        self._remote = remote
        self._files: dict[str, RawFile] | None = None
        """Files that the remote is known to have, by path."""
        self._saved: Checkpoint | None = None

    def save(self, *, is_complete: bool = False) -> str | None:
        """Make a checkpoint of what there is now, while a fetch may go on.

        The ledger is read before the files: every file that it knows is then in the checkpoint, and files that came
        later are found and verified by the next fetch.

        Args:
            is_complete: the dataset is built and pushed; its dvc.lock, params.yaml and run times come along.

        Returns:
            The name of the checkpoint; None when nothing has changed since the last one.

        Raises:
            ConfigError: another checkout collects into the same remote.
            StageError: the remote cannot be used.
        """
        newest = self._newest_of_ours()
        ledger = ledger_snapshot(self._place.ledger)
        files = self._store_new_files()
        made = Checkpoint(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            revision=self._place.revision(),
            files=tuple(files),
            ledger=ledger,
            results=dict(_results(self._place.root)) if is_complete else {},
        )
        if self._saved is not None and replace(made, made_at=self._saved.made_at) == self._saved:
            return None
        if not made.files and made.ledger is None:
            return None
        name = checkpoint_name(number_of(newest) + 1 if newest else 1, self._place.maker())
        self._remote.write_checkpoint(name, made.to_bytes())
        self._saved = made
        for old in self._remote.checkpoints()[:-KEEP]:
            self._remote.remove_checkpoint(old)
        size = sum(file.bytes for file in made.files)
        log.info("checkpoint %s: %d raw files, %.1f MB", name, len(made.files), size / 1e6)
        return name

    def _newest_of_ours(self) -> str | None:
        names = self._remote.checkpoints()
        newest = names[-1] if names else None
        if newest and maker_of(newest) != self._place.maker() and newest != self._place.continued():
            raise ConfigError(
                "the DVC remote",
                f"{self._remote.address} has checkpoint {newest}, which another checkout made. Give each its own "
                f"remote; or, if the other one is gone, move {self._place.ledger} away to go on from that checkpoint",
            )
        return newest

    def _store_new_files(self) -> list[RawFile]:
        known = self._known_files()
        with in_threads() as threads:
            found = threads.map(lambda path: self._stored(path, known), list(_raw_files(self._place.raw)))
            files = sorted((file for file in found if file is not None), key=lambda file: file.path)
        self._files = {file.path: file for file in files}
        return files

    def _known_files(self) -> dict[str, RawFile]:
        """Return the files of the newest checkpoint that the remote still has; later ones are known to this object."""
        if self._files is None:
            names = self._remote.checkpoints()
            last = Checkpoint.from_bytes(self._remote.read_checkpoint(names[-1]), name=names[-1]) if names else None
            files = last.files if last else ()
            there = self._remote.which_are_there(file.md5 for file in files)
            self._files = {file.path: file for file in files if file.md5 in there}
        return self._files

    def _stored(self, path: Path, known: dict[str, RawFile]) -> RawFile | None:
        """Return a file once the remote has it; None when it vanished meanwhile."""
        name = path.relative_to(self._place.raw).as_posix()
        try:
            facts = path.stat()
            last = known.get(name)
            if last is not None and (last.bytes, last.mtime_ns) == (facts.st_size, facts.st_mtime_ns):
                return last
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        # The bytes that were hashed are the bytes that are sent, whatever happens to the file meanwhile.
        return RawFile(name, len(content), facts.st_mtime_ns, self._remote.store_file(content))


def _raw_files(raw: Path) -> Iterator[Path]:
    """Yield files under their final names; names with a dot are being written, or locks."""
    for path in raw.rglob("*"):
        if not path.name.startswith(".") and path.is_file():
            yield path


def _results(root: Path) -> Iterator[tuple[str, bytes]]:
    for name in RESULTS:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and not file.name.startswith("."):
                yield file.relative_to(root).as_posix(), file.read_bytes()
