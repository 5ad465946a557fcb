"""Variants of finished replay files: damaged ones, and cheap copies with another identity.

Owns: changes made to a file's bytes. Changes of header properties are
:func:`impulse.demo.edit_header`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from impulse.demo.match.draws import Draws
from impulse.demo.writer.header import seal
from impulse.replay.container import read_header


def truncated(data: bytes, *, share: float = 0.6) -> bytes:
    """Return the first part of a file, as an upload that was cut off leaves it."""
    return data[: int(len(data) * share)]


def with_wrong_header_crc(data: bytes) -> bytes:
    """Return the file with a header CRC that is off by one bit."""
    return data[:4] + bytes([data[4] ^ 1]) + data[5:]


def with_wrong_body_crc(data: bytes) -> bytes:
    """Return the file with a body CRC that is off by one bit."""
    at = read_header(data).end + 4
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def clones(data: bytes, *, count: int) -> Iterator[bytes]:
    """Yield copies of a file as recordings of other matches: same body, other ``Id`` and ``MatchGUID``.

    A copy takes a fraction of a millisecond, so that load tests can have as many replays as they like.

    Args:
        data: a whole replay file.
        count: number of copies; their identities follow from the file's and from their number.
    """
    for number in range(count):
        yield clone(data, number)


def clone(data: bytes, number: int) -> bytes:
    """Return one of :func:`clones`."""
    header = read_header(data)
    section, body = data[8 : header.end], data[header.end :]
    for name in ("Id", "MatchGUID"):
        if (value := header.get(name)) is not None:
            identity = str(value)
            other = Draws("clone", identity, number).hex(len(identity)).upper()
            section = section.replace(identity.encode(), other.encode())
    return seal(section) + body
