"""The one table of frame columns: names, dtypes, units, bounds, nullability and meaning.

Arrow schemas, NumPy order, bounds checks and the documentation of the dataset are generated from it. Tables of whole
replays (replays, players, goals, ...) stand in :mod:`impulse.table_schema`, built from the same :class:`Column`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from impulse.errors import SchemaError

SCHEMA_VERSION = 1
"""Raised with every change of a column's name, type, unit or meaning; part of every dataset."""

ARENA_X_UU = 4096.0
ARENA_Y_UU = 5120.0
GOAL_DEPTH_UU = 880.0
CEILING_UU = 2044.0
"""Half width, half length, depth of a goal and height of the standard arena, in uu (RLBot wiki, useful game values)."""

POSITION_SLACK_UU = 300.0
"""Other arenas (hoops, dropshot, ...) and the size of cars go beyond the standard planes; bounds are plausibility."""

MAX_BALL_SPEED_UU_S = 6000.0
MAX_CAR_SPEED_UU_S = 2300.0
MAX_BALL_SPIN_RAD_S = 6.0
MAX_CAR_SPIN_RAD_S = 5.5
"""Limits of the game's physics (RLBot wiki, useful game values)."""

SPEED_ROUNDING = 1.005
"""Velocities are stored rounded, so that a component may exceed the limit by a hair."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. ``{slot}`` in the name of a player column stands for the slot number."""

    name: str
    dtype: str
    """``float32``, ``float64``, ``bool``, ``int8``, ``int16``, ``int32``, ``int64``, ``string``, ``category`` or ``timestamp``."""
    meaning: str
    unit: str = ""
    """Empty when the column has no unit."""
    nullable: bool = False
    lower: float | None = None
    upper: float | None = None
    """Plausible range, both ends included; values outside are counted, never clipped."""
    feature: str = ""
    """Feature adder of the parser that the values come from; empty for columns computed by impulse."""
    duplicate_of: str = ""
    """Name of the column that holds the same quantity already."""
    quantity: str = ""
    """Group of columns that share bounds and are kept or dropped together, for example ``position``."""

    def field(self) -> pa.Field:
        """Return the Arrow field, with unit, meaning, range and source as metadata."""
        metadata = {"description": self.meaning}
        if self.unit:
            metadata["unit"] = self.unit
        if self.lower is not None:
            metadata["min"] = f"{self.lower:g}"
        if self.upper is not None:
            metadata["max"] = f"{self.upper:g}"
        metadata["source"] = self.feature or "impulse"
        return pa.field(self.name, _ARROW_TYPES[self.dtype], nullable=self.nullable, metadata=metadata)

    def at_slot(self, slot: int) -> Column:
        """Return the column of one player slot."""
        return replace(
            self,
            name=self.name.format(slot=slot),
            duplicate_of=self.duplicate_of.format(slot=slot),
        )


_ARROW_TYPES: dict[str, pa.DataType] = {
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "string": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "timestamp": pa.timestamp("s"),
}

IDENTITY_COLUMNS: tuple[Column, ...] = (
    Column("replay_id", "category", "id of the replay; joins with every other table"),
    Column("row", "int32", "number of the sample in its replay, from 0", lower=0),
)

TIME_COLUMNS: tuple[Column, ...] = (
    Column("time", "float32", "sample time on the fps grid", unit="s", lower=0, feature="CurrentTime"),
    Column("frame_time", "float32", "time of the network frame that the row shows", unit="s", lower=0, feature="FrameTime"),
    Column("is_held", "bool", "another row of the same replay shows the same network frame closer to its time"),
    Column(
        "seconds_remaining",
        "int16",
        "match clock, counts up in overtime; null before the clock is known and in matches without one",
        unit="s",
        nullable=True,
        lower=0,
        upper=3600,
        feature="SecondsRemaining",
    ),
    Column("game_state", "category", "phase of the match by the game's own name", nullable=True, feature="ReplicatedStateName"),
    Column("ball_has_been_hit", "bool", "the ball was touched since the last kickoff", nullable=True, feature="BallHasBeenHit"),
    Column(
        "kickoff_countdown",
        "int8",
        "seconds of countdown that the game announced, 0 outside kickoffs",
        unit="s",
        nullable=True,
        lower=0,
        upper=10,
        feature="ReplicatedGameStateTimeRemaining",
    ),
    Column("segment", "int16", "number of the stretch of play, from kickoff to the next goal or end; null outside play", nullable=True, lower=0),
)

BALL_PRESENT = Column("ball_present", "bool", "the ball exists; when false its other columns are null")

PLAYER_STATE_COLUMNS: tuple[Column, ...] = (
    Column("p{slot}_present", "bool", "the player has a car on the field, or waits for it to come back after a demolition"),
    Column(
        "p{slot}_demolished",
        "bool",
        "the car is demolished and has not come back; null where the replay does not tell (recorded before 2020)",
        nullable=True,
    ),
)

DEMOLISHED_BY = Column(
    "p{slot}_demolished_by",
    "int8",
    "slot of the player who demolished this car, from the demolition until it comes back",
    nullable=True,
    lower=0,
    upper=15,
    feature="PlayerDemolishedBy",
    quantity="demolition",
)

# Quantities that several feature adders of the parser deliver. Key: how the parser's header ends.
_AXES = {
    "position": ("pos", "position", "uu"),
    "quaternion": ("quat", "rotation as a quaternion", ""),
    "rotation": ("rot", "rotation as Euler angles", "rad"),
    "linear velocity": ("vel", "velocity", "uu/s"),
    "angular velocity": ("angvel", "angular velocity", "rad/s"),
    "forward": ("forward", "unit vector towards the nose", ""),
    "up": ("up", "unit vector towards the roof", ""),
    "relative ball position": ("ball_offset", "ball position minus car position", "uu"),
    "relative ball velocity": ("ball_relvel", "ball velocity minus car velocity", "uu/s"),
    "local relative ball position": ("ball_local_offset", "ball position in the car's own frame", "uu"),
    "local relative ball velocity": ("ball_local_relvel", "ball velocity in the car's own frame", "uu/s"),
}

ANGULAR_VELOCITY_SCALE = 0.01
"""The parser gives angular velocity in hundredths of rad/s."""

BOOST_SCALE = 100.0 / 255.0
"""The parser gives boost as 0..255; the game shows 0..100."""

CONTRACT_GLOBAL_FEATURES: tuple[str, ...] = (
    "CurrentTime",
    "FrameTime",
    "SecondsRemaining",
    "ReplicatedStateName",
    "ReplicatedGameStateTimeRemaining",
    "BallHasBeenHit",
    "BallRigidBodyQuaternionVelocities",
)
"""Feature adders that the frames always need: the time columns, the phase of play and the ball's presence."""

CONTRACT_PLAYER_FEATURES: tuple[str, ...] = ("PlayerRigidBodyQuaternionVelocities", "PlayerDemolishedBy")
"""Feature adders that the presence of players is read from."""

_STRUCTURAL_FEATURES = {column.feature for column in TIME_COLUMNS if column.feature}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a frame column's values stand in the parser's array, and how they become the column."""

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
        column, rule = _scalar_column(feature, text, player=player) or _axis_column(feature, text, prefix, subject, width)
        sources.append(Source(column, feature, position, rule))
    return tuple(sources)


def _scalar_column(feature: str, header: str, *, player: bool) -> tuple[Column, str] | None:
    if not player:
        for column in TIME_COLUMNS:
            if column.feature == feature:
                return column, "copy"
        return None
    flags = {
        "dodge active": ("dodge", "a dodge is active", "odd"),
        "jump active": ("jump", "a jump is active", "odd"),
        "double jump active": ("double_jump", "a double jump is active", "odd"),
        "any_jump_active": ("any_jump", "a jump, double jump or dodge is active", "nonzero"),
    }
    if header in flags:
        name, meaning, rule = flags[header]
        return Column(f"p{{slot}}_{name}", "bool", meaning, nullable=True, feature=feature, quantity=name), rule
    if header == "boost level (raw replay units)":
        return (
            Column("p{slot}_boost", "float32", "boost in the tank", "0-100", nullable=True, lower=0, upper=100, feature=feature, quantity="boost"),
            "boost",
        )
    if header == "player demolished by":
        return DEMOLISHED_BY, "attacker"
    if header == "distance to ball":
        return Column("p{slot}_ball_distance", "float32", "distance from car to ball", "uu", nullable=True, lower=0, feature=feature, quantity="ball_distance"), "copy"
    if header == "dodge refresh count":
        return Column("p{slot}_dodge_refreshes", "int8", "dodges given back in this network frame", nullable=True, lower=0, feature=feature, quantity="dodge_refreshes"), "copy"
    return None


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
        *ball,
        *(column.at_slot(slot) for slot in range(2 * slots_per_team) for column in template),
    )


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """Return the Arrow schema of columns, with the schema version as metadata."""
    return pa.schema([column.field() for column in columns], metadata={"impulse_schema_version": str(SCHEMA_VERSION)})
