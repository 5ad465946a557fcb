"""The header encoder, against the reader and against real files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impulse.demo import MatchPlan, Recording, RecordingPlan, edit_header, encode_header, generate, is_synthetic
from impulse.demo.writer.header import encode_properties, seal
from impulse.errors import ConfigError, CorruptReplay
from impulse.replay.container import ReplayHeader, check_integrity, read_body, read_header
from impulse.replay.properties import ByteValue, Property, StructValue

NOT_IDENTICAL = {
    "corrupt/bad-fuzz-string-too-long2.replay": "its stored header CRC is wrong",
    "no-network/6688.replay": "version 0.0 stores a bool in four bytes",
    "no-network/7588d.replay": "version 0.0 stores a bool in four bytes",
}
"""Real files whose header does not come out as the same bytes, and why."""

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
names = st.text("abcdefghijKLMN", min_size=1, max_size=8).filter(lambda name: name != "None")


def _simple() -> st.SearchStrategy[Property]:
    index = st.integers(0, 3)
    floats = st.floats(width=32, allow_nan=False)
    byte_values = st.builds(ByteValue, st.just("OnlinePlatform"), names) | st.builds(
        ByteValue, st.just("None"), st.integers(0, 255)
    )
    return st.one_of(
        st.builds(Property, names, st.just("IntProperty"), st.integers(-(2**31), 2**31 - 1), index),
        st.builds(Property, names, st.just("QWordProperty"), st.integers(0, 2**64 - 1), index),
        st.builds(Property, names, st.just("FloatProperty"), floats, index),
        st.builds(Property, names, st.sampled_from(["StrProperty", "NameProperty"]), texts, index),
        st.builds(Property, names, st.just("BoolProperty"), st.booleans(), index),
        st.builds(Property, names, st.just("ByteProperty"), byte_values, index),
    )


def _nested(inner: st.SearchStrategy[Property]) -> st.SearchStrategy[Property]:
    lists = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Property, names, st.just("StructProperty"), st.builds(StructValue, names, lists)),
        st.builds(Property, names, st.just("ArrayProperty"), st.lists(lists, max_size=3).map(tuple)),
    )


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.lists(st.recursive(_simple(), _nested, max_leaves=8), max_size=6).map(tuple))
def test_header_reads_back_what_was_encoded(properties: tuple[Property, ...]) -> None:
    """Any property list survives encoding and reading, with its array indices."""
    header = ReplayHeader(868, 32, 11, "TAGame.Replay_Soccar_TA", properties, end=0)
    data = seal(encode_header(header))
    assert read_header(data) == ReplayHeader(868, 32, 11, header.class_name, properties, end=len(data))


def test_size_fields_follow_the_game() -> None:
    """A bool has size 0; a struct's size leaves out its name; an enum's counts the value alone."""
    encoded = encode_properties((Property("b", "BoolProperty", value=True),))
    assert encoded.startswith(b"\2\0\0\0b\0\x0d\0\0\0BoolProperty\0" + bytes(8) + b"\1")
    encoded = encode_properties((Property("s", "StructProperty", StructValue("Kind", ())),))
    assert b"StructProperty\0\x09\0\0\0" in encoded
    encoded = encode_properties((Property("e", "ByteProperty", ByteValue("Kind", "abc")),))
    assert b"ByteProperty\0\x08\0\0\0" in encoded


@pytest.mark.real_replays
def test_real_headers_come_out_as_the_same_bytes(real_replays: Path) -> None:
    """At least forty real headers are re-encoded byte for byte, CRC included; the others are known."""
    identical: list[str] = []
    different: list[str] = []
    unreadable: list[str] = []
    for path in sorted(real_replays.rglob("*.replay")):
        data = path.read_bytes()
        name = path.relative_to(real_replays).as_posix()
        try:
            header = read_header(data)
        except CorruptReplay:
            unreadable.append(name)
            continue
        (identical if seal(encode_header(header)) == data[: header.end] else different).append(name)
    assert different == sorted(NOT_IDENTICAL)
    assert all(name.startswith("corrupt/") for name in unreadable)
    assert len(identical) >= 40


@pytest.fixture(scope="module")
def recording() -> Recording:
    """A short 1v1."""
    return Recording(generate(MatchPlan(seed=8, team_size=1, duration_seconds=18, goals=1)), RecordingPlan())


def test_synthetic_replays_say_so(recording: Recording) -> None:
    """The header alone tells that a replay is synthetic."""
    assert is_synthetic(read_header(recording.data))
    renamed = edit_header(recording.data, {"ReplayName": "2026-04-28.21.17 Ranked Win"})
    unnamed = edit_header(recording.data, {"ReplayName": None})
    assert not is_synthetic(read_header(renamed))
    assert not is_synthetic(read_header(unnamed))


def test_file_holds_what_the_reader_expects(recording: Recording) -> None:
    """Both CRCs hold; keyframes point at their frames; tick marks, objects and names are there."""
    check_integrity(recording.data)
    header = read_header(recording.data)
    body = read_body(recording.data, header)
    assert header.get("NumFrames") == recording.match.frames
    assert [frame for _, frame, _ in body.keyframes] == recording.keyframes
    network = int.from_bytes(  # bit 0 comes first in the stream
        recording.data[body.network_offset : body.network_offset + body.network_size], "little"
    )
    for time, frame, offset in body.keyframes:
        assert struct.pack("<f", time) == (network >> offset & 0xFFFFFFFF).to_bytes(4, "little")
        assert time == recording.match.time[frame]
    assert len(body.tick_marks) == len(recording.match.goals)
    assert "TAGame.RBActor_TA:ReplicatedRBState" in body.objects
    assert body.names[recording.state_indices[0]] == "Countdown"


def test_edit_header_changes_only_what_it_is_told(recording: Recording) -> None:
    """One property differs; the body is the same; both CRCs hold."""
    edited = edit_header(recording.data, {"NumFrames": 7, "PlayerStats": None})
    before, after = read_header(recording.data), read_header(edited)
    assert after.get("NumFrames") == 7
    assert after.get("PlayerStats") is None
    assert len(after.properties) == len(before.properties) - 1
    assert edited[after.end :] == recording.data[before.end :]
    check_integrity(edited)


def test_edit_header_refuses_unknown_properties(recording: Recording) -> None:
    """A property that the file lacks has no type, so it cannot be set."""
    with pytest.raises(ConfigError, match="Nonsense"):
        edit_header(recording.data, {"Nonsense": 1})
