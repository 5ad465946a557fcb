"""Bounded reading of numbers, texts and lists from the bytes of a replay, which nobody vouches for."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

from impulse.errors import CorruptReplay
from impulse.replay.reasons import Reason

T = TypeVar("T")

MAX_LIST_ITEMS = 25_000
"""The parser refuses longer lists, so nothing longer can be used; it also bounds work on hostile bytes."""

MAX_TEXT_LENGTH = 10_000
"""Characters; the parser refuses longer texts in the header."""

# Windows-1252 with the five unassigned bytes kept as C1 controls, as the parser reads them.
_CP1252 = "".join(bytes([b]).decode("cp1252", errors="ignore") or chr(b) for b in range(256))


class Reader:
    """Cursor over a section; every read is checked against the section's end."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data = data
        self.position = position
        self.end = end
        self.wide_bool = False
        """Replays without network data carry version 0.0 and store a bool in four bytes."""

    def skip(self, count: int) -> int:
        """Go on by so many bytes and return where they start."""
        start = self.position
        if count < 0 or start + count > self.end:
            raise CorruptReplay(
                Reason.MALFORMED, f"{count} bytes wanted at offset {start}, the section ends at {self.end}"
            )
        self.position = start + count
        return start

    def _unpack(self, layout: str, count: int) -> int | float:
        value: int | float = struct.unpack_from(layout, self.data, self.skip(count))[0]
        return value

    def u8(self) -> int:
        """Read a byte."""
        return self.data[self.skip(1)]

    def i32(self) -> int:
        """Read a signed number of 32 bits."""
        return int(self._unpack("<i", 4))

    def u32(self) -> int:
        """Read an unsigned number of 32 bits."""
        return int(self._unpack("<I", 4))

    def u64(self) -> int:
        """Read an unsigned number of 64 bits."""
        return int(self._unpack("<Q", 8))

    def f32(self) -> float:
        """Read a float32."""
        return float(self._unpack("<f", 4))

    def text(self) -> str:
        """Read a text in either of its two encodings."""
        length = self.i32()
        if abs(length) > MAX_TEXT_LENGTH:
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
            if 0 < length <= MAX_TEXT_LENGTH and end <= self.end and raw.isascii():
                self.position = end
                found.append(raw.decode("ascii"))
            else:
                found.append(self.text())
        return tuple(found)

    def items(self, read_item: Callable[[], T]) -> tuple[T, ...]:
        """Read a list."""
        return tuple(read_item() for _ in range(self._count()))

    def _count(self) -> int:
        count = self.u32()
        if count > MAX_LIST_ITEMS:
            raise CorruptReplay(Reason.MALFORMED, f"list of {count} items at offset {self.position - 4}")
        return count
