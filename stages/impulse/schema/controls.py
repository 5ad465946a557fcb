"""Columns of what players did: the eight controls of RLBot and RLGym, in their order and with their signs, and dodges."""

from __future__ import annotations

from impulse.schema.column import Column

CONTROLS = ("throttle", "steer", "pitch", "yaw", "roll", "jump", "boost", "handbrake")
"""In the order of RLBot and RLGym."""

AIR_CONTROLS = ("pitch", "yaw", "roll")
"""Those that recordings do not hold."""

RECORDED = {name: 1 << number for number, name in enumerate(CONTROLS)}
INFERRED = {name: 1 << (len(CONTROLS) + number) for number, name in enumerate(AIR_CONTROLS)}
"""Bits of the column of sources; a control with neither bit is unknown, and null."""


def _axis(name: str, meaning: str) -> Column:
    return Column(
        f"p{{slot}}_control_{name}", "float32", meaning, nullable=True, lower=-1, upper=1, quantity=f"control_{name}"
    )


def _button(name: str, meaning: str) -> Column:
    return Column(f"p{{slot}}_control_{name}", "bool", meaning, nullable=True, quantity=f"control_{name}")


_INFERRED = (
    "{}: mean up to the car's next update, inferred from how its spin changes; null but in free flight and where it "
    "cannot be known, see docs/controls.md"
)

CONTROL_COLUMNS: tuple[Column, ...] = (
    _axis(
        "throttle", "throttle that was recorded last, -1 is full reverse; null until a control of the car was recorded"
    ),
    _axis("steer", "steer that was recorded last, -1 is full left; null until a control of the car was recorded"),
    _axis("pitch", _INFERRED.format("pitch, 1 is nose up")),
    _axis("yaw", _INFERRED.format("yaw, 1 is nose to the right")),
    _axis("roll", _INFERRED.format("roll, 1 is right side down")),
    _button("jump", "jump is held while it lifts the car, or a jump, double jump or dodge began since the row before"),
    _button("boost", "boost is on"),
    _button("handbrake", "handbrake, which is also air roll; null until a control of the car was recorded"),
    _axis(
        "dodge_forward", "direction of the dodge that is active or began since the row before, forward; null without"
    ),
    _axis("dodge_right", "direction of that dodge, to the right; both are 0 for one that only holds the car level"),
    Column(
        "p{slot}_control_source",
        "int16",
        "where the controls come from: bits 0 to 7 are set for throttle to handbrake where recorded, bits 8, 9, 10 for pitch, "
        "yaw, roll where inferred; unknown ones have none, and it is null without a car on the field",
        nullable=True,
        lower=0,
        upper=(1 << (len(CONTROLS) + len(AIR_CONTROLS))) - 1,
        quantity="control_source",
    ),
)
"""Of one slot."""

_MARK = "_control_"


def control_columns(slots_per_team: int) -> tuple[Column, ...]:
    """Return the columns of all slots, slot by slot."""
    return tuple(column.at_slot(slot) for slot in range(2 * slots_per_team) for column in CONTROL_COLUMNS)


def is_control(name: str) -> bool:
    """Tell whether a column of exported frames is one of these."""
    return _MARK in name
