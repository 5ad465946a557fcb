"""Fixtures of the tests of synthetic replays: the parser, and who is meant by its ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subtr_actor

from impulse.demo import Platform, Recording
from impulse.schema.feature_columns import CONTRACT_GLOBAL_FEATURES, CONTRACT_PLAYER_FEATURES

Parse = Callable[..., tuple[dict[str, Any], np.ndarray]]
PlayerOf = Callable[[Recording, dict[str, Any]], int]


@pytest.fixture(scope="session")
def replay_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the one file that tests overwrite as they go."""
    return tmp_path_factory.mktemp("demo") / "one.replay"


@pytest.fixture(scope="session")
def parse(replay_path: Path) -> Parse:
    """Parse a file's bytes into the parser's metadata and array."""

    def parse_bytes(
        data: bytes, *, fps: float = 30.0, player_features: tuple[str, ...] = CONTRACT_PLAYER_FEATURES
    ) -> tuple[dict[str, Any], np.ndarray]:
        replay_path.write_bytes(data)
        return subtr_actor.get_ndarray_with_info_from_replay_filepath(
            str(replay_path),
            global_feature_adders=list(CONTRACT_GLOBAL_FEATURES),
            player_feature_adders=list(player_features),
            fps=fps,
        )

    return parse_bytes


@pytest.fixture(scope="session")
def player_of() -> PlayerOf:
    """Find the player whom the parser means by an id."""

    def find(recording: Recording, remote_id: dict[str, Any]) -> int:
        ((system, value),) = remote_id.items()
        found = value["online_id"] if isinstance(value, dict) else value
        for number, who in enumerate(recording.match.players):
            ids = {
                Platform.BOT: ("SplitScreen", 2**32 - 1 - recording.pri_ids.get(number, 0)),
                Platform.EPIC: ("Epic", who.player.account),
                Platform.PLAYSTATION: ("PlayStation", who.player.number),
                Platform.STEAM: ("Steam", who.player.number),
                Platform.SWITCH: ("Switch", who.player.number),
                Platform.XBOX: ("Xbox", who.player.number),
            }
            expected_system, expected = ids[who.player.platform]
            if (system, str(found)) == (expected_system, str(expected)):
                return number
        raise AssertionError(remote_id)

    return find
