"""What the card's plots show of the frames, counted while they are written, so that nothing is read twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.schema.physics import (
    ARENA_X_UU,
    ARENA_Y_UU,
    GOAL_DEPTH_UU,
    MAX_CAR_SPEED_UU_S,
)

Counts = npt.NDArray[np.int64]

X_EDGES = np.linspace(-ARENA_X_UU, ARENA_X_UU, 33)
"""Edges across the arena, uu."""
Y_EDGES = np.linspace(-(ARENA_Y_UU + GOAL_DEPTH_UU), ARENA_Y_UU + GOAL_DEPTH_UU, 49)
"""Edges along the arena, uu."""
SPEED_EDGES = np.linspace(0.0, MAX_CAR_SPEED_UU_S, 47)
"""Edges of a car's speed, uu/s."""


class Summary:
    """Counts over frames; those of several shards add up."""

    def __init__(self) -> None:
        self.ball: Counts = np.zeros((len(X_EDGES) - 1, len(Y_EDGES) - 1), np.int64)
        self.speed: Counts = np.zeros(len(SPEED_EDGES) - 1, np.int64)

    def add(self, frames: pa.Table) -> None:
        """Count the frames of one replay; held rows count as any other."""
        if {"ball_pos_x", "ball_pos_y"} <= set(frames.column_names):
            x, y = (_present(frames, f"ball_pos_{axis}") for axis in "xy")
            self.ball += np.histogram2d(x, y, bins=(X_EDGES, Y_EDGES))[0].astype(np.int64)
        for name in frames.column_names:
            if name.startswith("p") and name.endswith("_vel_x") and name[1].isdigit():
                velocity = np.stack([_present(frames, f"{name[:-1]}{axis}") for axis in "xyz"])
                speed = np.minimum(np.linalg.norm(velocity, axis=0), SPEED_EDGES[-1])
                self.speed += np.histogram(speed, bins=SPEED_EDGES)[0]

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Count what :meth:`facts` of another summary told."""
        self.ball += np.asarray(facts["ball"], np.int64)
        self.speed += np.asarray(facts["speed"], np.int64)

    def facts(self) -> dict[str, Any]:
        """Return the counts in a form that JSON knows."""
        return {"ball": self.ball.tolist(), "speed": self.speed.tolist()}


def _present(frames: pa.Table, name: str) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = frames[name].drop_null().cast(pa.float64()).to_numpy()
    return values
