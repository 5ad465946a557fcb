from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.demo.variants import truncated, with_wrong_body_crc, with_wrong_header_crc

from impulse.demo import Recording, with_flipped_bits
from impulse.errors import CorruptReplay
from impulse.replay.container import (
    check_integrity,
    read_body,
    read_header,
    replay_crc,
)
from impulse.replay.reasons import Reason


def test_replay_crc_of_the_published_test_vector() -> None:
    """One byte whose CRC is known pins polynomial, bit order, seed and final XOR."""
    assert replay_crc(b"\xa0") == 0x76CC8C81


@given(st.binary(max_size=300))
def test_replay_crc_equals_the_bitwise_definition(data: bytes) -> None:
    """The detour over zlib gives what the definition gives, bit by bit."""
    register = 0x10340DFE ^ 0xFFFFFFFF ^ 0xFFFFFFFF
    for byte in data:
        register ^= byte << 24
        for _ in range(8):
            register = ((register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF

    assert replay_crc(data) == register ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (truncated, Reason.TRUNCATED),
        (with_wrong_header_crc, Reason.HEADER_CRC),
        (with_wrong_body_crc, Reason.BODY_CRC),
        (with_flipped_bits, Reason.BODY_CRC),
        (lambda data: b"", Reason.NOT_A_REPLAY),
        (lambda data: b"<html>Too many requests</html>" * 10, Reason.NOT_A_REPLAY),
        (lambda data: data[:50], Reason.TRUNCATED),
    ],
    ids=["truncated", "header crc", "body crc", "flipped bits", "empty", "html", "first bytes"],
)
def test_check_integrity_names_the_damage(synthetic: tuple[Path, Recording], damage, reason: Reason) -> None:
    """Every kind of damage has its own reason."""
    with pytest.raises(CorruptReplay) as caught:
        check_integrity(damage(synthetic[1].data))

    assert caught.value.reason == reason


@given(data=st.binary(max_size=400))
def test_readers_refuse_any_bytes_cleanly(data: bytes) -> None:
    """Arbitrary bytes end in CorruptReplay, never in another error or an endless loop."""
    for read in (check_integrity, read_header):
        with pytest.raises(CorruptReplay):
            read(data)


@given(edits=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=8))
def test_body_reader_survives_damage(synthetic: tuple[Path, Recording], edits: list[tuple[float, int]]) -> None:
    """Bytes changed anywhere outside the network data are read or refused, nothing else."""
    data = bytearray(synthetic[1].data)
    header = read_header(bytes(data))
    body = read_body(bytes(data), header)
    before, after = body.network_offset - header.end, len(data) - body.network_offset - body.network_size
    for place, value in edits:
        offset = int(place * (before + after))
        data[header.end + offset if offset < before else len(data) - after + offset - before] = value
    try:
        read_body(bytes(data), header)
    except CorruptReplay as error:
        assert error.reason in (Reason.TRUNCATED, Reason.MALFORMED)


def test_reader_agrees_with_the_parser_about_real_headers(real_replays: Path) -> None:
    """Header facts of every decodable real file equal those that the parser reads."""
    compared = 0
    for entry in json.loads((real_replays / "MANIFEST.json").read_text(encoding="utf-8")):
        expected = entry["header"]
        if not expected:
            continue
        data = (real_replays / entry["path"]).read_bytes()
        check_integrity(data)
        header = read_header(data)
        for name in (
            "Id",
            "MatchGUID",
            "Date",
            "MapName",
            "MatchType",
            "TeamSize",
            "NumFrames",
            "Team0Score",
            "Team1Score",
        ):
            assert header.get(name) == expected[name], (entry["path"], name)
        compared += 1
    assert compared >= 50


def test_bytes_after_the_body_are_counted(synthetic: tuple[Path, Recording], real_replays: Path) -> None:
    """No good file has any, real or synthetic; what is appended is counted, also from the start of a file alone."""
    real = [path.read_bytes() for path in sorted(real_replays.rglob("*.replay")) if path.parent.name != "corrupt"]
    assert len(real) >= 50
    for data in (synthetic[1].data, *real):
        header = read_header(data)
        assert header.trailing_bytes(len(data)) == 0
        for more in (b"\0", b"appended", data):
            check_integrity(data + more)
            assert read_header(data + more).trailing_bytes(len(data + more)) == len(more)
    start = data[: header.end + 4]
    assert read_header(start).trailing_bytes(len(data) + 7) == 7


def test_corrupt_real_files_are_refused(real_replays: Path) -> None:
    """Every file of the corrupt category fails the integrity check."""
    files = sorted((real_replays / "corrupt").glob("*.replay"))
    assert len(files) == 10
    for file in files:
        with pytest.raises(CorruptReplay):
            check_integrity(file.read_bytes())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"abc", "truncated: 3 bytes, too short for the size and CRC of its header"),
        (bytes([9, 0, 0, 0]) + bytes(10), "truncated: header should have 9 bytes, the file has 6 of them"),
        (bytes(5000), "malformed_header: 4 bytes wanted at offset 8, the section ends at 8"),
        (bytes([24, 0, 0, 0]) + bytes(28), "not_a_replay: expected a class TAGame.Replay_*, found ''"),
    ],
    ids=["too short", "cut", "size 0", "other class"],
)
def test_read_header_says_what_is_wrong(data: bytes, message: str) -> None:
    """With numbers that fit together."""
    with pytest.raises(CorruptReplay) as caught:
        read_header(data)
    assert str(caught.value) == message
