"""The first network frames of a replay alone, decoded in milliseconds: they say what a file really sends.

The parser stops after as many network frames as the header announces. So a header that announces fewer, with its CRC made
right again, gives the start of a replay at the price of the start.
"""

from __future__ import annotations

import struct

from impulse.replay.container import replay_crc

LOOK_FRAMES = 100
"""Network frames that are looked at before a decoder is chosen: those before a kickoff, in which little is sent. They cost 3 ms;
300, which reach into play, cost 15."""

_NUM_FRAMES = b"\x0a\x00\x00\x00NumFrames\x00\x0c\x00\x00\x00IntProperty\x00\x04\x00\x00\x00\x00\x00\x00\x00"
"""The property as it stands in the header, up to its value."""


def with_frames(data: bytes, count: int) -> bytes:
    """Return a replay that announces at most ``count`` network frames; itself where its header does not say how many.

    Args:
        data: the file's bytes.
        count: network frames.
    """
    (size,) = struct.unpack_from("<I", data)
    at = data.find(_NUM_FRAMES, 8, 8 + size)
    if at < 0:
        return data
    at += len(_NUM_FRAMES)
    if struct.unpack_from("<i", data, at)[0] <= count:
        return data
    header = data[8:at] + struct.pack("<i", count) + data[at + 4 : 8 + size]
    return struct.pack("<II", size, replay_crc(header)) + header + data[8 + size :]
