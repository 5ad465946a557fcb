"""The parsed frames that export reads, each checked against the hash that parse published."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from impulse.errors import StageError
from impulse.files.frames import read_frames
from impulse.tables.paths import frames_path


@dataclass(frozen=True, slots=True)
class ParsedFrames:
    """The frames of one replay as parse wrote them."""

    replay_id: str
    rows: int
    sha256: str
    """Hash of the file."""


def read_parsed(replay: ParsedFrames, parsed: Path, columns: Sequence[str]) -> pa.Table:
    """Return columns of a replay's frames.

    Args:
        replay: the replay.
        parsed: data/parsed.
        columns: names, in the order wanted.

    Raises:
        StageError: the file is missing, or is not the one that parse wrote.
    """
    path = parsed / frames_path(replay.replay_id)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StageError(f"{path} is missing; run `dvc checkout data/parsed` or `dvc repro parse`") from error
    if hashlib.sha256(content).hexdigest() != replay.sha256:
        raise StageError(
            f"{path} is not the file that parse wrote (its sha256 differs from data/parsed/frames.parquet); "
            "remove .state/parsed and run `dvc repro --force parse`"
        )
    return read_frames(content, columns)
