"""DVC's lock files after a crash: it writes them in place, so a kill in that moment leaves one cut short, and DVC refuses it.

``impulse repro`` calls this first. Nothing is lost with dvc.lock: fetched replays and parsed results are elsewhere, and
the run that follows writes the same lock again. The other file only tells which processes read and write at the time.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from impulse.config.committed import committed
from impulse.files.output import write_text
from impulse.files.yaml_text import load_yaml

LOCK_FILE = "dvc.lock"
ACCESS_FILE = ".dvc/tmp/rwlock"
"""Where DVC notes which of its processes read and write what."""


def mend(root: Path) -> list[str]:
    """Put the committed dvc.lock, or none, in the place of one that DVC cannot read; remove notes that it cannot read.

    Args:
        root: folder of the checkout.

    Returns:
        One line about each thing that was done.
    """
    return [line for line in (_mend_lock(root), _mend_access(root)) if line]


def _mend_access(root: Path) -> str | None:
    notes = root / ACCESS_FILE
    try:
        json.loads(notes.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError:
        notes.unlink(missing_ok=True)
        return f"{ACCESS_FILE} was cut short by a crash and is removed"
    gone = _forget_killed(notes.parent)
    return (
        f"{ACCESS_FILE} named processes that are no longer DVC's ({', '.join(gone)}); they are forgotten"
        if gone
        else None
    )


def _forget_killed(folder: Path) -> list[str]:
    """Take killed processes out of DVC's notes, and return their numbers.

    DVC does so itself where nothing has the number; it waits for one that another program has now, or that nobody has collected,
    as in a container without an init.
    """
    from dvc.fs import localfs
    from dvc.lock import LockError
    from dvc.rwlock import RWLockFileFormatError, _edit_rwlock

    gone: set[int] = set()

    def are_alive(infos: list[dict[str, Any]]) -> list[dict[str, Any]]:
        gone.update(info["pid"] for info in infos if not _is_dvc(info["pid"]))
        return [info for info in infos if info["pid"] not in gone]

    with suppress(LockError, RWLockFileFormatError, OSError), _edit_rwlock(str(folder), localfs, False) as notes:
        notes["read"] = {path: kept for path, infos in notes["read"].items() if (kept := are_alive(infos))}
        notes["write"] = {path: info for path, info in notes["write"].items() if are_alive([info])}
    return [str(pid) for pid in sorted(gone)]


def _is_dvc(pid: int) -> bool:
    import psutil  # DVC's own dependency, by which it asks whether the process is there

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any("dvc" in part for part in process.cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # somebody else's
        return True


def _mend_lock(root: Path) -> str | None:
    lock = root / LOCK_FILE
    if not lock.is_file() or read_lock(lock.read_text(encoding="utf-8", errors="replace")) is not None:
        return None
    before = committed(root, LOCK_FILE)
    if before is not None and read_lock(before) is not None:
        write_text(lock, before)
        return f"{LOCK_FILE} was cut short by a crash; the committed one is back"
    lock.unlink()
    return f"{LOCK_FILE} was cut short by a crash and is removed; the next run writes it again"


def read_lock(text: str) -> dict[str, Any] | None:
    """Return what a dvc.lock says, None if DVC does not take it: most texts cut short are YAML still, some of those no lock."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        lock: dict[str, Any] = COMPILED_LOCKFILE_SCHEMA(load_yaml(text))
    except (yaml.YAMLError, Invalid):
        return None
    return lock
