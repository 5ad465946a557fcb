"""The boxes that cars collide with: six families, each body belongs to one.

Sizes and offsets are those of RocketSim 2.2 (``CarConfig``, https://github.com/ZealanL/RocketSim), which reproduces the
game's physics. The sizes that the game itself tells plugins, and lists such as rlhitboxes.com repeat, are 1.9 to 2.9 uu
smaller each way: in real recordings octanes lie on their roofs at a height of 40.1 uu and on their sides at 43.3, where these
boxes give 40.08 and 43.35, and the smaller ones 38.83 and 42.10.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hitbox:
    """A box in the car's own axes: x forward, y to the right, z up; uu."""

    length: float
    """Along x."""
    width: float
    """Along y."""
    height: float
    """Along z."""
    offset_x: float
    """How far the middle of the box is before the car's position, which the frames have."""
    offset_z: float
    """How far it is above it. Boxes are in the middle of their cars' width."""


HITBOXES = {
    "octane": Hitbox(120.507, 86.6994, 38.6591, 13.8757, 20.755),
    "dominus": Hitbox(130.427, 85.7799, 33.8, 9.0, 15.75),
    "plank": Hitbox(131.32, 87.1704, 31.8944, 9.00857, 12.0942),
    "breakout": Hitbox(133.992, 83.021, 32.8, 12.5, 11.75),
    "hybrid": Hitbox(129.519, 84.6879, 36.6591, 13.8757, 20.755),
    "merc": Hitbox(123.22, 79.2103, 44.1591, 11.3757, 21.505),
}
"""By the name of the family, as in the column ``hitbox`` of the players table."""
