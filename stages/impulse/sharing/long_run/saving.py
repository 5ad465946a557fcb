"""Making checkpoints: what is new in data/raw goes to the remote, then one object says what there is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from impulse.errors import ConfigError
from impulse.sharing.long_run import restoring
from impulse.sharing.long_run.checkpoint import (
    Checkpoint,
    RawFile,
    ledger_snapshot,
)
from impulse.sharing.long_run.place import Place
from impulse.sharing.long_run.remote import (
    Remote,
    checkpoint_name,
    in_threads,
    maker_of,
    number_of,
)

log = logging.getLogger(__name__)

KEEP = 3
"""Checkpoints that stay in the remote; older ones are removed."""
RESULTS = ("dvc.lock", "params.yaml", "metrics/timing")
"""What git keeps of a finished build."""


class Saver:
    """Makes the checkpoints of one process."""

    def __init__(self, place: Place, remote: Remote) -> None:
        self._place = place
        self._remote = remote
        self._files: dict[str, RawFile] | None = None
        """Files that the remote is known to have, by path."""
        self._saved: Checkpoint | None = None
        """The last checkpoint, first the one that this process found."""

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
        files = self._store_new_files(newest)
        last, revision = self._saved, self._place.revision()
        made = Checkpoint(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            revision=revision,
            files=tuple(files),
            ledger=ledger,
            is_complete=is_complete,
            results=dict(_results(self._place.root)) if is_complete else last.results if last else {},
            built_revision=revision if is_complete else last.built_revision if last else None,
        )
        if last is not None and replace(made, made_at=last.made_at) == last:
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
        """Return the newest checkpoint, which this checkout goes on from."""
        names = self._remote.checkpoints()
        newest, continued = names[-1] if names else None, self._place.continued()
        if newest is None or newest == continued or maker_of(newest) == self._place.maker():
            return newest
        if continued is None or maker_of(newest) != maker_of(continued):
            raise ConfigError(
                "the DVC remote",
                f"{self._remote.address} has checkpoint {newest}, which another checkout made. Give each its own "
                f"remote; or, if the other one is gone, move {self._place.ledger} away to go on from that checkpoint",
            )
        # The checkout that this one took over from had more to save. It stops when it sees our checkpoint.
        log.info("%s came after this checkout took over; its raw files are taken too", newest)
        restoring.take_files(self._place, self._remote, newest)
        self._place.set_continued(newest)
        return newest

    def _store_new_files(self, newest: str | None) -> list[RawFile]:
        known = self._known_files(newest)
        with in_threads() as threads:
            found = threads.map(lambda path: self._stored(path, known), list(_raw_files(self._place.raw)))
            files = sorted((file for file in found if file is not None), key=lambda file: file.path)
        self._files = {file.path: file for file in files}
        return files

    def _known_files(self, newest: str | None) -> dict[str, RawFile]:
        """Return the files of the newest checkpoint that the remote still has; later ones are known to this object."""
        if self._files is None:
            if newest is not None:
                self._saved = Checkpoint.from_bytes(self._remote.read_checkpoint(newest), name=newest)
            files = self._saved.files if self._saved else ()
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
