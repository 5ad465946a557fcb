"""Columns whose names changed: what a name of another schema is called in the dataset at hand."""

from __future__ import annotations

import re
from collections.abc import Collection

from impulse.errors import ConfigError, check_known

_OTHER_NAMES = {
    "team_size": (
        "header_team_size",
        "is called header_team_size since schema 3; players_a_side is what was really played",
    ),
    "header_team_size": ("team_size", "came with schema 3; in this older dataset the same column is called team_size"),
    "players_a_side": ("team_size", "came with schema 3; this older dataset has team_size, which is the header's"),
}
"""A column of the same table instead of one that is not there, and what to say of it."""


def check_column(key: str, name: object, known: Collection[str]) -> None:
    """Check the name of a column.

    Args:
        key: name of the argument.
        name: what was given.
        known: the columns that exist.

    Raises:
        ConfigError: it is not among them; the message says what it is called here if its name changed.
    """
    if name not in known:
        explain_renamed(key, str(name), known)
    check_known(key, name, known)


def explain_renamed(key: str, text: str, known: Collection[str]) -> None:
    """Raise a ConfigError if a text, such as an expression's, names a column that is called something else here."""
    for name, (other, what) in _OTHER_NAMES.items():
        if name not in known and other in known and re.search(rf"\b{name}\b", text):
            raise ConfigError(key, f"{name!r} {what}")
