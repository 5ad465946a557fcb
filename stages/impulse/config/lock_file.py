"""dvc.lock after a crash: DVC writes the file in place, so a kill in that moment leaves it cut short and DVC refuses it.

``make repro`` calls this first. Nothing is lost with the file: fetched replays and parsed results stand elsewhere, and
the run that follows writes the same lock again.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

LOCK_FILE = "dvc.lock"


def mend(root: Path) -> str | None:
    """Put the committed dvc.lock, or none, in the place of one that DVC cannot read.

    Args:
        root: folder of the checkout.

    Returns:
        One line about what was done; None when there was nothing to do.
    """
    lock = root / LOCK_FILE
    if not lock.is_file() or _is_readable(lock.read_text(encoding="utf-8", errors="replace")):
        return None
    committed = subprocess.run(
        ["git", "show", f"HEAD:./{LOCK_FILE}"], cwd=root, capture_output=True, text=True, check=False
    )
    if committed.returncode == 0 and _is_readable(committed.stdout):
        lock.write_text(committed.stdout, encoding="utf-8")
        return f"{LOCK_FILE} was cut short by a crash; the committed one is back"
    lock.unlink()
    return f"{LOCK_FILE} was cut short by a crash and is removed; the next run writes it anew"


def _is_readable(text: str) -> bool:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return isinstance(content, dict) and "schema" in content


if __name__ == "__main__":
    done = mend(Path.cwd())
    if done:
        print(done)  # noqa: T201 - a line for the user of make
