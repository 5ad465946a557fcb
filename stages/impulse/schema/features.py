"""Feature adders of the parser: which exist, which columns they give, and the presets.

The headers come from the parser itself, so that names and columns cannot drift from the version that is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import subtr_actor

from impulse.errors import ConfigError, check_known
from impulse.schema import feature_columns
from impulse.schema.column import Column, arrow_schema

GLOBAL_FEATURES: tuple[str, ...] = (
    "CurrentTime",
    "FrameTime",
    "SecondsRemaining",
    "ReplicatedStateName",
    "ReplicatedGameStateTimeRemaining",
    "BallHasBeenHit",
    "BallRigidBodyQuaternionVelocities",
    "BallRigidBody",
    "BallRigidBodyNoVelocities",
    "BallRigidBodyQuaternions",
    "BallRigidBodyBasis",
    "InterpolatedBallRigidBodyNoVelocities",
    "VelocityAddedBallRigidBodyNoVelocities",
)
"""Global feature adders. The parser's threat features are left out: they exist in live play only and fail elsewhere."""

PLAYER_FEATURES: tuple[str, ...] = (
    "PlayerRigidBodyQuaternionVelocities",
    "PlayerRigidBody",
    "PlayerRigidBodyNoVelocities",
    "PlayerRigidBodyQuaternions",
    "PlayerRigidBodyBasis",
    "InterpolatedPlayerRigidBodyNoVelocities",
    "VelocityAddedPlayerRigidBodyNoVelocities",
    "PlayerRelativeBallPosition",
    "PlayerRelativeBallVelocity",
    "PlayerLocalRelativeBallPosition",
    "PlayerLocalRelativeBallVelocity",
    "PlayerDistanceToBall",
    "PlayerBoost",
    "PlayerJump",
    "PlayerAnyJump",
    "PlayerDodgeRefreshed",
    "PlayerDemolishedBy",
)
"""Player feature adders, without the parser's aliases."""


@dataclass(frozen=True, slots=True)
class FeaturePreset:
    """A named choice of feature adders."""

    global_features: tuple[str, ...]
    player_features: tuple[str, ...]


FEATURE_PRESETS: dict[str, FeaturePreset] = {
    "minimal": FeaturePreset(
        ("BallRigidBodyQuaternions",),
        ("PlayerRigidBodyQuaternions", "PlayerBoost"),
    ),
    "standard": FeaturePreset(
        feature_columns.CONTRACT_GLOBAL_FEATURES,
        ("PlayerRigidBodyQuaternionVelocities", "PlayerBoost", "PlayerJump", "PlayerDemolishedBy"),
    ),
    "all": FeaturePreset(GLOBAL_FEATURES, PLAYER_FEATURES),
}
"""Presets by name. ``minimal``: where everything is. ``standard``: the full state without redundancy. ``all``: every adder."""


@cache
def global_headers(feature: str) -> tuple[str, ...]:
    """Return the parser's headers of one global feature adder."""
    return tuple(subtr_actor.get_column_headers([feature], [])["global_headers"])


@cache
def player_headers(feature: str) -> tuple[str, ...]:
    """Return the parser's headers of one player feature adder."""
    return tuple(subtr_actor.get_column_headers([], [feature])["player_headers"])


def check_features(key: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Check feature names against the known ones.

    Raises:
        ConfigError: a name is unknown (the message offers the nearest known ones) or listed twice.
    """
    for name in names:
        check_known(key, name, known, what="feature")
        if list(names).count(name) > 1:
            raise ConfigError(key, f"feature {name!r} is listed twice")


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """What to ask of the parser for a choice of features, and where each frame column's values then stand."""

    global_features: tuple[str, ...]
    """Asked of the parser: the chosen ones after those that the contract needs."""
    player_features: tuple[str, ...]
    global_sources: tuple[feature_columns.Source, ...]
    """Sources of the chosen global columns."""
    player_sources: tuple[feature_columns.Source, ...]
    """Sources of the chosen player columns, names with ``{slot}``."""
    columns: tuple[Column, ...]
    """All columns of the frames, in order."""
    schema: pa.Schema
    """The same as an Arrow schema."""

    def global_index(self, feature: str) -> int:
        """Return the array column where a global feature adder's values begin."""
        before = self.global_features[: self.global_features.index(feature)]
        return sum(len(global_headers(name)) for name in before)

    def player_index(self, feature: str) -> int:
        """Return where a player feature adder's values begin inside one player's block of array columns."""
        before = self.player_features[: self.player_features.index(feature)]
        return sum(len(player_headers(name)) for name in before)

    @property
    def global_width(self) -> int:
        """Array columns before the first player's block."""
        return sum(len(global_headers(name)) for name in self.global_features)

    @property
    def player_width(self) -> int:
        """Array columns of one player."""
        return sum(len(player_headers(name)) for name in self.player_features)


@cache
def frame_layout(
    global_features: tuple[str, ...], player_features: tuple[str, ...], *, slots_per_team: int
) -> FrameLayout:
    """Return the layout of the frames for a choice of features.

    The columns of time, phase, presence and demolition are always there; the choice decides about the rest.
    """
    global_sources = feature_columns.name_duplicates(
        source
        for name in global_features
        for source in feature_columns.feature_sources(name, global_headers(name), player=False)
    )
    player_sources = feature_columns.name_duplicates(
        source
        for name in player_features
        for source in feature_columns.feature_sources(name, player_headers(name), player=True)
    )
    columns = feature_columns.frame_columns(global_sources, player_sources, slots_per_team=slots_per_team)
    return FrameLayout(
        _union(feature_columns.CONTRACT_GLOBAL_FEATURES, global_features),
        _union(feature_columns.CONTRACT_PLAYER_FEATURES, player_features),
        global_sources,
        player_sources,
        columns,
        arrow_schema(columns),
    )


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
