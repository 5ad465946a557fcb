"""The text layout that header, body and network stream share.

Owns: a 32-bit length, then characters with a closing NUL; 8-bit when every character fits, else UTF-16.
"""

from __future__ import annotations

import struct


def encode_text(text: str) -> bytes:
    """Return a text as a replay stores it.

    Readers decode the 8-bit form as Windows-1252, which agrees with Latin-1 but for U+0080..U+009F: keep
    those out.
    """
    if not text:
        return struct.pack("<i", 0)
    if all(character < "\u0100" for character in text):
        return struct.pack("<i", len(text) + 1) + text.encode("latin-1") + b"\0"
    wide = (text + "\0").encode("utf-16-le")
    return struct.pack("<i", -(len(wide) // 2)) + wide
