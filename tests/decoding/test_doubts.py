"""Which decoder makes which match, and why."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from tests.decoding.walks import walk_of
from tests.products.test_truth import Shown, shown
from tests.products.truth_cases import CASES

from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.decode import check_complete
from impulse.decoding.walk import walk_replay
from impulse.demo import MatchPlan, Recording, generate
from impulse.demo.writer.header import seal
from impulse.errors import CorruptReplay, ReplayError, UnsupportedReplay
from impulse.parsing.parsed_replay import parse_replay
from impulse.replay.container import read_body, read_header
from impulse.replay.reasons import Reason
from impulse.schema.sampling import Decoder, Sampling

WHY = {
    "joiner": "players_come_and_go",
    "late joiner": "players_changed",
    "leaver": "people_not_listed",
    "era 868.12": "demolitions_of_old",
    "era 868.24.10": "demolitions_of_old",
    "demolition told again": "demolition_sent_again",
    "no boost": "boost_not_told",
    "boost told late": "boost_told_late",
    "boost told some frames late": "boost_told_late",
    "unlimited boost 2016": "boost_unlimited",
    "unlimited boost": "boost_unlimited",
    "unlimited time": "time_unlimited",
    "bot replaced": "people_not_listed",
    "ball spawner": "balls",
    "two balls": "balls",
    "no state": "state_not_told",
    "second entry": "entries_of_one_account",
    "guest, best player named": "entries_of_one_account",
    "side changed": "teams_change",
    "named late": "names_come_late",
    "named otherwise": "names_change",
    "knockout": "cars_of_another_kind",
    "few updates": "wrecks",  # a car that waits for the kickoff is seen again far away, as one that comes back is
}
"""What speaks against the array in a match; other things may too."""
ORDINARY = ("era 868.32.10", "era 868.32.11", "every update", "frozen")
"""Matches that the array shows rightly, which is twice as fast."""


@pytest.mark.parametrize("name", WHY)
def test_what_speaks_against_the_array_is_named(name: str) -> None:
    """Each doubt by itself, though another one may lead to the same decoder."""
    it = shown(name, Sampling.parser, Decoder.auto)
    assert isinstance(it, Shown)
    assert it.parsed.facts["decoder"] == "exact"
    assert WHY[name] in it.parsed.facts["why_exact"].split(";")


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_match_is_the_arrays(name: str) -> None:
    """Nothing speaks against it."""
    it = shown(name, Sampling.parser, Decoder.auto)
    assert isinstance(it, Shown)
    assert (it.parsed.facts["decoder"], it.parsed.facts["why_exact"]) == ("array", None)
    assert name in CASES


def test_a_clock_that_counts_up_is_a_doubt(tmp_path: Path) -> None:
    """It does in overtime, and where time becomes unlimited in mid-match, which the first network frames do not tell."""
    match = generate(MatchPlan(seed=4, team_size=1, duration_seconds=16, goals=0, demolitions=0))
    clock = match.seconds_remaining.copy()
    later = slice(len(clock) // 2, None)
    clock[later] = 2 * clock[later][0] - clock[later]
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(replace(match, seconds_remaining=clock)).data)
    parsed = parse_replay(path, ParsingConfig.get_preset("standard").params())
    assert parsed.facts["why_exact"] == "clock_counts_up"
    shows = parsed.frames["seconds_remaining"].drop_null().to_numpy()
    assert (np.diff(shows) > 0).any()
    assert (np.diff(shows) < 0).any()


def _with_zeros(data: bytes) -> bytes:
    """Return a replay whose network data ends in zeros 4 kB too early, as a disk that lost a block leaves it.

    Where in a network frame they begin decides whether the parser complains; here they begin where it does not.
    """
    header = read_header(data)
    body = read_body(data, header)
    end = body.network_offset + body.network_size
    (size,) = struct.unpack_from("<I", data)
    start = 8 + size
    (body_size,) = struct.unpack_from("<I", data, start)
    for lost in range(4096, 4196):
        changed = data[start + 8 : end - lost] + bytes(lost) + data[end : start + 8 + body_size]
        damaged = data[:start] + seal(changed) + data[start + 8 + body_size :]
        with suppress(ReplayError):
            walk_replay(damaged, ())
            return damaged
    raise AssertionError("the parser complains wherever zeros begin")


def _announcing(data: bytes, factor: int) -> bytes:
    """Return a replay whose header announces more network frames than there are."""
    (size,) = struct.unpack_from("<I", data)
    at = data.index(b"NumFrames") + len(b"NumFrames\0") + 4 + len(b"IntProperty\0") + 8
    (count,) = struct.unpack_from("<i", data, at)
    return seal(data[8:at] + struct.pack("<i", factor * count) + data[at + 4 : 8 + size]) + data[8 + size :]


@pytest.mark.parametrize("damage", [_with_zeros, lambda data: _announcing(data, 2)], ids=["zeros", "announced"])
def test_an_end_that_is_missing_is_noticed(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """The array call stops there without a word, after the last keyframe; the exact decoder counts network frames."""
    path = tmp_path / "match.replay"
    path.write_bytes(damage(Recording(generate(MatchPlan(seed=4, team_size=1, duration_seconds=16))).data))
    with pytest.raises(CorruptReplay, match="network frames decoded, the header announces") as caught:
        parse_replay(path, ParsingConfig.get_preset("standard").params())
    assert caught.value.reason is Reason.FRAMES_MISSING


def test_times_of_no_recording_are_refused() -> None:
    """One changed bit of a time would ask for rows for years."""
    walk = walk_of(3, [], {})
    header = read_header(Recording(generate(MatchPlan(seed=4, team_size=1, duration_seconds=2))).data)
    for time in (2.0**40, float("nan")):
        with pytest.raises(CorruptReplay, match="no recording is so long"):
            check_complete(replace(walk, times=np.array([0, 1, time], dtype=np.float32)), header)


def test_a_replay_that_the_array_call_refuses_is_decoded(tmp_path: Path) -> None:
    """Whatever it refuses it for; `array` alone passes the refusal on."""
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(generate(MatchPlan(seed=4, team_size=1, duration_seconds=4, goals=0))).data)
    refusal = UnsupportedReplay(Reason.DECODE_FAILED, "There was no actor state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("impulse.decoding.decode.decode_array", Mock(side_effect=refusal))
        parsed = parse_replay(path, ParsingConfig.get_preset("standard").params())
        assert parsed.facts["why_exact"] == "decode_failed"
        with pytest.raises(UnsupportedReplay, match="no actor state"):
            parse_replay(path, replace(ParsingConfig.get_preset("standard").params(), decoder=Decoder.array))
