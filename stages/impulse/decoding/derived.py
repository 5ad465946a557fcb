"""Further features of the parser that follow from bodies: other forms of rotations, and the ball as a car sees it.

They are computed in the parser's way, to within 0.01 of their units; its angles turn over where the nose points straight up.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

OF_BODY = ("RigidBody", "RigidBodyNoVelocities", "RigidBodyQuaternions", "RigidBodyBasis")
OF_PLAYER = (
    "PlayerRelativeBallPosition", "PlayerRelativeBallVelocity", "PlayerLocalRelativeBallPosition",
    "PlayerLocalRelativeBallVelocity", "PlayerDistanceToBall", "PlayerAnyJump",
)  # fmt: skip
DERIVED_FEATURES = frozenset(
    {f"{whose}{feature}" for whose in ("Ball", "Player") for feature in OF_BODY} | {*OF_PLAYER}
)
"""Features that follow from contract columns; those that interpolate or count are none of them."""


def ball_features(ball: Floats) -> Mapping[str, Floats]:
    """Return (width, rows) of each derived feature of the ball.

    Args:
        ball: (13, rows) position, quaternion, velocity, angular velocity in the parser's units.
    """
    return {f"Ball{feature}": values for feature, values in _forms(ball).items()}


def player_features(car: Floats, ball: Floats, jumps: Floats) -> Mapping[str, Floats]:
    """Return (width, rows) of each derived feature of a player.

    Args:
        car: (13, rows) as for the ball.
        ball: (13, rows) the same of the ball.
        jumps: (3, rows) activity of dodge, jump and double jump.
    """
    offset, speed = ball[:3] - car[:3], ball[7:10] - car[7:10]
    inverse = car[3:7] * np.array([[-1], [-1], [-1], [1]], dtype=np.float32)
    return {
        **{f"Player{feature}": values for feature, values in _forms(car).items()},
        "PlayerRelativeBallPosition": offset,
        "PlayerRelativeBallVelocity": speed,
        "PlayerLocalRelativeBallPosition": _turned(inverse, offset),
        "PlayerLocalRelativeBallVelocity": _turned(inverse, speed),
        "PlayerDistanceToBall": np.linalg.norm(offset, axis=0)[np.newaxis],
        "PlayerAnyJump": ((jumps % 2) * np.array([[1], [2], [4]], dtype=np.float32)).sum(axis=0)[np.newaxis],
    }


def _forms(body: Floats) -> dict[str, Floats]:
    ahead, up = (np.broadcast_to(np.array([[x], [0], [1 - x]], dtype=np.float32), (3, body.shape[1])) for x in (1, 0))
    basis = np.concatenate([_turned(body[3:7], ahead), _turned(body[3:7], up)])
    return {
        "RigidBody": np.concatenate([body[:3], _angles(body[3:7]), body[7:]]),
        "RigidBodyNoVelocities": body[:7],
        "RigidBodyQuaternions": body[:7],
        "RigidBodyBasis": np.concatenate([body[:3], basis, body[7:]]),
    }


def _turned(quaternion: Floats, vector: Floats) -> Floats:
    """Return (3, rows) vectors turned by (4, rows) quaternions."""
    axis, w = quaternion[:3], quaternion[3]
    cross = 2 * np.cross(axis, vector, axis=0)
    return np.asarray(vector + w * cross + np.cross(axis, cross, axis=0), dtype=np.float32)


def _angles(quaternion: Floats) -> Floats:
    """Return (3, rows) Euler angles of order XYZ."""
    x, y, z, w = quaternion
    about_x = np.arctan2(2 * (w * x - y * z), 1 - 2 * (x * x + y * y))
    about_y = np.arcsin(np.clip(2 * (x * z + w * y), -1, 1))
    about_z = np.arctan2(2 * (w * z - x * y), 1 - 2 * (y * y + z * z))
    return np.stack([about_x, about_y, about_z])
