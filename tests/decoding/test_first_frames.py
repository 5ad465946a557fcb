"""The start of a file, decoded alone, is the start of the whole."""

from __future__ import annotations

import pytest

from impulse.decoding.attributes import FOR_FRAMES
from impulse.decoding.first_frames import with_frames
from impulse.decoding.walk import walk_replay
from impulse.demo import VERSIONS, MatchPlan, Recording, RecordingPlan, generate
from impulse.demo.writer.version import FormatVersion
from impulse.replay.container import check_integrity


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]], ids=lambda version: version.name)
def test_the_first_network_frames_alone_are_those_of_the_whole(version: FormatVersion) -> None:
    """So many as were asked for, with the same values, under right CRCs; a file that announces fewer is as it was."""
    match = generate(MatchPlan(seed=6, duration_seconds=10, team_size=2, goals=0))
    data = Recording(match, RecordingPlan(version=version)).data
    whole = walk_replay(data, FOR_FRAMES)
    for count in (1, 40):
        check_integrity(with_frames(data, count))
        start = walk_replay(with_frames(data, count), FOR_FRAMES)
        assert start.times.tolist() == whole.times[:count].tolist()
        for name, updates in whole.updates.items():
            assert list(start.updates.get(name, ())) == [update for update in updates if update.frame < count]
    assert with_frames(data, match.frames) == with_frames(data, 10 * match.frames) == data
