"""The walk through raw data, whose form nobody promises."""

from __future__ import annotations

from typing import Any

import pytest
import subtr_actor

from impulse.decoding.attributes import BODY
from impulse.decoding.walk import walk_replay
from impulse.errors import ReplayError


@pytest.mark.parametrize(
    "update",
    [
        {"actor_id": 1, "object_id": 1, "attribute": {"RigidBody": {"place": 3}}},
        {"actor_id": 1, "object_id": 1, "attribute": {}},
        {"actor_id": 1, "object_id": 1},
    ],
    ids=["another body", "no value", "no attribute"],
)
def test_raw_data_of_another_form_refuse_the_replay(update: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One replay is a reject then, and the run goes on."""
    frame = {
        "time": 0.0,
        "delta": 0.0,
        "deleted_actors": [],
        "new_actors": [{"actor_id": 1, "object_id": 0}],
        "updated_actors": [update],
    }
    raw = {"network_frames": {"frames": [frame]}, "objects": ["Archetypes.Car.Car_Default", BODY]}
    monkeypatch.setattr(subtr_actor, "parse_replay", lambda data: raw)
    with pytest.raises(ReplayError, match="not of the form expected"):
        walk_replay(b"", [BODY])
