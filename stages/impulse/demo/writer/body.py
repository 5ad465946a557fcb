"""The body section around the network data.

Owns: the order of the body's lists, and their encodings.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from impulse.demo.writer.classes import ObjectTable
from impulse.demo.writer.texts import encode_text
from impulse.demo.writer.version import FormatVersion

PACKAGES = ("..\\..\\TAGame\\CookedPCConsole\\GameInfo_Soccar_SF.upk",)
"""Game files that a replay needs (real replays list some thirty; readers ignore them)."""


def encode_body(
    objects: ObjectTable,
    version: FormatVersion,
    *,
    keyframes: Iterable[tuple[float, int, int]],
    network: bytes,
    tick_marks: Iterable[tuple[str, int]],
    names: Iterable[str],
) -> bytes:
    """Return the body section, without its size and CRC.

    Args:
        objects: the object table.
        version: format of the file.
        keyframes: time in seconds, frame, bit offset in the network data.
        network: the network data.
        tick_marks: description and frame.
        names: the name table.
    """
    sections = [
        _list([]),  # streamed levels
        _list(struct.pack("<fii", *keyframe) for keyframe in keyframes),
        struct.pack("<I", len(network)) + network,
        _list([]),  # debug texts
        _list(encode_text(description) + struct.pack("<i", frame) for description, frame in tick_marks),
        _list(encode_text(package) for package in PACKAGES),
        _list(encode_text(name) for name in objects.objects),
        _list(encode_text(name) for name in names),
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
