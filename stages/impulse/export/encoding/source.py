"""The parsed frames that export reads, each checked against the hash that parse published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from impulse.errors import StageError
from impulse.files.frames import read_frames
from impulse.schema.beside import BESIDE, Beside
from impulse.schema.sampling import MOST_SLOTS_PER_TEAM
from impulse.tables.paths import beside_path, frames_path


@dataclass(frozen=True, slots=True)
class ParsedFrames:
    """The frames of one replay as parse wrote them."""

    replay_id: str
    rows: int
    sha256: str
    """Hash of the file."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """By setting, the hash of the file of the columns that it adds; those of a setting without one are null."""


def read_parsed(replay: ParsedFrames, parsed: Path, columns: Sequence[str]) -> pa.Table:
    """Return columns of a replay's frames, and of those that are beside them.

    Args:
        replay: the replay.
        parsed: data/parsed.
        columns: names, in the order wanted.

    Raises:
        StageError: the file is missing, or is not the one that parse wrote.
    """
    wanted = {beside: [name for name in columns if beside.has(name)] for beside in BESIDE}
    others = {name for names in wanted.values() for name in names}
    frames = read_frames(
        _checked(parsed / frames_path(replay.replay_id), replay.sha256),
        [name for name in columns if name not in others],
    )
    for beside, names in wanted.items():
        if names:
            added = _added(beside, replay, parsed, names)
            for name in names:
                frames = frames.append_column(added.schema.field(name), added[name])
    return frames.select(columns) if others else frames


def _added(beside: Beside, replay: ParsedFrames, parsed: Path, columns: Sequence[str]) -> pa.Table:
    sha256 = replay.beside.get(beside.setting)
    if sha256 is not None:
        return read_frames(_checked(parsed / beside_path(beside.setting, replay.replay_id), sha256), columns)
    known = {column.name: column for column in beside.columns(MOST_SLOTS_PER_TEAM)}
    fields = [known[name].field() for name in columns]
    return pa.table([pa.nulls(replay.rows, field.type) for field in fields], schema=pa.schema(fields))


def _checked(path: Path, sha256: str) -> bytes:
    """Return the content of a file that parse wrote.

    Raises:
        StageError: it is missing, or another one.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StageError(f"{path} is missing; run `dvc checkout data/parsed` or `dvc repro parse`") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise StageError(
            f"{path} is not the file that parse wrote (its sha256 differs from the one in data/parsed); "
            "remove .state/parsed and run `dvc repro --force parse`"
        )
    return content
