"""The command `impulse verify`: what it says, and in which order it mends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path

from impulse.errors import ImpulseError
from impulse.files.output import only_writer
from impulse.sharing.calls import dvc, fetch_again, keep_fetched
from impulse.sharing.remote import check_remote
from impulse.sharing.repository import forget_index
from impulse.sharing.verify.check import ITS_OWN, Fault, Hashes, check, shown, summary
from impulse.sharing.verify.heal import heal as heal_files
from impulse.sharing.verify.outputs import Pinned
from impulse.sharing.verify.raw_bucket import check_raw_bucket
from impulse.sharing.verify.remote import check_remote as read_remote
from impulse.tables.io import read_table
from impulse.tables.paths import MANIFEST

FOLDERS = {"fetch": "raw", "parse": "parsed", "validate": "validated", "dedupe": "deduped", "export": "export"}
"""Stages in their order, with the folder of each inside data."""


def verify(root: Path, *, heal: bool, remote: bool, say: Callable[[str], object]) -> str:
    """Check a checkout, and mend it.

    Args:
        root: folder of the checkout.
        heal: mend what is damaged or missing, and remove what is foreign.
        remote: also read what the remote has of this dataset, and raw replays that are in a bucket.
        say: prints a line.

    Returns:
        What is left to do; empty when all is well.

    Raises:
        ConfigError: DVC cannot read the checkout, or no remote is set.
        StageError: the remote cannot be read.
    """
    hashes = Hashes()
    checked = check(root, hashes)
    for fault in checked.faults:
        say(fault.line(root))
    if checked.faults and heal:
        _heal(root, checked.faults, hashes, say)
        checked = check(root, hashes)
    hashes.remember(root)
    lost = 0
    if remote:
        if root / "data" / "raw" / MANIFEST not in {fault.path for fault in checked.faults}:
            lost += _raw_lost(root, heal=heal, say=say)
        check_remote(root)
        for address, what, is_mended in read_remote(root, heal=heal):
            say(f"{address}: {what}" + (", mended from DVC's cache" if is_mended else ""))
            lost += not is_mended
    for output in checked.absent:
        say(f"{shown(output, root)} is not here; `dvc pull {shown(output, root)}` brings it, if the remote has it")
    say(f"{checked.files} files read: {summary(checked.faults)}" + (f"; {lost} in the remote" if lost else ""))
    if not checked.faults and not lost:
        return ""
    again = "impulse verify --remote --heal" if remote else "impulse verify --heal"
    return "not all could be mended" if heal else f"`{again}` mends what can be mended"


def _raw_lost(root: Path, *, heal: bool, say: Callable[[str], object]) -> int:
    """Return how many raw replays in a bucket are damaged or missing, after fetch has mended what it can."""
    found = list(check_raw_bucket(root))
    for _, address, what in found:
        say(f"{address}: {what}, named by data/raw/{MANIFEST}")
    if not found or not heal:
        return len(found)
    shutil.rmtree(
        root / ".state" / "seen", ignore_errors=True
    )  # fetch then reads objects, whatever they say of themselves
    gone = _fetch_again(root, {path for path, _, _ in found}, say)
    return len(gone) + len(list(check_raw_bucket(root)))


def _fetch_again(root: Path, places: Collection[str], say: Callable[[str], object]) -> set[str]:
    """Get raw replays from the source again, and build with them; without those that it no longer has nothing is built.

    Args:
        root: folder of the checkout.
        places: paths below data/raw of those that are damaged or missing.
        say: prints a line.

    Returns:
        The places of those that the source did not give.
    """
    fetch_again(root)
    gone = set(places) - set(read_table(root / "data" / "raw" / MANIFEST, made_by="fetch")["path"].to_pylist())
    for place in sorted(gone):
        say(f"{place}: the source no longer has it; a build goes on without it, a copy in the source brings it back")
    if not gone:  # else dvc.lock names the lost ones until somebody builds without them
        keep_fetched(root)
        dvc(root, "repro")
    return gone


def _heal(root: Path, faults: tuple[Fault, ...], hashes: Hashes, say: Callable[[str], object]) -> None:
    """Mend from what is here, then from the remote, then by fetching and building again."""

    def done(fault: Fault, what: str) -> None:
        say(f"{shown(fault.path, root)}: {what}")

    def healed(found: tuple[Fault, ...]) -> list[Fault]:
        with ExitStack() as quiet:  # a stage that runs is about to replace its output
            for stage in FOLDERS:
                quiet.enter_context(only_writer(root / "data" / stage))
            return heal_files(root, found, hashes, say=done)

    left = healed(faults)
    if left and _fetch(root, Pinned.of(root).owners([fault.path for fault in left]), say):
        unknown = [fault for fault in left if fault.kept_in == ITS_OWN]  # the cache and the remote have the damage
        found = check(root, hashes).faults
        left = unknown + healed(tuple(fault for fault in found if fault.path not in {each.path for each in unknown}))
    raw = root / "data" / "raw"
    if in_raw := [fault.path.relative_to(raw).as_posix() for fault in left if fault.path.is_relative_to(raw)]:
        _fetch_again(root, {place for place in in_raw if place.startswith("replays/")}, say)
        return
    lost = set(Pinned.of(root).owners([fault.path for fault in left]))
    # Forced: DVC takes a folder whose files the cache lacks for one that need not be here, and may remember the damage as what a
    # stage makes.
    for stage, folder in FOLDERS.items():
        if {root / "data" / folder, root / "metrics" / f"{stage}.json"} & lost:
            dvc(root, "repro", "--force", "--single-item", stage)
    if left:
        dvc(root, "repro", "--allow-missing")


def _fetch(root: Path, outputs: list[Path], say: Callable[[str], object]) -> bool:
    """Bring what the cache lacks of some outputs from the remote; return False where no remote answers."""
    try:
        check_remote(root)
    except ImpulseError as error:
        say(f"not from the remote: {error}")
        return False
    say("what the cache lacks is sought in the remote")
    forget_index(root)
    # What comes counts; that not everything came shows when it is read again.
    subprocess.run([sys.executable, "-m", "dvc", "fetch", "--quiet", *map(str, outputs)], cwd=root, check=False)
    return True
