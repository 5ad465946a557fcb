"""The short way to one replay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.demo.conftest import Parse
from tests.demo.oracle import expected_array

import impulse.demo
from impulse.demo import VERSIONS, write_replay
from impulse.errors import ConfigError
from impulse.replay.container import read_header


def test_write_replay_returns_the_truth_of_the_file(tmp_path: Path, parse: Parse) -> None:
    """The file holds the recording's bytes, which parse to its prediction."""
    path = tmp_path / "one.replay"
    recording = write_replay(path, seed=12, team_size=2, duration_seconds=20, goals=2, demolitions=1)
    assert path.read_bytes() == recording.data
    assert len(recording.match.goals) == 2
    assert len(recording.match.demolitions) == 1
    _, array = parse(recording.data, fps=10.0)
    np.testing.assert_array_equal(array, expected_array(recording))


def test_every_option_reaches_the_file(tmp_path: Path) -> None:
    """Options of match and recording are handed on."""
    recording = write_replay(
        str(tmp_path / "one.replay"),
        team_size=3,
        duration_seconds=30,
        bots=1,
        join_frame=400,
        leave_frame=500,
        is_forfeit=True,
        version=VERSIONS[-2],
        dropped_updates=0.0,
    )
    match = recording.match
    assert match.joined == (0, 0, 0, 0, 0, 400)
    assert match.left[2] == 500
    assert match.is_forfeit
    assert read_header(recording.data).net_version == 10
    assert recording.body_updates[:100].all(axis=0).sum() == 6


def test_bad_arguments_write_nothing(tmp_path: Path) -> None:
    """An impossible match leaves no file behind."""
    with pytest.raises(ConfigError, match="team_size"):
        write_replay(tmp_path / "one.replay", team_size=9)
    assert not list(tmp_path.iterdir())


def test_public_names_exist() -> None:
    """Everything in ``__all__`` can be imported."""
    assert all(hasattr(impulse.demo, name) for name in impulse.demo.__all__)
