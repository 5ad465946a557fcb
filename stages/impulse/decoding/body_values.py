"""The values of a rigid body, out of the objects that the parser makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

_STILL = {"x": 0.0, "y": 0.0, "z": 0.0}
_TRIPLE, _QUATERNION = itemgetter("x", "y", "z"), itemgetter("x", "y", "z", "w")


def body_values(body: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the 13 values of a body in the file's units: position, rotation, velocity, angular velocity."""
    speed, spin = body["linear_velocity"] or _STILL, body["angular_velocity"] or _STILL  # None for a sleeping body
    return (*_TRIPLE(body["location"]), *_QUATERNION(body["rotation"]), *_TRIPLE(speed), *_TRIPLE(spin))
