"""Where a car's hitbox is: corners from position and rotation."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from impulse.errors import ConfigError, check_known
from impulse.schema.hitboxes import HITBOXES, Hitbox

_SIGNS = np.array(list(product((-0.5, 0.5), repeat=3)))
"""(8, 3) corners of a box of size 1 around 0."""


def hitbox_corners(
    position: npt.ArrayLike, quaternion: npt.ArrayLike, hitbox: str | Hitbox | None
) -> npt.NDArray[np.float64]:
    """Return the eight corners of a car's hitbox.

    Args:
        position: (..., 3) of the car, uu: ``p{slot}_pos_x``, ``_y``, ``_z`` of the frames.
        quaternion: (..., 4) its rotation, x, y, z, w, of length 1: ``p{slot}_quat_x`` and so on.
        hitbox: family, as in the column ``hitbox`` of the players table, or a box of your own.

    Returns:
        (..., 8, 3) float64, uu, in the axes of the frames. The corners go from the back to the front, there from the left to
        the right, there from the bottom to the top: 0 is at the back on the left at the bottom, 7 at the front on the right
        at the top. NaN where position or rotation are.

    Raises:
        ConfigError: there is no such hitbox, or the arrays are of another shape.
    """
    box = _box(hitbox)
    place, turn = np.asarray(position, dtype=np.float64), np.asarray(quaternion, dtype=np.float64)
    for name, array, width in (("position", place, 3), ("quaternion", turn, 4)):
        if array.ndim == 0 or array.shape[-1] != width:
            raise ConfigError(name, f"must be of shape (..., {width}), not {array.shape}")
    corners = _SIGNS * (box.length, box.width, box.height) + (box.offset_x, 0.0, box.offset_z)
    axis, w = turn[..., None, :3], turn[..., None, 3:]
    across = 2.0 * np.cross(axis, corners)
    return place[..., None, :] + corners + w * across + np.cross(axis, across)


def _box(hitbox: str | Hitbox | None) -> Hitbox:
    if isinstance(hitbox, Hitbox):
        return hitbox
    if hitbox is None:
        raise ConfigError("hitbox", "is null, as of a body that impulse does not know; take a family, such as octane")
    check_known("hitbox", hitbox, HITBOXES)
    return HITBOXES[hitbox]
