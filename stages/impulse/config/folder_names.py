"""Names of folders that say which settings they hold, for members of a sweep and trials."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

MAX_NAME = 80
"""Bytes; a file system takes 255, and files that are being written have longer names than they end with."""
_PLAIN = re.compile(r"\w[\w.]*=[\w.]+", re.ASCII)


def folder_name(settings: Sequence[str]) -> str:
    """Return a short name that pandas, Arrow and Hugging Face open: ``parse.fps=5`` gives ``parse.fps-5``.

    ``=`` in a path is a partition to them, brackets and braces are patterns. A name that had to be changed beyond that, or cut,
    ends with a digest of the settings, so that other settings never share a folder.

    Args:
        settings: overrides in Hydra's form.
    """
    name = "--".join(setting.replace("=", "-", 1) for setting in settings)
    safe = re.sub(r"[^\w.-]+", "-", name.replace("/", "."), flags=re.ASCII).lstrip(".-")
    if all(_PLAIN.fullmatch(setting) for setting in settings) and len(safe) <= MAX_NAME:
        return safe
    digest = hashlib.sha256("\0".join(settings).encode()).hexdigest()[:8]
    return f"{safe[: MAX_NAME - 9].rstrip('.-')}-{digest}".lstrip("-")
