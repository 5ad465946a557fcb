"""Bit strings, texts and the integers of the stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impulse.demo.writer.bits import Bits, bounded, float32, int32, join, pack
from impulse.demo.writer.texts import encode_text

fast = settings(max_examples=100, derandomize=True, deadline=None, database=None)
bit_strings = st.integers(0, 64).flatmap(lambda width: st.tuples(st.integers(0, 2**width - 1), st.just(width)))


@fast
@given(st.lists(bit_strings, max_size=60))
def test_pack_puts_bits_one_after_another(strings: list[tuple[int, int]]) -> None:
    """Packed bytes equal the strings joined as one long integer, and each offset is where its string starts."""
    values = np.array([value for value, _ in strings], dtype=np.uint64)
    widths = np.array([width for _, width in strings], dtype=np.int64)
    data, offsets = pack(values, widths)
    joined = join(*(Bits(*string) for string in strings))
    assert int.from_bytes(data, "little") == joined.value
    assert offsets.tolist() == [sum(widths[:number].tolist()) for number in range(len(widths))]


@fast
@given(st.lists(bit_strings, max_size=60))
def test_pack_pads_to_blocks_with_room_to_look_ahead(strings: list[tuple[int, int]]) -> None:
    """Network data is a multiple of 512 bytes, and at least 8 spare bytes follow the last bit."""
    widths = np.array([width for _, width in strings], dtype=np.int64)
    data, _ = pack(np.array([value for value, _ in strings], dtype=np.uint64), widths)
    assert len(data) % 512 == 0
    assert 8 * len(data) - widths.sum() >= 64


@pytest.mark.parametrize("limit", [1, 2, 3, 20, 22, 100, 2047])
def test_bounded_integers_read_back(limit: int) -> None:
    """Reading as the parser does, bit by bit while the next could stay below the limit, returns the value."""
    for value in range(limit):
        bits = bounded(value, limit)
        got = width = 0
        while got + (1 << width) < limit:
            got += bits.value & (1 << width)
            width += 1
        assert (got, width) == (value, bits.width)


def test_numbers_are_little_endian() -> None:
    """Negative integers are two's complement, floats IEEE 754."""
    assert int32(-2) == Bits(0xFFFFFFFE, 32)
    assert float32(1.0) == Bits(0x3F800000, 32)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", b"\0\0\0\0"),
        ("None", b"\5\0\0\0None\0"),
        ("Zoë", b"\4\0\0\0Zo\xeb\0"),
        ("Łu", b"\xfd\xff\xff\xff\x41\x01u\0\0\0"),
        ("🚀", b"\xfd\xff\xff\xff\x3d\xd8\x80\xde\0\0"),
    ],
    ids=["empty", "ascii", "latin-1", "utf-16", "two code units"],
)
def test_texts_use_the_shortest_form(text: str, encoded: bytes) -> None:
    """Eight bits a character where they suffice, UTF-16 with a negative length where not."""
    assert encode_text(text) == encoded
