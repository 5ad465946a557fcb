"""Quantisation and prediction of rigid bodies."""

from __future__ import annotations

import numpy as np
import pytest
from tests.demo.decoded_bodies import decode

from impulse.demo import VERSIONS, FormatVersion
from impulse.demo.match.bodies import Bodies
from impulse.demo.match.draws import Draws
from impulse.demo.writer.rigid_body import encode, quantise


def _random_bodies(count: int, *, seed: int) -> Bodies:
    draws = Draws(seed, "bodies")
    rotation = draws.uniforms((count, 4)) - 0.5
    return Bodies(
        (draws.uniforms((count, 3)) - 0.5) * [8192, 10240, 4088],
        rotation / np.linalg.norm(rotation, axis=1, keepdims=True),
        (draws.uniforms((count, 3)) - 0.5) * 4600,
        (draws.uniforms((count, 3)) - 0.5) * 11,
        draws.uniforms((count,)) < 0.2,
    )


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_decoded_values_are_within_half_a_step(version: FormatVersion) -> None:
    """Every quantity of every version is off by at most half of its documented step."""
    bodies = _random_bodies(20_000, seed=1)
    decoded = decode(quantise(bodies, version), version).astype(np.float64)
    awake = ~bodies.asleep
    rounding = 3e-4  # float32 values of a few thousand are about this far apart
    old = version.position_steps == 1
    assert np.abs(decoded[:, :3] - bodies.position).max() <= (0.5 if old else 0.005) + rounding
    assert np.abs(decoded[awake, 7:10] - bodies.velocity[awake]).max() <= (0.05 if old else 0.005) + rounding
    assert np.abs(decoded[awake, 10:] / 100 - bodies.spin[awake]).max() <= (0.0005 if old else 0.00005) + 1e-6
    assert not decoded[bodies.asleep, 7:].any()
    same_sign = np.sign((decoded[:, 3:7] * bodies.rotation).sum(axis=1, keepdims=True))
    rotation_error = np.abs(decoded[:, 3:7] * same_sign - bodies.rotation)
    if version.has_quaternions:
        stored = np.sort(rotation_error, axis=1)[:, :3]
        assert stored.max() <= 5.395e-6 / 2 + 1e-7
        assert rotation_error.max() <= 3 * 5.395e-6 / 2 + 1e-7
    else:
        assert rotation_error.max() <= 3 * 9.59e-5 / 2 / 2 + 1e-6  # a component moves by half of each angle's error


def test_largest_values_fit() -> None:
    """Bodies at the limits of the format are encoded without overflow."""
    version = VERSIONS[-1]
    edge = np.array([[41_900.0, -41_900.0, 0.0], [0.0, 0.0, 0.0], [0.01, -0.01, 0.0]])
    rotation = np.array([[0.0, 0, 0, 1], [0, 0, 0, -1], [1, 0, 0, 0]])
    codes = quantise(Bodies(edge, rotation, edge / 10, edge / 10_000, np.zeros(3, dtype=bool)), version)
    values, widths = encode(codes, version)
    assert all(int(value) < 2 ** int(width) for value, width in zip(values.flat, widths.flat, strict=True))
    np.testing.assert_allclose(decode(codes, version)[:, :3], edge, atol=0.005)


def test_sleeping_bodies_have_no_velocities() -> None:
    """Nothing follows a sleeping body's rotation, but for the bit that ends the actor."""
    version = VERSIONS[-1]
    bodies = _random_bodies(50, seed=2)
    _, widths = encode(quantise(bodies, version), version)
    assert (widths[bodies.asleep, 4:] == [0, 0, 0, 1]).all()
    assert (widths[~bodies.asleep, 4:] > 1).all()
