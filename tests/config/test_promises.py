"""The library's promises, as written in its documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import subtr_actor
from tests.settings import composed

from impulse.demo import Recording
from impulse.errors import ConfigError, ReplayError


@pytest.fixture(params=["synthetic", "real"])
def my_replay(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ./replays with my_replay.replay in the working directory, as the snippets have it."""
    monkeypatch.chdir(tmp_path)
    if request.param == "synthetic":
        source: Path = request.getfixturevalue("synthetic")[0]
    else:
        source = request.getfixturevalue("real_replays") / "match" / "post-eac-ranked-duel-2026-04-28-a.replay"
    target = tmp_path / "replays" / "my_replay.replay"
    target.parent.mkdir()
    target.symlink_to(source)
    return target


def test_parse_with_a_preset(my_replay: Path) -> None:
    """The snippet runs as written and gives the parser's own array."""
    from impulse.parsing import ReplayParser

    parser = ReplayParser.from_preset('standard', fps=10.0)  # fmt: skip
    result = parser.parse_file('./replays/my_replay.replay')  # fmt: skip

    assert result.success
    meta, expected = subtr_actor.get_ndarray_with_info_from_replay_filepath(
        my_replay, parser.params.global_features, parser.params.player_features, fps=10.0, dtype="float32"
    )
    np.testing.assert_array_equal(result.array, expected)
    assert len(result.columns) == result.array.shape[1]
    assert result.metadata["parser_meta"] == meta["replay_meta"]
    assert result.duration_seconds == pytest.approx(float(expected[-1, 0] - expected[0, 0]))


def test_custom_features_to_parquet(my_replay: Path) -> None:
    """The snippet with chosen features runs as written and ends in a Parquet file with units."""
    from impulse.parsing import ReplayParser
    from impulse.parsing.parse_result_formatter import ParseResultFormatter

    parser = ReplayParser(global_features=['BallRigidBody','SecondsRemaining'], player_features=['PlayerRigidBody','PlayerBoost','PlayerAnyJump'], fps=30.0)  # fmt: skip
    result = parser.parse_file('./replays/my_replay.replay')  # fmt: skip
    formatter = ParseResultFormatter(); formatted = formatter.format(result); formatted.dataframe; path = formatter.save_to_parquet(formatted, './output')  # noqa: B018, E702  # fmt: skip

    _, expected = subtr_actor.get_ndarray_with_info_from_replay_filepath(
        my_replay, ["BallRigidBody", "SecondsRemaining"], ["PlayerRigidBody", "PlayerBoost", "PlayerAnyJump"], fps=30.0
    )
    np.testing.assert_array_equal(result.array, expected)
    frame = formatted.dataframe
    assert isinstance(frame, pd.DataFrame)
    assert {"ball_pos_x", "ball_vel_z", "p0_boost", "p0_any_jump", "seconds_remaining"} <= set(frame.columns)
    table = pq.read_table(path)
    assert table.num_rows == len(frame) == len(expected)
    assert table.schema.field("p0_boost").metadata[b"unit"] == b"0-100"


def test_a_file_that_cannot_be_used_is_no_success(tmp_path: Path, synthetic: tuple[Path, Recording]) -> None:
    """A damaged file gives a result that says why; a missing one raises."""
    from impulse.parsing import ReplayParser

    damaged = tmp_path / "damaged.replay"
    damaged.write_bytes(synthetic[1].data[:-100])
    result = ReplayParser.from_preset("minimal").parse_file(damaged)

    assert not result.success
    assert result.error is not None
    assert result.error.reason == "truncated"
    with pytest.raises(ReplayError):
        _ = result.array
    with pytest.raises(FileNotFoundError):
        ReplayParser.from_preset("minimal").parse_file(tmp_path / "missing.replay")


def test_parsing_config_snippet() -> None:
    """Presets are found by name, features are checked."""
    from impulse.config.parsing_config import FEATURE_PRESETS, ParsingConfig

    for name in ("standard", "minimal", "all"):
        assert ParsingConfig.get_preset(name).global_features == FEATURE_PRESETS[name].global_features
    ParsingConfig.validate_features(global_features=['BallRigidBody','CurrentTime'], player_features=['PlayerRigidBody','PlayerBoost'])  # fmt: skip
    with pytest.raises(ConfigError, match="did you mean PlayerBoost"):
        ParsingConfig.validate_features(player_features=["PlayerBost"])
    with pytest.raises(ConfigError, match="unknown preset"):
        ParsingConfig.get_preset("comprehensive")


def test_pipeline_config_snippet() -> None:
    """The settings of the snippet become settings of the stages."""
    from impulse.config.pipeline_config import PipelineConfig

    config = PipelineConfig(MIN_FRAMES=100, MAX_FRAMES=100000, MIN_PLAYERS=2, MAX_PLAYERS=8, DEDUPLICATE_POSITION=True, KEEP_QUATERNIONS=True, KEEP_VELOCITIES=True, PARQUET_COMPRESSION='snappy')  # fmt: skip
    assert {code: rule.bound for code, rule in config.validate_params().rules.items()} == {
        "too_few_frames": ("at_least", 100),
        "too_many_frames": ("at_most", 100_000),
        "too_few_players": ("at_least", 2),
        "too_many_players": ("at_most", 8),
    }
    assert PipelineConfig().validate_params().rules.items() <= composed().validate.rules.items()
    assert config.dedupe_params().keep_quaternions
    assert config.export_params().compression.value == "snappy"
    with pytest.raises(ConfigError, match=r"too_few_frames.at_least: 9 is above .*too_many_frames.at_most, 8"):
        PipelineConfig(MIN_FRAMES=9, MAX_FRAMES=8)
    with pytest.raises(ConfigError, match="PARQUET_COMPRESSION"):
        PipelineConfig(PARQUET_COMPRESSION="gzip")
