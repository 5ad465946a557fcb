"""Releases: a tag on a dataset that is complete, checked and stored.

Everything is checked before anything is changed. Then, in this order: the dataset's entry in CHANGELOG.md and the commit
of dvc.lock, the upload, the tag, the push of both to git's origin. Finished steps are skipped, so the same command continues
a release that was interrupted, and a tag never names a dataset that is not in the remote.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from impulse.errors import ConfigError, StageError
from impulse.files.output import output_file, write_text
from impulse.files.yaml_text import load_yaml
from impulse.loading import open_dataset
from impulse.sharing import git_repository as git
from impulse.sharing.calls import output_of
from impulse.sharing.remote import check_remote
from impulse.sharing.repository import forget_index
from impulse.sharing.verify.check import refuse_damage
from impulse.sharing.verify.remote import refuse_incomplete

DATASET = "data/export"
RESULTS = ("dvc.lock", "params.yaml", "metrics", "CHANGELOG.md")
"""Files that a build and a release change; everything else must be committed before."""
_VERSION = re.compile(r"v\d+(\.\d+)*([.-]?(a|b|rc)\d+)?")


def release(root: Path, version: str, *, push: bool = False) -> list[str]:
    """Check, commit, upload and tag.

    Args:
        root: folder of the checkout.
        version: the tag, such as ``v1.0``.
        push: push the branch and the tag to git's ``origin`` too; else it is not asked.

    Returns:
        What was done, one line each.

    Raises:
        ConfigError: it is not a version, or the remote is not set.
        StageError: something is in the way; the line says what to do.
        DatasetError: a file of the dataset is not what its checksum says.
    """
    state = check(root, version, push=push)
    done: list[str] = []
    if not state.is_tagged:
        if _write_entry(root, version):
            done.append(f"CHANGELOG.md: an entry for dataset {version}")
        if any(_is_result(name) for name in git.changed(root)):
            existing = [name for name in RESULTS if (root / name).exists()]
            git.git(root, "add", "--", *existing)
            git.git(root, "commit", "--quiet", "-m", f"data: release {version}", "--", *existing)
            done.append(f"commit {git.git(root, 'rev-parse', '--short', 'HEAD').strip()}")
    forget_index(root)
    output_of(root, "dvc", "push", "--run-cache")
    refuse_incomplete(root)
    done.append("data and results of all stages are in the remote")
    if not state.is_tagged:
        git.git(root, "tag", "-a", version, "-m", f"dataset {version}")
        done.append(f"tag {version}")
    if state.is_to_push:
        git.push(root, state.branch, version)
        done.append(f"{state.branch} and {version} are pushed to origin")
    elif push:
        done.append(f"{version} is on origin, where others went on with {state.branch} since")
    return done


@dataclass(frozen=True, slots=True)
class State:
    """How far a release is."""

    branch: str
    is_tagged: bool
    """The present commit has the tag already, from a release that is now repeated."""
    is_to_push: bool


def check(root: Path, version: str, *, push: bool = False) -> State:
    """Refuse a release that would not hold what it promises; nothing is changed. Errors are those of :func:`release`."""
    if not _VERSION.fullmatch(version):
        raise ConfigError("VERSION", f"{version!r} is not a version; use v1, v1.0 or v1.0-rc1")
    branch = git.check_repository(root)
    is_tagged = git.is_tagged(root, version)
    # What was built after the tag was set is none of its dataset.
    others = [name for name in git.changed(root) if is_tagged or not _is_result(name)]
    if others:
        raise StageError(f"{others[0]} is not committed ({len(others)} files in all); commit or stash first")
    is_to_push = push and git.check_origin(root, branch, version)
    lock = root / "dvc.lock"
    if not lock.is_file() or "export" not in load_yaml(lock.read_text(encoding="utf-8"))["stages"]:
        raise StageError("there is no dataset yet; run `make repro` first")
    # What was built elsewhere and not needed here may be missing; the remote has it.
    would_run = re.findall(r"Running stage '(\w+)'", output_of(root, "dvc", "repro", "--dry", "--allow-missing"))
    if would_run:
        raise StageError(f"{would_run[0]} is not up to date; run `make repro` first (`dvc status` has details)")
    open_dataset(root / DATASET).verify()
    refuse_damage(root)
    check_remote(root)
    return State(branch, is_tagged, is_to_push)


def _is_result(name: str) -> bool:
    return name in RESULTS or name.startswith("metrics/")


def _write_entry(root: Path, version: str) -> bool:
    """Put what the dataset is above the older entries of its heading; return whether it was not there yet."""
    path = root / "CHANGELOG.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else "# Changelog\n"
    if f"## Dataset {version} " in text:
        return False
    facts = json.loads((root / "metrics" / "export.json").read_text(encoding="utf-8"))["dataset"]
    entry = (
        f"## Dataset {version} ({datetime.now(UTC):%Y-%m-%d})\n\n"
        f"- {facts['replays']:,} replays ({facts['yield']:.1%} of the source's files), {facts['rows']:,} rows, "
        f"{facts['columns']} columns, {facts['bytes'] / 1e6:,.1f} MB.\n\n"
    )
    first = re.search(r"^## (?!Unreleased)", text, re.MULTILINE)
    at = first.start() if first else len(text)
    head = text[:at] if first else text.rstrip("\n") + "\n\n"
    with output_file(path) as partial:
        write_text(partial, (head + entry + text[at:]).rstrip("\n") + "\n")
    return True
