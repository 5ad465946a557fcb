"""Which columns the parser's feature adders become: names, units and bounds, decided by the parser's own headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from impulse.errors import SchemaError
from impulse.schema.column import Column
from impulse.schema.frames import (
    BALL_PRESENT,
    BALL_STALE,
    DEMOLISHED_BY,
    IDENTITY_COLUMNS,
    PLAYER_STATE_COLUMNS,
    TIME_COLUMNS,
)
from impulse.schema.physics import (
    ARENA_X_UU,
    ARENA_Y_UU,
    CEILING_UU,
    GOAL_DEPTH_UU,
    MAX_BALL_SPEED_UU_S,
    MAX_BALL_SPIN_RAD_S,
    MAX_CAR_SPEED_UU_S,
    MAX_CAR_SPIN_RAD_S,
    POSITION_SLACK_UU,
    SPEED_ROUNDING,
)

CAR_BODY, BALL_BODY = "PlayerRigidBodyQuaternionVelocities", "BallRigidBodyQuaternionVelocities"
"""Feature adders that give the whole state of a body: position, quaternion, velocity, angular velocity."""

CONTRACT_GLOBAL_FEATURES: tuple[str, ...] = (
    "CurrentTime",
    "FrameTime",
    "SecondsRemaining",
    "ReplicatedStateName",
    "ReplicatedGameStateTimeRemaining",
    "BallHasBeenHit",
    BALL_BODY,
)
"""Feature adders that the frames always have: the time columns, the phase of play and the ball."""

CONTRACT_PLAYER_FEATURES: tuple[str, ...] = (
    CAR_BODY,
    "PlayerBoost",
    "PlayerJump",
    "PlayerDemolishedBy",
)
"""The same of players."""

ALWAYS_FEATURES = ("", "PlayerDemolishedBy")
"""Features of columns that every choice has: those of impulse itself, and demolitions; those of time come on top."""

_STRUCTURAL_FEATURES = {column.feature for column in TIME_COLUMNS if column.feature}


# Quantities that several feature adders of the parser deliver. Key: how the parser's header ends.
_AXES = {
    "position": ("pos", "position", "uu"),
    "quaternion": ("quat", "rotation as a quaternion", ""),
    "rotation": ("rot", "rotation as Euler angles (order XYZ)", "rad"),
    "linear velocity": ("vel", "velocity", "uu/s"),
    "angular velocity": ("angvel", "angular velocity", "rad/s"),
    "forward": ("forward", "unit vector towards the nose", ""),
    "up": ("up", "unit vector towards the roof", ""),
    "relative ball position": ("ball_offset", "ball position minus car position", "uu"),
    "relative ball velocity": ("ball_relvel", "ball velocity minus car velocity", "uu/s"),
    "local relative ball position": ("ball_local_offset", "ball position in the car's own frame", "uu"),
    "local relative ball velocity": ("ball_local_relvel", "ball velocity in the car's own frame", "uu/s"),
}


def _scalar(
    name: str,
    dtype: str,
    meaning: str,
    unit: str = "",
    *,
    rule: str = "copy",
    lower: float | None = None,
    upper: float | None = None,
) -> tuple[Column, str]:
    column = Column(f"p{{slot}}_{name}", dtype, meaning, unit, nullable=True, lower=lower, upper=upper, quantity=name)
    return column, rule


# Columns of players that stand alone, and their rules. Key: the parser's header.
_PLAYER_SCALARS = {
    "dodge active": _scalar("dodge", "bool", "a dodge is active", rule="odd"),
    "jump active": _scalar("jump", "bool", "a jump is active", rule="odd"),
    "double jump active": _scalar("double_jump", "bool", "a double jump is active", rule="odd"),
    "any_jump_active": _scalar("any_jump", "bool", "a jump, double jump or dodge is active", rule="nonzero"),
    "boost level (raw replay units)": _scalar(
        "boost",
        "float32",
        "boost in the tank: as the file sent it last, less what the car has burned since by the parser's model (typical error "
        "0.4 to 0.5 by era of the file, 90 % are within 1.3 to 1.7)",
        "0-100",
        rule="boost",
        lower=0,
        upper=100,
    ),
    "player demolished by": (DEMOLISHED_BY, "attacker"),
    "distance to ball": _scalar("ball_distance", "float32", "distance from car to ball", "uu", lower=0),
    "dodge refresh count": _scalar("dodge_refreshes", "int8", "dodges given back in this network frame", lower=0),
}

ANGULAR_VELOCITY_SCALE = 0.01
"""The parser gives angular velocity in hundredths of rad/s."""

BOOST_SCALE = 100.0 / 255.0
"""The parser gives boost as 0..255; the game shows 0..100."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a frame column's values are in the parser's array, and how they become the column."""

    column: Column
    feature: str
    position: int
    """Index of the header inside its feature adder."""
    rule: str = "copy"
    """``copy``, ``angular`` (scaled to rad/s), ``boost`` (to 0..100), ``odd`` (counter, odd = active), ``nonzero``, ``attacker``."""


def feature_sources(feature: str, headers: Sequence[str], *, player: bool) -> tuple[Source, ...]:
    """Return the columns that one feature adder of the parser gives, in the order of its headers.

    Args:
        feature: name of the feature adder.
        headers: its headers as the parser gives them.
        player: whether it is a player feature; its names then carry ``{slot}``.

    Raises:
        SchemaError: a header that this version of impulse does not know.
    """
    prefix = "p{slot}_" if player else "ball_"
    subject = "car" if player else "ball"
    width = len(headers)
    sources = []
    for position, header in enumerate(headers):
        text = header.removeprefix("Ball - ").removeprefix("i ")
        column, rule = _scalar_column(feature, text, player=player) or _axis_column(
            feature, text, prefix, subject, width
        )
        sources.append(Source(column, feature, position, rule))
    return tuple(sources)


def _scalar_column(feature: str, header: str, *, player: bool) -> tuple[Column, str] | None:
    if not player:
        return next(((column, "copy") for column in TIME_COLUMNS if column.feature == feature), None)
    if header not in _PLAYER_SCALARS:
        return None
    column, rule = _PLAYER_SCALARS[header]
    return replace(column, feature=feature), rule


def _axis_column(feature: str, header: str, prefix: str, subject: str, width: int) -> tuple[Column, str]:
    kind, _, axis = header.rpartition(" ")
    # Adders without velocities call their quaternion "rotation" with four components.
    if kind == "rotation" and width == 7:
        kind = "quaternion"
    if kind not in _AXES or axis not in ("x", "y", "z", "w"):
        raise SchemaError(f"feature {feature}: header {header!r} is unknown to this version of impulse")
    short, meaning, unit = _AXES[kind]
    lower, upper = _bounds(short, axis, subject)
    # These two adders show the body moved on to the sample time, not the last state that the network sent.
    moved = {"Interpolated": "interp_", "VelocityAdded": "extrap_"}
    marker = next((mark for start, mark in moved.items() if feature.startswith(start)), "")
    note = f"{meaning} of the {subject}, {axis}" if subject not in meaning else f"{meaning}, {axis}"
    column = Column(
        f"{prefix}{marker}{short}_{axis}",
        "float32",
        note + (", moved to the sample time by the parser" if marker else ""),
        unit,
        nullable=True,
        lower=lower,
        upper=upper,
        feature=feature,
        quantity=f"{marker}{short}",
    )
    return column, "angular" if short == "angvel" else "copy"


def _bounds(short: str, axis: str, subject: str) -> tuple[float | None, float | None]:
    if short == "pos":
        if axis == "z":
            return -POSITION_SLACK_UU, CEILING_UU + POSITION_SLACK_UU
        limit = (ARENA_X_UU if axis == "x" else ARENA_Y_UU + GOAL_DEPTH_UU) + POSITION_SLACK_UU
        return -limit, limit
    if short == "vel":
        limit = (MAX_CAR_SPEED_UU_S if subject == "car" else MAX_BALL_SPEED_UU_S) * SPEED_ROUNDING
        return -limit, limit
    if short == "angvel":
        limit = (MAX_CAR_SPIN_RAD_S if subject == "car" else MAX_BALL_SPIN_RAD_S) * SPEED_ROUNDING
        return -limit, limit
    if short in ("quat", "forward", "up"):
        return -1.0, 1.0
    return None, None


def name_duplicates(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Give every column a name of its own: the first adder of a quantity keeps the plain name.

    A later adder's column is called ``<plain name>__<feature>`` and points at the first by ``duplicate_of``.
    """
    seen: set[str] = set()
    named = []
    for source in sources:
        name = source.column.name
        if name in seen:
            column = replace(source.column, name=f"{name}__{source.feature}", duplicate_of=name)
            source = replace(source, column=column)
        seen.add(source.column.name)
        named.append(source)
    return tuple(named)


def frame_columns(
    global_sources: Iterable[Source], player_sources: Iterable[Source], *, slots_per_team: int
) -> tuple[Column, ...]:
    """Return all columns of the frames in their fixed order.

    Args:
        global_sources: sources of the chosen global features, named by :func:`name_duplicates`.
        player_sources: the same for the player features.
        slots_per_team: k; slots 0..k-1 are blue, k..2k-1 orange.
    """
    ball = [source.column for source in global_sources if source.feature not in _STRUCTURAL_FEATURES]
    player = [source.column for source in player_sources if source.rule != "attacker"]
    template = (*PLAYER_STATE_COLUMNS, *player, DEMOLISHED_BY)
    return (
        *IDENTITY_COLUMNS,
        *TIME_COLUMNS,
        BALL_PRESENT,
        BALL_STALE,
        *ball,
        *(column.at_slot(slot) for slot in range(2 * slots_per_team) for column in template),
    )
