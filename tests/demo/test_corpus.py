"""The corpus: what it holds, and that every file is what its name says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from tests.demo.conftest import Parse
from tests.demo.oracle import expected_array, late_players, player_order

from impulse.demo import LATEST, DemoReplay, Kind, Platform, corpus, file_names, is_synthetic
from impulse.demo.corpus import ZONE_MINUTES
from impulse.errors import CorruptReplay
from impulse.replay.container import check_integrity, read_header
from impulse.replay.facts import header_goals, recording_date


@pytest.fixture(scope="module")
def files() -> list[DemoReplay]:
    """The default corpus with shorter matches."""
    return list(corpus(duration_seconds=45.0))


def _one(files: list[DemoReplay], kind: Kind) -> DemoReplay:
    (found,) = [file for file in files if file.kind is kind]
    return found


def test_corpus_has_one_of_each_difficulty(files: list[DemoReplay]) -> None:
    """Twelve matches give sixteen files with different names, and every kind is there."""
    assert len(files) == 16
    assert len({file.name for file in files}) == 16
    assert all(file.name.endswith(f"{file.kind.value}.replay") for file in files)
    assert {file.kind for file in files} == set(Kind)


def test_corpus_is_mixed(files: list[DemoReplay]) -> None:
    """All team sizes, all platforms, and names of every encoding occur."""
    players = [who.player for file in files for who in file.recording.match.players]
    assert {file.recording.match.team_size for file in files} == {1, 2, 3, 4}
    assert {player.platform for player in players} == set(Platform)
    highest = [max(player.name) for player in players]
    assert any("\x80" <= character <= "\xff" for character in highest)
    assert any("\u0100" <= character <= "\uffff" for character in highest)
    assert any(character > "\uffff" for character in highest)


def test_players_recur_between_matches(files: list[DemoReplay]) -> None:
    """Matches of a corpus are played by the same people, as in a real folder."""
    matches = {file.recording.match_guid: file.recording.match for file in files}
    appearances = Counter(
        who.player for match in matches.values() for who in match.players if who.player.platform is not Platform.BOT
    )
    assert max(appearances.values()) >= 3


def test_identities_are_distinct(files: list[DemoReplay]) -> None:
    """Ids differ between recordings, match guids between matches."""
    sound = [file for file in files if file.kind not in (Kind.COPY, Kind.CORRUPT)]
    assert len({file.recording.replay_id for file in sound}) == len(sound)
    assert len({file.recording.match_guid for file in sound}) == len(sound) - 2
    for file in sound:
        header = read_header(file.data)
        assert header.get("Id") == file.recording.replay_id
        is_old = file.recording.plan.version != LATEST
        assert header.get("MatchGUID") == (None if is_old else file.recording.match_guid)


def test_every_file_is_marked_and_whole(files: list[DemoReplay]) -> None:
    """All headers say synthetic; all CRCs are right but the corrupt file's."""
    for file in files:
        assert is_synthetic(read_header(file.data))
        if file.kind is Kind.CORRUPT:
            with pytest.raises(CorruptReplay, match="body_crc_mismatch"):
                check_integrity(file.data)
        else:
            check_integrity(file.data)


def test_parser_returns_the_truth_of_every_file(files: list[DemoReplay], parse: Parse) -> None:
    """Arrays equal the prediction, but for the joiner, whom the parser refuses, and the corrupt file.

    A guest, and a second team, are not in its array.
    """
    for file in files:
        if file.kind is Kind.JOINER:
            assert late_players(file.recording)
            with pytest.raises(Exception, match="NDArray player columns changed"):
                parse(file.data)
        elif file.kind not in (Kind.CORRUPT, Kind.GUEST, Kind.SIDE_CHANGE):
            _, array = parse(file.data, fps=10.0)
            np.testing.assert_array_equal(array, expected_array(file.recording))


def test_clip_is_too_short(files: list[DemoReplay], parse: Parse) -> None:
    """It has fewer than a hundred rows at ten rows a second."""
    _, array = parse(_one(files, Kind.CLIP).data, fps=10.0)
    assert len(array) < 100


def test_copy_and_second_recording_are_of_the_first_match(files: list[DemoReplay]) -> None:
    """The copy has the same bytes; the second recording has other frames, times and updates."""
    first, second, copy = files[:3]
    assert (first.kind, second.kind, copy.kind) == (Kind.MATCH, Kind.SECOND_RECORDING, Kind.COPY)
    assert copy.data == first.data
    assert second.recording.match_guid == first.recording.match_guid
    assert second.recording.replay_id != first.recording.replay_id
    assert second.recording.match.frames < first.recording.match.frames
    assert second.recording.match.time[0] != first.recording.match.time[0]
    assert [who.player for who in second.recording.match.players] == [
        who.player for who in first.recording.match.players
    ]
    assert second.recording.match.final_scores == first.recording.match.final_scores


def test_second_recordings_share_what_the_match_decides(files: list[DemoReplay]) -> None:
    """Players, goals and score are the same; the date is the recorder's own, and somebody else is listed first."""
    seconds = [file for file in files if file.kind is Kind.SECOND_RECORDING]
    assert len(seconds) == 2
    for second in seconds:
        first = next(file for file in files if file.recording.match_guid == second.recording.match_guid)
        one, other = read_header(first.data), read_header(second.data)
        assert [(goal.team, goal.scorer) for goal in header_goals(one)] == [
            (goal.team, goal.scorer) for goal in header_goals(other)
        ]
        assert one.get("Id") != other.get("Id")
        assert one.get("MatchGUID") == other.get("MatchGUID")
        stats, others = one.get("PlayerStats"), other.get("PlayerStats")
        assert isinstance(stats, tuple)
        assert isinstance(others, tuple)
        assert others == (*stats[1:], stats[0])
        saved, other_saved = recording_date(one.get("Date")), recording_date(other.get("Date"))
        assert saved is not None
        assert other_saved is not None
        apart = (other_saved - saved).total_seconds()
        assert round(apart / 60) in ZONE_MINUTES
        assert -3 <= apart - 60 * round(apart / 60) <= 0  # he stopped earlier


def test_special_files_are_what_they_say(files: list[DemoReplay]) -> None:
    """The leaver leaves and lacks statistics; bots fill a team; the forfeit has no goals."""
    leaver = _one(files, Kind.LEAVER)
    gone = [who for who in leaver.recording.match.players if who.is_leaver]
    assert len(gone) == 1
    stats = read_header(leaver.data).get("PlayerStats")
    assert isinstance(stats, tuple)
    assert len(stats) == len(leaver.recording.match.players) - 1
    bots = [who.player.platform is Platform.BOT for who in _one(files, Kind.BOTS).recording.match.players]
    assert bots == [False] * (len(bots) // 2) + [True] * (len(bots) // 2)
    forfeit = read_header(_one(files, Kind.FORFEIT).data)
    assert forfeit.get("bForfeit") is True
    assert forfeit.get("Team0Score") is None
    assert len(player_order(_one(files, Kind.OLD_FORMAT).recording)) == 4


def test_corpus_depends_on_its_arguments_alone() -> None:
    """Same arguments, same bytes; a longer corpus starts with the shorter one; other seeds share nothing."""
    first = [(file.name, file.data) for file in corpus(matches=2, seed=1, duration_seconds=10.0)]
    again = [(file.name, file.data) for file in corpus(matches=3, seed=1, duration_seconds=10.0)]
    other = [(file.name, file.data) for file in corpus(matches=2, seed=2, duration_seconds=10.0)]
    assert again[: len(first)] == first
    assert not {data for _, data in first} & {data for _, data in other}


def test_names_are_known_before_any_file_is_made(files: list[DemoReplay]) -> None:
    """A plan counts them."""
    assert list(file_names(matches=12)) == [file.name for file in files]
    assert len(set(file_names(matches=40))) == len(list(file_names(matches=40))) > 40


DIGEST = """
import hashlib
from impulse.demo import corpus
print(hashlib.sha256(b"".join(file.data for file in corpus(matches=4, duration_seconds=10.0))).hexdigest())
"""


def test_bytes_are_the_same_in_every_process() -> None:
    """Whatever the seed of Python's own hashes, by which sets are ordered."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    digests = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert digests[0] == digests[1]
    assert len(digests[0].strip()) == 64
