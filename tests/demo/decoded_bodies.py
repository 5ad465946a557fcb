"""The float32 values that the parser decodes from a file's rigid bodies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impulse.demo.writer.rigid_body import ANGLE_BIAS, OTHERS, QUATERNION_MAX, Codes
from impulse.demo.writer.version import FormatVersion


def decode(codes: Codes, version: FormatVersion) -> NDArray[np.float32]:
    """Return what the parser's array holds for N bodies.

    Returns:
        (N, 13) float32: position (uu), quaternion x, y, z, w, linear velocity (uu/s), angular velocity (0.01
        rad/s). Exact to the bit, but for rotations stored as angles, which agree within one float32 unit in
        the last place.
    """
    hundred = np.float32(100)
    scale_position = np.float32(100 // version.position_steps)
    scale_velocity = np.float32(100 // version.velocity_steps)
    return np.concatenate(
        [
            codes.position.astype(np.float32) / hundred * scale_position,
            _decode_quaternions(codes) if version.has_quaternions else _decode_angles(codes),
            codes.velocity.astype(np.float32) / hundred * scale_velocity,
            codes.spin.astype(np.float32) / hundred * scale_velocity,
        ],
        axis=1,
    )


def _decode_quaternions(codes: Codes) -> NDArray[np.float32]:
    root = np.float32(np.sqrt(0.5))
    others = (codes.rotation.astype(np.float32) / np.float32(QUATERNION_MAX) - np.float32(0.5)) * np.float32(2) * root
    # The parser folds three fused multiply-adds; a float64 product of float32 values is exact, so rounding
    # once is one.
    left = np.ones(len(others), dtype=np.float32)
    for column in others.T:
        wide = column.astype(np.float64)
        left = (left.astype(np.float64) - wide * wide).astype(np.float32)
    quaternions = np.empty((len(others), 4), dtype=np.float32)
    np.put_along_axis(quaternions, OTHERS[codes.largest], others, axis=1)
    np.put_along_axis(quaternions, codes.largest[:, None], np.sqrt(left)[:, None], axis=1)
    return quaternions


def _decode_angles(codes: Codes) -> NDArray[np.float32]:
    fractions = (codes.rotation - ANGLE_BIAS).astype(np.float32) / np.float32(ANGLE_BIAS - 1)
    pitch, yaw, roll = (fractions * np.float32(np.pi)).astype(np.float64).T / 2
    sp, cp, sy, cy, sr, cr = (
        np.sin(pitch),
        np.cos(pitch),
        np.sin(yaw),
        np.cos(yaw),
        np.sin(-roll),
        np.cos(-roll),
    )
    quaternions = [
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    ]
    return np.stack(quaternions, axis=1).astype(np.float32)
