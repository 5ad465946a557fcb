"""Writing outputs so that nothing half-written ever has a final name, and only one run writes at a time."""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from impulse.files.disk import flush_to_disk

log = logging.getLogger(__name__)

WAIT_NOTICE_SECONDS = 30.0
"""How often a run that waits for another one says so."""


@contextmanager
def only_writer(target: Path, *, say: Callable[[str], object] = log.info) -> Iterator[None]:
    """Hold the lock of what is written at ``target``; wait, and ``say`` so, while another run holds it.

    A run that lost its parent process (after a kill of dvc) goes on and holds the lock until it ends; the lock of a
    killed process is free at once. So waiting always ends.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.parent / f".{target.name}.lock")
    timeout = 0.0
    while True:
        try:
            lock.acquire(timeout=timeout)
            break
        except Timeout:
            say(f"another run holds the lock of {target}; waiting for it to end")
            timeout = WAIT_NOTICE_SECONDS
    try:
        yield
    finally:
        lock.release()


def has_writer(target: Path) -> bool:
    """Tell whether a run holds the lock of what is written at ``target``."""
    lock = FileLock(target.parent / f".{target.name}.lock")
    try:
        lock.acquire(timeout=0.0)
    except Timeout:
        return True
    lock.release()
    return False


@contextmanager
def output_folder(target: Path) -> Iterator[Path]:
    """Give a new folder to write into, and put it in the place of ``target`` when the block ends without an error.

    What an earlier, killed run left behind is removed first. The caller holds the lock of the output.
    """
    partial = target.with_name(f".{target.name}.partial")
    replaced = target.with_name(f".{target.name}.replaced")
    for leftover in (partial, replaced):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.exists():
        target.rename(replaced)
    partial.rename(target)
    flush_to_disk(target.parent)
    shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def output_file(target: Path, *, sync: bool = True) -> Iterator[Path]:
    """Give a temporary name beside ``target``; the file moves to its final name when the block ends without an error.

    Args:
        target: the final name.
        sync: ask the disk to keep the content first; without it a power cut may leave an empty file under the final name.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.partial")
    try:
        yield partial
        if sync:
            flush_to_disk(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_json(target: Path, content: Mapping[str, Any]) -> None:
    """Write a small JSON file, sorted as given, ending in a newline."""
    with output_file(target) as partial:
        write_text(partial, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_text(target: Path, text: str) -> None:
    """Write a text as the same bytes on every system: UTF-8, lines as they are."""
    target.write_text(text, encoding="utf-8", newline="\n")
