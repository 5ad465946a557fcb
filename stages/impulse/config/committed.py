"""Files as git has them."""

from __future__ import annotations

import subprocess
from pathlib import Path


def committed(root: Path, name: str) -> str | None:
    """Return a file as the last commit has it; None where there is none, no repository, or no git.

    Args:
        root: folder of the checkout.
        name: path of the file below it.
    """
    try:
        done = subprocess.run(
            ["git", "show", f"HEAD:./{name}"], cwd=root, capture_output=True, encoding="utf-8", check=False
        )
    except FileNotFoundError:  # there is no git
        return None
    return done.stdout if done.returncode == 0 else None
