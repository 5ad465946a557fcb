"""The command `impulse verify`: what it says, and in which order it mends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from impulse.errors import ImpulseError
from impulse.sharing.calls import build_again, dvc
from impulse.sharing.remote import check_remote
from impulse.sharing.verify.check import Fault, check, summary
from impulse.sharing.verify.heal import heal as heal_files
from impulse.sharing.verify.remote import check_remote as read_remote

WITH_LISTS = {"parse": "parsed", "export": "export"}
"""Stages that write hashes of their own beside what they made, and the folder of each inside data."""


def verify(root: Path, *, heal: bool, remote: bool, say: Callable[[str], object]) -> str:
    """Check a checkout, and mend it.

    Args:
        root: folder of the checkout.
        heal: mend what is damaged or missing, and remove what is foreign.
        remote: also read what the remote has of this dataset.
        say: prints a line.

    Returns:
        What is left to do; empty when all is well.

    Raises:
        ConfigError: DVC cannot read the checkout, or no remote is set.
        StageError: the remote cannot be read.
    """
    checked = check(root)
    for fault in checked.faults:
        say(fault.line(root))
    if checked.faults and heal:
        _heal(root, checked.faults, say)
        checked = check(root)
    lost = 0
    if remote:
        for address, what, is_mended in read_remote(root, heal=heal):
            say(f"{address}: {what}" + (", mended from DVC's cache" if is_mended else ""))
            lost += not is_mended
    for output in checked.absent:
        say(f"{output.relative_to(root)} is not here; `dvc pull {output.relative_to(root)}` brings it")
    say(f"{checked.files} files read: {summary(checked.faults)}" + (f"; {lost} in the remote" if lost else ""))
    if not checked.faults and not lost:
        return ""
    return "not all could be mended" if heal else "`impulse verify --heal` mends what can be mended"


def _heal(root: Path, faults: tuple[Fault, ...], say: Callable[[str], object]) -> None:
    """Mend from what is here, then from the remote, then by fetching and building again."""

    def done(fault: Fault, what: str) -> None:
        say(f"{fault.path.relative_to(root)}: {what}")

    left = heal_files(root, faults, say=done)
    if left and _is_fetched(root, say):
        left = heal_files(root, check(root).faults, say=done)
    if any(fault.path.is_relative_to(root / "data" / "raw") for fault in left):
        build_again(root)
        return
    lost = {fault.path for fault in left}
    # Where our own list knows better, dvc.lock and the cache have the damaged bytes, and would give them back.
    untrusted = [fault.path for fault in faults if fault.path in lost and fault.kept_in.startswith("data/")]
    for stage, folder in WITH_LISTS.items():
        if any(path.is_relative_to(root / "data" / folder) for path in untrusted):
            dvc(root, "repro", "--force", "--single-item", stage)
    if left:
        dvc(root, "repro")


def _is_fetched(root: Path, say: Callable[[str], object]) -> bool:
    """Bring what the cache lacks from the remote; return False without one, or with one that does not have it."""
    try:
        check_remote(root)
    except ImpulseError as error:
        say(f"not from the remote: {error}")
        return False
    return not subprocess.run([sys.executable, "-m", "dvc", "fetch", "--quiet"], cwd=root, check=False).returncode
