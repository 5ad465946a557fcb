"""Columns on request with a row for each row of the frames: beside them in files of their own, until export puts them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from impulse.schema.column import Column
from impulse.schema.controls import control_columns, is_control
from impulse.schema.pads import PAD_ROW_COLUMNS, is_pad_row


@dataclass(frozen=True, slots=True)
class Beside:
    """What one setting of parse adds."""

    setting: str
    columns: Callable[[int], tuple[Column, ...]]
    """Gives the columns for as many slots a team."""
    has: Callable[[str], bool]
    """Tells whether a column of exported frames, by its name, is one of these."""


BESIDE = (
    Beside("controls", control_columns, is_control),
    Beside("pad_rows", lambda _: PAD_ROW_COLUMNS, is_pad_row),
)


def is_beside(name: str) -> bool:
    """Tell whether a column of exported frames is one of these."""
    return any(beside.has(name) for beside in BESIDE)


def names_beside(names: Iterable[str]) -> Sequence[str]:
    """Return those of some names that are such columns."""
    return [name for name in names if is_beside(name)]
