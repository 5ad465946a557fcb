"""Encoder of the header section: versions, class and properties.

Owns: the layouts of property types, and edits of a finished file's header. Reading is
:mod:`impulse.replay.container`'s.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace

from impulse.demo.writer.texts import encode_text
from impulse.errors import ConfigError
from impulse.replay.container import ReplayHeader, read_header, replay_crc
from impulse.replay.properties import ByteValue, Property, PropertyValue, StructValue


def seal(section: bytes) -> bytes:
    """Return a section after its size and CRC, as it is in a file."""
    return struct.pack("<II", len(section), replay_crc(section)) + section


def encode_header(header: ReplayHeader) -> bytes:
    """Return the header section, without its size and CRC.

    What :func:`impulse.replay.container.read_header` read from a file comes out as the same bytes.
    """
    versions = struct.pack("<ii", header.major, header.minor)
    if header.net_version is not None:
        versions += struct.pack("<i", header.net_version)
    return versions + encode_text(header.class_name) + encode_properties(header.properties)


def encode_properties(properties: tuple[Property, ...]) -> bytes:
    """Return a property list with its closing ``None``."""
    return b"".join(_encode_property(item) for item in properties) + encode_text("None")


def edit_header(data: bytes, changes: Mapping[str, PropertyValue | None]) -> bytes:
    """Return a replay with other header properties and right CRCs, its body untouched.

    It costs well under a millisecond, whatever the length of the replay.

    Args:
        data: a whole replay file.
        changes: new value of each top-level property that the file has; None leaves the property out.

    Raises:
        ConfigError: the file has no such property.
        CorruptReplay: the header cannot be read.
    """
    header = read_header(data)
    missing = set(changes) - {item.name for item in header.properties}
    if missing:
        raise ConfigError(", ".join(sorted(missing)), "the header has no such property")
    values = ((item, changes.get(item.name, item.value)) for item in header.properties)
    properties = tuple(replace(item, value=value) for item, value in values if value is not None)
    return seal(encode_header(replace(header, properties=properties))) + data[header.end :]


def _encode_property(item: Property) -> bytes:
    payload, size = _encode_value(item.kind, item.value)
    return encode_text(item.name) + encode_text(item.kind) + struct.pack("<II", size, item.array_index) + payload


def _encode_value(kind: str, value: PropertyValue) -> tuple[bytes, int]:
    """Return the payload and what its size field says, which is not always the payload's length."""
    match value:
        case bool():
            return struct.pack("<B", value), 0
        case int() if kind == "QWordProperty":
            return struct.pack("<Q", value), 8
        case int():
            return struct.pack("<i", value), 4
        case float():
            return struct.pack("<f", value), 4
        case str():
            text = encode_text(value)
            return text, len(text)
        case ByteValue():
            return _encode_byte_value(value)
        case StructValue():
            fields = encode_properties(value.properties)
            return encode_text(value.name) + fields, len(fields)
        case tuple():
            lists = struct.pack("<I", len(value)) + b"".join(encode_properties(fields) for fields in value)
            return lists, len(lists)


def _encode_byte_value(value: ByteValue) -> tuple[bytes, int]:
    kind = encode_text(value.kind)
    match value.value:
        case str():
            text = encode_text(value.value)
            return kind + text, len(text)
        case int():
            return kind + struct.pack("<B", value.value), 1
        case None:
            return kind, 0
