"""Feature adders of the parser: which exist, which columns they give, and the presets.

The headers come from the parser itself, so that names and columns cannot drift from the version that is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import subtr_actor

from impulse.errors import ConfigError, check_known
from impulse.schema import feature_columns
from impulse.schema.column import Column, arrow_schema
from impulse.schema.frames import TIME_COLUMNS

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
        feature_columns.CONTRACT_PLAYER_FEATURES,
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
    """Which columns the frames have, and where the values of each are in the parser's array.

    Frames always have the contract columns, those of ``standard``, in their order; a choice of features adds others. So a
    value is the same whatever else is chosen, and fewer features are a choice among columns that are there.
    """

    global_features: tuple[str, ...]
    """Asked of the parser: those of the contract, then the others of the choice in the order of all."""
    player_features: tuple[str, ...]
    global_at: Mapping[str, range]
    """Columns of the array that each global feature adder fills."""
    player_at: Mapping[str, range]
    """The same of player feature adders, counted from the start of a player's block of columns."""
    global_sources: tuple[feature_columns.Source, ...]
    """Sources of the global columns."""
    player_sources: tuple[feature_columns.Source, ...]
    """Sources of the player columns, names with ``{slot}``."""
    columns: tuple[Column, ...]
    """All columns of the frames, in order."""
    schema: pa.Schema
    """The same as an Arrow schema."""

    @property
    def global_width(self) -> int:
        """Array columns before the first player's block."""
        return sum(map(len, self.global_at.values()))

    @property
    def player_width(self) -> int:
        """Array columns of one player."""
        return sum(map(len, self.player_at.values()))

    def chosen(self, features: Collection[str]) -> tuple[Column, ...]:
        """Return the columns of some features, in the order of the frames.

        Columns of time, phase, presence and demolition are always among them. Where a chosen column repeats one of a feature
        that was not chosen, the original is returned in its place.
        """
        wanted = {*features, *feature_columns.ALWAYS_FEATURES, *(column.feature for column in TIME_COLUMNS)}
        names: set[str] = set()
        for column in self.columns:
            if column.feature in wanted:
                plain = column.duplicate_of
                names.add(plain if plain and plain not in names else column.name)
        return tuple(column for column in self.columns if column.name in names)


def frame_layout(
    global_features: Sequence[str] = (), player_features: Sequence[str] = (), *, slots_per_team: int
) -> FrameLayout:
    """Return the layout of the frames that are parsed for a choice of features, in any order."""
    return _layout(
        _with_contract(feature_columns.CONTRACT_GLOBAL_FEATURES, global_features, GLOBAL_FEATURES),
        _with_contract(feature_columns.CONTRACT_PLAYER_FEATURES, player_features, PLAYER_FEATURES),
        slots_per_team,
    )


def features_to_parse(
    global_features: Sequence[str], player_features: Sequence[str], *, slots_per_team: int
) -> tuple[list[str], list[str]]:
    """Return the features of a choice that have columns of their own in it.

    Those that only repeat what the contract columns hold need not be parsed: so a choice among these parses nothing.
    """
    layout = frame_layout(global_features, player_features, slots_per_team=slots_per_team)
    own = {column.feature for column in layout.chosen({*global_features, *player_features})}
    return [name for name in global_features if name in own], [name for name in player_features if name in own]


@cache
def _layout(global_features: tuple[str, ...], player_features: tuple[str, ...], slots_per_team: int) -> FrameLayout:
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
        global_features,
        player_features,
        _places(global_features, global_headers),
        _places(player_features, player_headers),
        global_sources,
        player_sources,
        columns,
        arrow_schema(columns),
    )


def _places(names: Sequence[str], headers: Callable[[str], Sequence[str]]) -> dict[str, range]:
    """Return where each feature adder's columns are when they stand one after another."""
    places: dict[str, range] = {}
    end = 0
    for name in names:
        start, end = end, end + len(headers(name))
        places[name] = range(start, end)
    return places


def _with_contract(contract: tuple[str, ...], chosen: Collection[str], known: tuple[str, ...]) -> tuple[str, ...]:
    return (*contract, *(name for name in known if name in chosen and name not in contract))
