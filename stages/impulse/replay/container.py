"""Reader of the outer layers of a replay file: lengths, CRCs, header properties, and the tables behind the network data.

It never decodes network frames (the parser does) and needs about a millisecond a megabyte. Layout, all little endian:
header size, header CRC, header (versions, class, properties), body size, body CRC, body (levels, keyframes, network
data, debug entries, tick marks, packages, objects, names, ...).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from impulse.errors import CorruptReplay
from impulse.replay.reasons import Reason

T = TypeVar("T")

CRC_SEED = 0x10340DFE
"""Initial register of the CRC-32 (polynomial 0x04C11DB7, most significant bit first, final XOR 0xFFFFFFFF)."""

MAX_LIST_ITEMS = 25_000
"""The parser refuses longer lists, so nothing longer can be used; it also bounds work on hostile bytes."""

MAX_TEXT_BYTES = 10_000
"""The parser refuses longer texts in the header."""

MAX_DEPTH = 16
"""Arrays and structs nest three deep in real files."""

CLASS_PREFIX = "TAGame.Replay_"
"""Start of the class name that follows the version numbers in every replay."""

_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# Windows-1252 with the five unassigned bytes kept as C1 controls, as the parser reads them.
_CP1252 = "".join(bytes([b]).decode("cp1252", errors="ignore") or chr(b) for b in range(256))


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


@dataclass(frozen=True, slots=True)
class ReplayHeader:
    """The header section of a replay."""

    major: int
    minor: int
    net_version: int | None
    class_name: str
    properties: tuple[Property, ...]
    end: int
    """Offset of the first byte after the header section, where the body's size stands."""

    def get(self, name: str) -> PropertyValue | None:
        """Return the value of a top-level property, or None when the game left it out (as it does with zeros)."""
        for item in self.properties:
            if item.name == name:
                return item.value
        return None


@dataclass(frozen=True, slots=True)
class ReplayBody:
    """The tables of a replay's body, without the network data itself."""

    keyframes: tuple[tuple[float, int, int], ...]
    """Time in seconds, frame number, bit offset in the network data."""
    network_offset: int
    """Offset in the file of the first byte of network data."""
    network_size: int
    """Bytes of network data; 0 when the replay has no frames to decode."""
    tick_marks: tuple[tuple[str, int], ...]
    """Description (``Team0Goal`` ...) and frame number."""
    objects: tuple[str, ...]
    names: tuple[str, ...]
    """Name table; game states are stored in the stream as indices into it."""


def replay_crc(data: bytes) -> int:
    """Return the CRC that a replay stores for a section.

    The game's CRC takes bits from the top of each byte; zlib's from the bottom. Reversing the bits of every byte, of
    the register before and of the result after turns one into the other, at zlib's speed.
    """
    register = _reverse32(CRC_SEED) ^ 0xFFFFFFFF
    return _reverse32(zlib.crc32(data.translate(_REVERSED_BITS), register))


def check_integrity(data: bytes) -> None:
    """Check the lengths and both CRCs of a replay.

    Raises:
        CorruptReplay: ``not_a_replay``, ``truncated``, ``header_crc_mismatch`` or ``body_crc_mismatch``.
    """
    header = _section(data, 0, "header", Reason.HEADER_CRC)
    start_class = header[8:12] if len(header) >= 12 else b""
    if not start_class or CLASS_PREFIX.encode() not in header[:64]:
        raise CorruptReplay(Reason.NOT_A_REPLAY, f"no {CLASS_PREFIX}* class name after the version numbers")
    _section(data, 8 + len(header), "body", Reason.BODY_CRC)


def read_header(data: bytes) -> ReplayHeader:
    """Read the header section.

    Args:
        data: the file, or at least its header section.

    Raises:
        CorruptReplay: ``truncated`` or ``malformed_header``.
    """
    (size,) = struct.unpack_from("<I", data) if len(data) >= 8 else (0,)
    if size == 0 or len(data) < 8 + size:
        raise CorruptReplay(Reason.TRUNCATED, f"header needs {8 + size} bytes, the file has {len(data)}")
    reader = _Reader(data, 8, 8 + size)
    major, minor = reader.i32(), reader.i32()
    net_version = reader.i32() if (major, minor) > (865, 17) and minor > 17 else None
    class_name = reader.text()
    if not class_name.startswith(CLASS_PREFIX):
        raise CorruptReplay(Reason.NOT_A_REPLAY, f"expected a class {CLASS_PREFIX}*, found {class_name[:40]!r}")
    reader.wide_bool = (major, minor) == (0, 0)
    properties = _read_properties(reader, depth=0)
    return ReplayHeader(major, minor, net_version, class_name, properties, end=8 + size)


def read_body(data: bytes, header: ReplayHeader) -> ReplayBody:
    """Read the tables of the body and skip the network data.

    Raises:
        CorruptReplay: ``truncated`` or ``malformed_header``.
    """
    start = header.end + 8
    if len(data) < start:
        raise CorruptReplay(Reason.TRUNCATED, "the file ends with its header")
    (size,) = struct.unpack_from("<I", data, header.end)
    reader = _Reader(data, start, min(len(data), start + size))
    reader.texts()
    keyframes = reader.items(lambda: (reader.f32(), reader.i32(), reader.i32()))
    network_size = reader.u32()
    network_offset = reader.skip(network_size)
    reader.items(lambda: (reader.i32(), reader.text(), reader.text()))
    tick_marks = reader.items(lambda: (reader.text(), reader.i32()))
    reader.texts()
    objects = reader.texts()
    names = reader.texts()
    return ReplayBody(keyframes, network_offset, network_size, tick_marks, objects, names)


def _reverse32(value: int) -> int:
    return int.from_bytes(value.to_bytes(4, "little").translate(_REVERSED_BITS), "big")


def _section(data: bytes, offset: int, what: str, mismatch: Reason) -> bytes:
    if len(data) < offset + 8:
        reason = Reason.TRUNCATED if offset else Reason.NOT_A_REPLAY
        raise CorruptReplay(reason, f"{len(data)} bytes, too short for the size and CRC of its {what}")
    size, stored = struct.unpack_from("<II", data, offset)
    section = data[offset + 8 : offset + 8 + size]
    if len(section) < size:
        looks_like_one = offset or CLASS_PREFIX.encode() in data[:72]
        reason = Reason.TRUNCATED if looks_like_one else Reason.NOT_A_REPLAY
        raise CorruptReplay(reason, f"{what} should have {size} bytes, the file has {len(section)} of them")
    actual = replay_crc(section)
    if actual != stored:
        raise CorruptReplay(mismatch, f"CRC of the {what} is {actual:08X}, the file says {stored:08X}")
    return section


class _Reader:
    """Cursor over a section; every read is checked against the section's end."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data = data
        self.position = position
        self.end = end
        self.wide_bool = False
        """Replays without network data carry version 0.0 and store a bool in four bytes."""

    def skip(self, count: int) -> int:
        start = self.position
        if count < 0 or start + count > self.end:
            raise CorruptReplay(
                Reason.MALFORMED, f"{count} bytes wanted at offset {start}, the section ends at {self.end}"
            )
        self.position = start + count
        return start

    def unpack(self, layout: str, count: int) -> int | float:
        value: int | float = struct.unpack_from(layout, self.data, self.skip(count))[0]
        return value

    def u8(self) -> int:
        return self.data[self.skip(1)]

    def i32(self) -> int:
        return int(self.unpack("<i", 4))

    def u32(self) -> int:
        return int(self.unpack("<I", 4))

    def u64(self) -> int:
        return int(self.unpack("<Q", 8))

    def f32(self) -> float:
        return float(self.unpack("<f", 4))

    def text(self) -> str:
        length = self.i32()
        if abs(length) > MAX_TEXT_BYTES:
            raise CorruptReplay(Reason.MALFORMED, f"text of {length} characters at offset {self.position - 4}")
        if length == 0:
            return ""
        if length > 0:
            start = self.skip(length)
            raw = self.data[start : start + length - 1]
            return raw.decode("ascii") if raw.isascii() else "".join(_CP1252[byte] for byte in raw)
        start = self.skip(-2 * length)
        return self.data[start : start - 2 * length - 2].decode("utf-16-le", errors="replace")

    def texts(self) -> tuple[str, ...]:
        """Read a list of texts; plain ASCII, as nearly all are, without a detour."""
        data, found = self.data, []
        for _ in range(self._count()):
            position = self.position
            length = int.from_bytes(data[position : position + 4], "little", signed=True)
            end = position + 4 + length
            raw = data[position + 4 : end - 1]
            if 0 < length <= MAX_TEXT_BYTES and end <= self.end and raw.isascii():
                self.position = end
                found.append(raw.decode("ascii"))
            else:
                found.append(self.text())
        return tuple(found)

    def items(self, read_item: Callable[[], T]) -> tuple[T, ...]:
        return tuple(read_item() for _ in range(self._count()))

    def _count(self) -> int:
        count = self.u32()
        if count > MAX_LIST_ITEMS:
            raise CorruptReplay(Reason.MALFORMED, f"list of {count} items at offset {self.position - 4}")
        return count


def _read_properties(reader: _Reader, depth: int) -> tuple[Property, ...]:
    if depth > MAX_DEPTH:
        raise CorruptReplay(Reason.MALFORMED, f"properties nest deeper than {MAX_DEPTH}")
    found = []
    while (name := reader.text()) not in ("None", ""):
        kind = reader.text()
        reader.u32()  # size of the payload: follows from the payload itself
        array_index = reader.u32()
        found.append(Property(name, kind, _read_value(reader, kind, depth), array_index))
    return tuple(found)


def _read_value(reader: _Reader, kind: str, depth: int) -> PropertyValue:
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
            return StructValue(reader.text(), _read_properties(reader, depth + 1))
        case "ArrayProperty":
            return reader.items(lambda: _read_properties(reader, depth + 1))
        case _:
            raise CorruptReplay(Reason.MALFORMED, f"unknown property type {kind[:40]!r} at offset {reader.position}")


def _read_byte_value(reader: _Reader) -> ByteValue:
    kind = reader.text()
    if kind == "None":
        return ByteValue(kind, reader.u8())
    if kind in ("OnlinePlatform_Steam", "OnlinePlatform_PS4"):
        return ByteValue(kind, None)
    return ByteValue(kind, reader.text())
