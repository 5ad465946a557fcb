"""Header properties of a replay: named values of a dozen types, which nest."""

from __future__ import annotations

from dataclasses import dataclass

from impulse.errors import CorruptReplay
from impulse.replay.reader import Reader
from impulse.replay.reasons import Reason

MAX_DEPTH = 16
"""Arrays and structs nest three deep in real files."""


@dataclass(frozen=True, slots=True)
class ByteValue:
    """Value of a ``ByteProperty``: an enum name with a value's name, or a plain byte under the kind ``None``."""

    kind: str
    value: str | int | None
    """``None`` only for the early files that store a platform name as the kind and nothing after it."""


@dataclass(frozen=True, slots=True)
class StructValue:
    """Value of a ``StructProperty``."""

    name: str
    properties: tuple[Property, ...]


PropertyValue = int | float | str | bool | ByteValue | StructValue | tuple[tuple["Property", ...], ...]


@dataclass(frozen=True, slots=True)
class Property:
    """One header property, with everything that is needed to write the same bytes again."""

    name: str
    kind: str
    """Type as the file spells it, for example ``IntProperty``."""
    value: PropertyValue
    """A tuple of property lists for ``ArrayProperty``; a float32 value for ``FloatProperty``."""
    array_index: int = 0


def read_properties(reader: Reader, depth: int = 0) -> tuple[Property, ...]:
    """Read properties up to the one without a name that ends them."""
    if depth > MAX_DEPTH:
        raise CorruptReplay(Reason.MALFORMED, f"properties nest deeper than {MAX_DEPTH}")
    found = []
    while (name := reader.text()) not in ("None", ""):
        kind = reader.text()
        reader.u32()  # size of the payload: follows from the payload itself
        array_index = reader.u32()
        found.append(Property(name, kind, _read_value(reader, kind, depth), array_index))
    return tuple(found)


def _read_value(reader: Reader, kind: str, depth: int) -> PropertyValue:
    match kind:
        case "IntProperty":
            return reader.i32()
        case "FloatProperty":
            return reader.f32()
        case "QWordProperty":
            return reader.u64()
        case "StrProperty" | "NameProperty":
            return reader.text()
        case "BoolProperty":
            return (reader.u32() if reader.wide_bool else reader.u8()) == 1
        case "ByteProperty":
            return _read_byte_value(reader)
        case "StructProperty":
            return StructValue(reader.text(), read_properties(reader, depth + 1))
        case "ArrayProperty":
            return reader.items(lambda: read_properties(reader, depth + 1))
        case _:
            raise CorruptReplay(Reason.MALFORMED, f"unknown property type {kind[:40]!r} at offset {reader.position}")


def _read_byte_value(reader: Reader) -> ByteValue:
    kind = reader.text()
    if kind == "None":
        return ByteValue(kind, reader.u8())
    if kind in ("OnlinePlatform_Steam", "OnlinePlatform_PS4"):
        return ByteValue(kind, None)
    return ByteValue(kind, reader.text())
