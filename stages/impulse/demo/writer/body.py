"""The body section around the network data.

Owns: the order of the body's lists, and their encodings.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from impulse.demo.writer.classes import ObjectTable
from impulse.demo.writer.texts import encode_text
from impulse.demo.writer.version import FormatVersion

PACKAGES = ("..\\..\\TAGame\\CookedPCConsole\\GameInfo_Soccar_SF.upk",)
"""Game files that a replay needs (real replays list some thirty; readers ignore them)."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Content of the body, besides what the object table gives."""

    keyframes: list[tuple[float, int, int]]
    """Time in seconds, frame, bit offset in the network data."""
    network: bytes
    tick_marks: list[tuple[str, int]]
    """Description and frame."""
    names: list[str]


def encode_body(tables: Tables, objects: ObjectTable, version: FormatVersion) -> bytes:
    """Return the body section, without its size and CRC."""
    sections = [
        _list([]),  # streamed levels
        _list(struct.pack("<fii", *keyframe) for keyframe in tables.keyframes),
        struct.pack("<I", len(tables.network)) + tables.network,
        _list([]),  # debug texts
        _list(encode_text(description) + struct.pack("<i", frame) for description, frame in tables.tick_marks),
        _list(encode_text(package) for package in PACKAGES),
        _list(encode_text(name) for name in objects.objects),
        _list(encode_text(name) for name in tables.names),
        _list(encode_text(name) + struct.pack("<i", index) for name, index in objects.class_indices()),
        _list(
            struct.pack("<iii", index, parent, cache) + _list(struct.pack("<ii", *pair) for pair in ids)
            for index, parent, cache, ids in objects.net_cache()
        ),
    ]
    if version.is_recent:
        sections.append(_list([]))
    return b"".join(sections)


def _list(items: Iterable[bytes]) -> bytes:
    encoded = list(items)
    return struct.pack("<I", len(encoded)) + b"".join(encoded)
