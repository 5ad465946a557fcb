"""Reader of the outer layers of a replay file: lengths, CRCs, header properties, and the tables behind the network data.

It never decodes network frames (the parser does) and needs about a millisecond a megabyte. Layout, all little endian:
header size, header CRC, header (versions, class, properties), body size, body CRC, body (levels, keyframes, network
data, debug entries, tick marks, packages, objects, names, ...).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from impulse.errors import CorruptReplay
from impulse.replay.properties import Property, PropertyValue, read_properties
from impulse.replay.reader import Reader
from impulse.replay.reasons import Reason

CRC_SEED = 0x10340DFE
"""Initial register of the CRC-32 (polynomial 0x04C11DB7, most significant bit first, final XOR 0xFFFFFFFF)."""

CLASS_PREFIX = "TAGame.Replay_"
"""Start of the class name that follows the version numbers in every replay."""

_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class ReplayHeader:
    """The header section of a replay."""

    major: int
    minor: int
    net_version: int | None
    class_name: str
    properties: tuple[Property, ...]
    end: int
    """Offset of the first byte after the header section, where the body's size is."""
    body_size: int | None = None
    """Bytes of the body section by the file's own field; None when only the header was read."""

    def trailing_bytes(self, size: int) -> int:
        """Return how many bytes of a file follow its body, which no reader of replays takes notice of.

        Args:
            size: bytes of the whole file, whose lengths hold.
        """
        return 0 if self.body_size is None else size - (self.end + 8 + self.body_size)

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
    if CLASS_PREFIX.encode() not in header[:64]:
        raise CorruptReplay(Reason.NOT_A_REPLAY, f"no {CLASS_PREFIX}* class name after the version numbers")
    _section(data, 8 + len(header), "body", Reason.BODY_CRC)


def read_header(data: bytes) -> ReplayHeader:
    """Read the header section.

    Args:
        data: the file, or at least its header section.

    Raises:
        CorruptReplay: ``truncated``, ``not_a_replay`` or ``malformed_header``.
    """
    if len(data) < 8:
        raise CorruptReplay(Reason.TRUNCATED, f"{len(data)} bytes, too short for the size and CRC of its header")
    (size,) = struct.unpack_from("<I", data)
    if len(data) < 8 + size:
        raise CorruptReplay(Reason.TRUNCATED, f"header should have {size} bytes, the file has {len(data) - 8} of them")
    reader = Reader(data, 8, 8 + size)
    major, minor = reader.i32(), reader.i32()
    net_version = reader.i32() if (major, minor) > (865, 17) and minor > 17 else None
    class_name = reader.text()
    if not class_name.startswith(CLASS_PREFIX):
        raise CorruptReplay(Reason.NOT_A_REPLAY, f"expected a class {CLASS_PREFIX}*, found {class_name[:40]!r}")
    reader.wide_bool = (major, minor) == (0, 0)
    properties = read_properties(reader)
    end = 8 + size
    body_size = struct.unpack_from("<I", data, end)[0] if len(data) >= end + 4 else None
    return ReplayHeader(major, minor, net_version, class_name, properties, end, body_size)


def read_body(data: bytes, header: ReplayHeader) -> ReplayBody:
    """Read the tables of the body and skip the network data.

    Raises:
        CorruptReplay: ``truncated`` or ``malformed_header``.
    """
    start = header.end + 8
    if len(data) < start:
        raise CorruptReplay(Reason.TRUNCATED, "the file ends with its header")
    (size,) = struct.unpack_from("<I", data, header.end)
    reader = Reader(data, start, min(len(data), start + size))
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
