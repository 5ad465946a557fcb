"""A kind of events, and a field of its detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

BOOST = "1/255 of a tank"
"""Boost in events is as the game sends it: 0 to 255. Frames and statistics have 0 to 100."""


class Type(Enum):
    """What a field of the detail, which is JSON, holds; any of them may be null."""

    NUMBER = "number"
    WHOLE = "whole number"
    TEXT = "text"
    TRUTH = "true or false"
    PLAYER = "player"
    """Number in the players table; the parser's text of an account that is not there."""
    VECTOR = "numbers"
    """One for each axis."""
    PLACE = "x, y, z"
    """An object of three numbers."""
    TEXTS = "texts"
    PARTS = "fields"
    """An object."""
    LIST = "list of fields"


@dataclass(frozen=True, slots=True)
class Field:
    """One field."""

    type: Type
    meaning: str
    unit: str = ""
    values: tuple[str, ...] = ()
    """What a text may be, as far as is known."""
    fields: Mapping[str, Field] = field(default_factory=dict)
    """Those of an object."""


def number(meaning: str, unit: str = "") -> Field:
    """Return a field that is a number."""
    return Field(Type.NUMBER, meaning, unit)


def whole(meaning: str) -> Field:
    """Return a field that is a count, or the number of something."""
    return Field(Type.WHOLE, meaning)


def word(meaning: str, *values: str) -> Field:
    """Return a field that is one of some words."""
    return Field(Type.TEXT, meaning, values=values)


def truth(meaning: str) -> Field:
    """Return a field that is true or false."""
    return Field(Type.TRUTH, meaning)


def player(meaning: str) -> Field:
    """Return a field that is somebody."""
    return Field(Type.PLAYER, meaning)


def vector(meaning: str, unit: str = "uu") -> Field:
    """Return a field that has a number for each axis."""
    return Field(Type.VECTOR, meaning, unit)


def parts(meaning: str, fields: Mapping[str, Field]) -> Field:
    """Return a field that has fields."""
    return Field(Type.PARTS, meaning, fields=fields)


def several(meaning: str, fields: Mapping[str, Field]) -> Field:
    """Return a field that is a list of what has fields."""
    return Field(Type.LIST, meaning, fields=fields)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of events; the parser calls it a stream."""

    meaning: str
    scope: str
    """Whose it is by the parser: player, team or match."""
    has_length: bool | None
    """A span or a moment; None where some are spans."""
    fields: Mapping[str, Field] = field(default_factory=dict)
    """Of its detail."""
    player: str = ""
    """Who the player of the event is, where it is not just whose it is."""
    other: str = ""
    """Who the other player is; empty where there is none."""
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Group of classes to them; classes without a group have the group ``""``."""


def named(shared: Mapping[str, Field], names: str) -> dict[str, Field]:
    """Return some of the fields that several kinds have, by names with spaces between them."""
    return {name: shared[name] for name in names.split()}


def paths(fields: Mapping[str, Field], parent: str = "") -> Iterator[tuple[str, Field]]:
    """Yield fields and all that is inside of them, by names with dots between them."""
    for name, inner in fields.items():
        yield f"{parent}{name}", inner
        yield from paths(inner.fields, f"{parent}{name}.")
