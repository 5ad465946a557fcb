"""Damaged files, edited headers and clones, against the reader and the parser."""

from __future__ import annotations

import numpy as np
import pytest
from tests.demo.conftest import Parse
from tests.demo.oracle import expected_array
from tests.demo.variants import clones, truncated, with_wrong_body_crc, with_wrong_header_crc

from impulse.demo import MatchPlan, Recording, RecordingPlan, edit_header, generate, with_flipped_bits
from impulse.replay.container import (
    check_integrity,
    read_body,
    read_header,
)


@pytest.fixture(scope="module")
def recording() -> Recording:
    """A 1v1 of about twenty seconds."""
    return Recording(generate(MatchPlan(seed=31, team_size=1, duration_seconds=12)), RecordingPlan())


def test_truncated_file_cannot_be_parsed(recording: Recording, parse: Parse) -> None:
    """The parser refuses it."""
    with pytest.raises(Exception, match=r"(?i)insufficient|crc|eof|end of"):
        parse(truncated(recording.data))


def test_wrong_crc_alone_goes_unnoticed_by_the_parser(recording: Recording, parse: Parse) -> None:
    """The parser looks at CRCs only when it fails, so the values are all right."""
    for damaged in (with_wrong_header_crc(recording.data), with_wrong_body_crc(recording.data)):
        _, array = parse(damaged)
        np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))


def test_flipped_bits_are_in_the_network_data(recording: Recording) -> None:
    """So many bits differ, all of them within the network data; the seed decides which."""
    damaged = with_flipped_bits(recording.data, count=5, seed=1)
    differing = np.frombuffer(damaged, np.uint8) ^ np.frombuffer(recording.data, np.uint8)
    assert int(np.unpackbits(differing).sum()) == 5
    body = read_body(recording.data, read_header(recording.data))
    at = np.flatnonzero(differing)
    assert at.min() >= body.network_offset
    assert at.max() < body.network_offset + body.network_size
    assert with_flipped_bits(recording.data, count=5, seed=2) != damaged


def test_clones_are_other_recordings_of_other_matches(recording: Recording, parse: Parse) -> None:
    """Ids and match guids are all different, CRCs right, and the parser returns the same array."""
    copies = list(clones(recording.data, count=20))
    headers = [read_header(copy) for copy in [recording.data, *copies]]
    assert len({header.get("Id") for header in headers}) == 21
    assert len({header.get("MatchGUID") for header in headers}) == 21
    for copy in copies:
        check_integrity(copy)
        assert len(copy) == len(recording.data)
    assert copies == list(clones(recording.data, count=20))
    _, array = parse(copies[-1])
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))


def test_unknown_attribute_cannot_be_parsed(parse: Parse) -> None:
    """A field that the parser does not know stops it, though the file is sound."""
    recording = Recording(
        generate(MatchPlan(seed=31, team_size=1, duration_seconds=5)), RecordingPlan(sends_unknown_field=True)
    )
    check_integrity(recording.data)
    with pytest.raises(Exception, match="attribute unknown or not implemented"):
        parse(recording.data)


def test_fewer_frames_than_there_are_cut_the_array_short(recording: Recording, parse: Parse) -> None:
    """The parser believes the header's NumFrames."""
    _, whole = parse(recording.data)
    _, part = parse(edit_header(recording.data, {"NumFrames": recording.match.frames // 2}))
    assert len(part) < len(whole)
    np.testing.assert_array_equal(part, whole[: len(part)])


def test_more_frames_than_there_are_end_with_the_stream(recording: Recording, parse: Parse) -> None:
    """The zero padding after the last frame reads as the end of the stream."""
    _, array = parse(edit_header(recording.data, {"NumFrames": recording.match.frames + 50}))
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))


def test_header_without_player_stats_parses(recording: Recording, parse: Parse) -> None:
    """Players are found without statistics."""
    meta, array = parse(edit_header(recording.data, {"PlayerStats": None}))
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))
    teams = [meta["replay_meta"][team] for team in ("team_zero", "team_one")]
    assert [player["stats"] for team in teams for player in team] == [None, None]


def test_forfeit_without_goals_leaves_scores_out(parse: Parse) -> None:
    """The header of a goalless forfeit has neither score; the clock does not get to zero."""
    match = generate(MatchPlan(seed=2, team_size=1, duration_seconds=20, goals=0, is_forfeit=True))
    recording = Recording(match, RecordingPlan())
    header = read_header(recording.data)
    assert header.get("bForfeit") is True
    assert header.get("Team0Score") is None
    assert header.get("Team1Score") is None
    _, array = parse(recording.data)
    np.testing.assert_array_equal(array, expected_array(recording, fps=30.0))
    assert array[-1, 2] == 280
