"""Raw replays that are kept in a bucket (`storage: s3`): are they there, and are they those of the manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from impulse.errors import ReplayLost
from impulse.parsing.raw_replays import RawReplays
from impulse.s3.credentials import add_aws_variables
from impulse.sharing.verify.check import What
from impulse.tables.io import read_table
from impulse.tables.paths import MANIFEST

_THREADS = 8


def check_raw_bucket(root: Path) -> Iterator[tuple[str, str, What]]:
    """Read every raw replay of the manifest that is in a bucket; nothing where they are files, which are read with all others.

    Args:
        root: folder of the checkout.

    Yields:
        Path in the manifest and address of each object that is damaged or missing, and what is wrong with it.

    Raises:
        StageError: the manifest is damaged, or the bucket cannot be read.
    """
    folder = root / "data" / "raw"
    if not (folder / MANIFEST).is_file():
        return
    manifest = read_table(folder / MANIFEST, made_by="fetch", of_any_schema=True)
    replays = RawReplays.of(manifest, folder=folder)
    if replays.bucket is None:
        return
    add_aws_variables(os.environ, env_file=root / ".env")
    rows = manifest.to_pylist()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="raw") as pool:
        for row, what in zip(rows, pool.map(partial(_fault, replays), rows), strict=True):
            if what is not None:
                yield row["path"], replays.address(row["path"]), what


def _fault(replays: RawReplays, row: Mapping[str, Any]) -> What | None:
    try:
        data = replays.read(row["path"])
    except ReplayLost:
        return What.MISSING
    return None if hashlib.sha256(data).hexdigest() == row["sha256"] else What.DAMAGED
