"""Releases: a tag on a dataset that is complete, checked and stored.

Everything is checked before anything is changed. Then, in this order: the dataset's entry in CHANGELOG.md and the commit
of dvc.lock, the upload, the tag. Finished steps are skipped, so the same command continues a release that was interrupted,
and a tag never names a dataset that is not in the remote.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml

from impulse.errors import ConfigError, StageError
from impulse.files.output import output_file, write_text
from impulse.loading import open_dataset
from impulse.sharing.remote import check_remote
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
        push: push the branch and the tag to git's ``origin`` too.

    Returns:
        What was done, one line each.

    Raises:
        ConfigError: it is not a version, or the remote is not set.
        StageError: something is in the way; the line says what to do.
        DatasetError: a file of the dataset is not what its checksum says.
    """
    is_tagged = check(root, version)
    done: list[str] = []
    if not is_tagged:
        if _write_entry(root, version):
            done.append(f"CHANGELOG.md: an entry for dataset {version}")
        if _changed(root, *RESULTS):
            existing = [name for name in RESULTS if (root / name).exists()]
            _run(root, "git", "add", "--", *existing)
            _run(root, "git", "commit", "--quiet", "-m", f"data: release {version}", "--", *existing)
            done.append(f"commit {_run(root, 'git', 'rev-parse', '--short', 'HEAD').strip()}")
    _run(root, "dvc", "push", "--run-cache")
    refuse_incomplete(root)
    done.append("data and results of all stages are in the remote")
    if not is_tagged:
        _run(root, "git", "tag", "-a", version, "-m", f"dataset {version}")
        done.append(f"tag {version}")
    if push:
        _run(root, "git", "push", "--quiet", "origin", "HEAD", version)
        done.append(f"branch and {version} are pushed to origin")
    return done


def check(root: Path, version: str) -> bool:
    """Refuse a release that would not hold what it promises; nothing is changed.

    Returns:
        Whether the present commit has the tag already, from a release that is now repeated.
    """
    if not _VERSION.fullmatch(version):
        raise ConfigError("VERSION", f"{version!r} is not a version; use v1, v1.0 or v1.0-rc1")
    tagged = _run(root, "git", "tag", "--list", version).strip()
    is_here = bool(tagged) and _run(root, "git", "rev-list", "-n", "1", version) == _run(
        root, "git", "rev-list", "-n", "1", "HEAD"
    )
    if tagged and not is_here:
        raise StageError(f"the tag {version} exists and names another commit; choose another version")
    others = [line for line in _changed(root) if line[3:] not in RESULTS and not line[3:].startswith("metrics/")]
    if others:
        raise StageError(f"{others[0][3:]} is not committed ({len(others)} files in all); commit or stash first")
    lock = root / "dvc.lock"
    if not lock.is_file() or "export" not in yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]:
        raise StageError("there is no dataset yet; run `make repro` first")
    # What was built elsewhere and not needed here may be missing; the remote has it.
    would_run = re.findall(r"Running stage '(\w+)'", _run(root, "dvc", "repro", "--dry", "--allow-missing"))
    if would_run:
        raise StageError(f"{would_run[0]} is not up to date; run `make repro` first (`dvc status` has details)")
    open_dataset(root / DATASET).verify()
    refuse_damage(root)
    check_remote(root)
    return is_here


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


def _changed(root: Path, *paths: str) -> list[str]:
    listed = _run(root, "git", "status", "--porcelain", "--untracked-files=all", "--", *paths)
    return [line for line in listed.splitlines() if line]


def _run(root: Path, program: str, *arguments: str) -> str:
    """Run a program of PATH, or of this Python's environment, which need not be activated."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))
    found = shutil.which(program, path=path)
    if found is None:
        raise StageError(f"there is no program {program}; install it and repeat the command")
    env = {**os.environ, "PATH": path}
    done = subprocess.run([found, *arguments], cwd=root, env=env, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        raise StageError(f"`{' '.join((program, *arguments[:2]))}` failed: {said}; fix it and repeat the command")
    return done.stdout
