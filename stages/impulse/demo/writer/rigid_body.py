"""Rigid bodies: how their states become integers in a replay.

Owns: quantisation and the bit layout of ``ReplicatedRBState``.

Quantisation steps (a decoded value differs from the true one by at most half a step):

=====================  ===========================  ==================================
quantity               network version 5 and later  network version 2, or none
=====================  ===========================  ==================================
position               0.01 uu                      1 uu
linear velocity        0.01 uu/s                    0.1 uu/s
angular velocity       0.0001 rad/s                 0.001 rad/s
rotation               5.395e-6 per component       9.59e-5 rad per angle (before 7)
=====================  ===========================  ==================================

The largest quaternion component is not stored; readers rebuild it from the other three, so it carries their
errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.bodies import Bodies
from impulse.demo.writer.bits import bounded
from impulse.demo.writer.version import FormatVersion

QUATERNION_MAX = 262_143
"""Largest code of a quaternion component (18 bits)."""
ANGLE_BIAS = 32_768
"""Code of a zero angle (16 bits); half a turn is 32 767 codes."""
SPIN_UNITS = 100
"""Files count angular velocity in 0.01 rad/s before the steps of a velocity are applied."""
FIELDS = 8
"""Bit strings per body."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Integers of N bodies, as a file stores them."""

    position: NDArray[np.int64]
    """(N, 3)."""
    velocity: NDArray[np.int64]
    """(N, 3)."""
    spin: NDArray[np.int64]
    """(N, 3)."""
    largest: NDArray[np.int64]
    """(N,) index of the quaternion component that is left out; 0 with angles."""
    rotation: NDArray[np.int64]
    """(N, 3) the other components in order, or pitch, yaw, roll."""
    asleep: NDArray[np.bool_]
    """(N,)."""


def quantise(bodies: Bodies, version: FormatVersion) -> Codes:
    """Return the integers that a replay stores for N bodies."""
    awake = ~bodies.asleep[:, None]
    largest, rotation = _quaternion_codes(bodies.rotation) if version.has_quaternions else _angles(bodies.rotation)
    return Codes(
        _round(bodies.position * version.position_steps),
        _round(bodies.velocity * version.velocity_steps) * awake,
        _round(bodies.spin * (version.velocity_steps * SPIN_UNITS)) * awake,
        largest,
        rotation,
        bodies.asleep,
    )


def encode(codes: Codes, version: FormatVersion) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the bit strings of N bodies.

    Returns:
        Values (N, FIELDS) uint64 and widths (N, FIELDS) int64; strings of width 0 are left out of the stream.
    """
    values = np.zeros((len(codes.asleep), FIELDS), dtype=np.uint64)
    widths = np.zeros((len(codes.asleep), FIELDS), dtype=np.int64)
    values[:, 0] = codes.asleep
    widths[:, 0] = 1
    _put_vector(values, widths, 1, codes.position, version)
    bits = 18 if version.has_quaternions else 16
    a, b, c = codes.rotation.astype(np.uint64).T
    index_bits = 2 if version.has_quaternions else 0
    shift = np.uint64(bits)
    values[:, 3] = codes.largest.astype(np.uint64) | (a | b << shift | c << shift + shift) << np.uint64(index_bits)
    widths[:, 3] = index_bits + 3 * bits
    _put_vector(values, widths, 4, codes.velocity, version)
    _put_vector(values, widths, 6, codes.spin, version)
    widths[codes.asleep, 4:] = 0
    values[codes.asleep, 4:] = 0
    widths[:, 7] += 1  # a zero: no further attribute of this actor
    return values, widths


def _round(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(values).astype(np.int64)


def _put_vector(
    values: NDArray[np.uint64],
    widths: NDArray[np.int64],
    at: int,
    vectors: NDArray[np.int64],
    version: FormatVersion,
) -> None:
    """Write packed vectors into two columns: size, x and y; z."""
    sizes = np.maximum(np.frexp(np.abs(vectors).max(axis=1))[1] - 1, 0)  # the exponent is the bit length
    table = [bounded(size, version.vector_limit) for size in range(version.vector_limit)]
    size_value = np.array([bits.value for bits in table], dtype=np.uint64)[sizes]
    size_width = np.array([bits.width for bits in table])[sizes]
    x, y, z = (vectors + (2 << sizes.astype(np.int64))[:, None]).astype(np.uint64).T
    first = size_width.astype(np.uint64)
    values[:, at] = size_value | (x | y << (sizes + 2).astype(np.uint64)) << first
    widths[:, at] = size_width + 2 * (sizes + 2)
    values[:, at + 1] = z
    widths[:, at + 1] = sizes + 2


def _quaternion_codes(rotation: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    largest = np.abs(rotation).argmax(axis=1)
    sign = np.where(np.take_along_axis(rotation, largest[:, None], axis=1) < 0, -1.0, 1.0)
    others = np.take_along_axis(rotation * sign, OTHERS[largest], axis=1)
    return largest, _round((others / np.sqrt(0.5) / 2 + 0.5) * QUATERNION_MAX)


OTHERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
"""Components that are stored, by the one that is not."""


def _angles(rotation: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    x, y, z, w = rotation.T
    pitch = np.arcsin(np.clip(2 * (w * y - z * x), -1, 1))
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    roll = -np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    codes = _round(np.stack([pitch, yaw, roll], axis=1) / np.pi * (ANGLE_BIAS - 1)) + ANGLE_BIAS
    return np.zeros(len(rotation), dtype=np.int64), codes
