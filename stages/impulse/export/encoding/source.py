"""The parsed frames that export reads, each checked against the hash that parse published."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from impulse.errors import StageError
from impulse.files.frames import read_frames
from impulse.schema.controls import control_columns, control_names
from impulse.schema.sampling import MOST_SLOTS_PER_TEAM
from impulse.tables.paths import controls_path, frames_path


@dataclass(frozen=True, slots=True)
class ParsedFrames:
    """The frames of one replay as parse wrote them."""

    replay_id: str
    rows: int
    sha256: str
    """Hash of the file."""
    controls: str | None = None
    """Hash of the file of its controls; None where it has none, which are then null."""


def read_parsed(replay: ParsedFrames, parsed: Path, columns: Sequence[str]) -> pa.Table:
    """Return columns of a replay's frames, and of its controls.

    Args:
        replay: the replay.
        parsed: data/parsed.
        columns: names, in the order wanted.

    Raises:
        StageError: the file is missing, or is not the one that parse wrote.
    """
    wanted = control_names(columns)
    frames = read_frames(
        _checked(parsed / frames_path(replay.replay_id), replay.sha256),
        [name for name in columns if name not in set(wanted)],
    )
    if not wanted:
        return frames
    controls = _controls(replay, parsed, wanted)
    for name in wanted:
        frames = frames.append_column(controls.schema.field(name), controls[name])
    return frames.select(columns)


def _controls(replay: ParsedFrames, parsed: Path, columns: Sequence[str]) -> pa.Table:
    if replay.controls is not None:
        return read_frames(_checked(parsed / controls_path(replay.replay_id), replay.controls), columns)
    known = {column.name: column for column in control_columns(MOST_SLOTS_PER_TEAM)}
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
