"""Going on from a checkpoint: on a machine that has no ledger of its own, or at the end, to get what was built."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from impulse.errors import StageError
from impulse.files.output import only_writer, output_file
from impulse.sharing.long_run.checkpoint import Checkpoint, RawFile
from impulse.sharing.long_run.place import Place
from impulse.sharing.long_run.remote import Remote, in_threads

log = logging.getLogger(__name__)


def newest(remote: Remote) -> tuple[str, Checkpoint] | None:
    """Return the newest checkpoint that can be read, None when the remote has none.

    Raises:
        StageError: none of those that are there can be read.
    """
    problems: list[str] = []
    for name in reversed(remote.checkpoints()):
        try:
            return name, Checkpoint.from_bytes(remote.read_checkpoint(name), name=name)
        except StageError as error:
            problems.append(str(error))
            log.info("%s", error)
    if problems:
        raise StageError(f"{remote.address}: no checkpoint can be read ({problems[0]})")
    return None


def restore(place: Place, remote: Remote) -> str | None:
    """Bring raw files and ledger of the newest checkpoint here, unless this checkout has a ledger of its own.

    The ledger comes last, so that a restore that was interrupted starts again and fetches what is missing. A file that
    the remote lost is left out; fetch downloads it again.

    Returns:
        The name of the checkpoint, None when there was nothing to restore.

    Raises:
        StageError: the remote cannot be used.
    """
    with only_writer(place.ledger):
        if place.ledger.exists():
            return None
        found = newest(remote)
        if found is None:
            return None
        name, checkpoint = found
        with in_threads() as threads:
            lost = sum(threads.map(lambda file: _bring(file, place.raw, remote), checkpoint.files))
        place.set_continued(name)
        if checkpoint.ledger is not None:
            for leftover in ("-wal", "-shm"):
                place.ledger.with_name(place.ledger.name + leftover).unlink(missing_ok=True)
            with output_file(place.ledger) as partial:
                partial.write_bytes(checkpoint.ledger)
    log.info(
        "restored %s of %s: %d raw files%s",
        name,
        checkpoint.made_at,
        len(checkpoint.files) - lost,
        f"; {lost} are gone from the remote and are fetched again" if lost else "",
    )
    return name


def take_files(place: Place, remote: Remote, name: str) -> None:
    """Bring raw files of a checkpoint that are not here, beside what is; the next fetch verifies them.

    Raises:
        StageError: the remote cannot be used, or the checkpoint cannot be read.
    """
    checkpoint = Checkpoint.from_bytes(remote.read_checkpoint(name), name=name)
    missing = [file for file in checkpoint.files if not (place.raw / file.path).exists()]
    with in_threads() as threads:
        list(threads.map(lambda file: _bring(file, place.raw, remote), missing))


def take_results(place: Place, remote: Remote) -> list[str]:
    """Write dvc.lock, params.yaml and run times of a finished build into the checkout, for ``dvc pull`` and a commit.

    Returns:
        The paths that were written.

    Raises:
        StageError: there is no checkpoint, or no build was ever finished.
    """
    found = newest(remote)
    if found is None:
        raise StageError(f"{remote.address} has no checkpoint")
    name, checkpoint = found
    if not checkpoint.results:
        raise StageError(f"the run is not finished; its last checkpoint is {name} of {checkpoint.made_at}")
    if not checkpoint.is_complete:
        log.info("these are the results of the last finished run; another one is under way")
    if checkpoint.built_revision != place.revision():
        log.info("built at commit %s, which is not the one of this checkout", checkpoint.built_revision)
    for path, content in checkpoint.results.items():
        with output_file(place.root / path) as partial:
            partial.write_bytes(content)
    return sorted(checkpoint.results)


def _bring(file: RawFile, raw: Path, remote: Remote) -> bool:
    """Write a raw file unless it is there; return True when the remote has lost it."""
    target = raw / file.path
    if target.is_file() and target.stat().st_size == file.bytes:
        return False
    content = remote.read_file(file.md5)
    if content is None:
        return True
    with output_file(target) as partial:
        partial.write_bytes(content)
        os.utime(partial, ns=(file.mtime_ns, file.mtime_ns))
    return False
