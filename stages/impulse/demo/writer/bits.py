"""Bit strings of the network stream, and how they are packed into bytes.

Owns: values of so many bits, least significant bit first and unaligned, and the packing of long arrays of
them.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NETWORK_BLOCK_BYTES = 512
"""Network data is padded with zeros to a multiple of this (every real replay)."""
NETWORK_SPARE_BYTES = 8
"""The parser looks ahead this far, so fewer bytes than this must never follow the last frame."""

WORD = 2**64 - 1
"""Mask of the longest bit string that :func:`pack` takes."""


class Bits(NamedTuple):
    """A bit string."""

    value: int
    """Non-negative; bit 0 comes first in the stream."""
    width: int
    """Number of bits."""


def join(*parts: Bits) -> Bits:
    """Return the parts one after another."""
    value = width = 0
    for bits, count in parts:
        value |= bits << width
        width += count
    return Bits(value, width)


ZERO = Bits(0, 1)
ONE = Bits(1, 1)


def flag(value: bool) -> Bits:
    """Return one bit."""
    return ONE if value else ZERO


def byte(value: int) -> Bits:
    """Return an unsigned 8-bit integer."""
    return Bits(value, 8)


def int32(value: int) -> Bits:
    """Return a signed 32-bit integer."""
    return Bits(value & 0xFFFFFFFF, 32)


def uint64(value: int) -> Bits:
    """Return an unsigned 64-bit integer."""
    return Bits(value, 64)


def float32(value: float) -> Bits:
    """Return a 32-bit float."""
    return raw(struct.pack("<f", value))


def raw(data: bytes) -> Bits:
    """Return whole bytes."""
    return Bits(int.from_bytes(data, "little"), 8 * len(data))


def bounded(value: int, limit: int) -> Bits:
    """Return an integer below ``limit`` in the game's variable width.

    Bits are written from the lowest up, for as long as one more could keep the value below the limit.
    """
    got = width = 0
    while got + (1 << width) < limit:
        got |= value & (1 << width)
        width += 1
    return Bits(got, width)


def pack(values: NDArray[np.uint64], widths: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
    """Pack bit strings one after another.

    Args:
        values: (N,) uint64, each below 2**width.
        widths: (N,) int64, bits of each, 0..64.

    Returns:
        The bytes, zero-padded as network data is, and the (N,) int64 bit offset of each string.
    """
    ends = np.cumsum(widths)
    offsets = ends - widths
    total = int(ends[-1]) if len(ends) else 0
    size = -(-(total // 8 + 1 + NETWORK_SPARE_BYTES) // NETWORK_BLOCK_BYTES) * NETWORK_BLOCK_BYTES
    used = widths > 0
    values, starts = values[used], offsets[used]
    words = np.zeros(size // 8 + 1, dtype=np.uint64)
    index = starts >> 6
    shift = (starts & 63).astype(np.uint64)
    _or_into(words, index, values << shift)
    spills = shift > 0
    _or_into(words, index[spills] + 1, values[spills] >> (np.uint64(64) - shift[spills]))
    return words.astype("<u8").tobytes()[:size], offsets


def _or_into(words: NDArray[np.uint64], index: NDArray[np.int64], values: NDArray[np.uint64]) -> None:
    """Or values into words; the index never decreases, so equal ones form runs."""
    if len(index):
        runs = np.flatnonzero(np.diff(index, prepend=-1))
        words[index[runs]] |= np.bitwise_or.reduceat(values, runs)
