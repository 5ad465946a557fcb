"""Flights of synthetic cars against RocketSim, an implementation of the game's physics by another author."""

from __future__ import annotations

import numpy as np
import pytest

from impulse.demo.match.flying import DODGE, PLAIN, flights, height, turned

TICKS = 120


@pytest.fixture
def stepped() -> np.ndarray:
    """(T + 1, N, 4, 3) nose, right side, roof and spin of the first plain flights, as RocketSim has them from the same inputs."""
    pytest.importorskip("RocketSim")
    from tests.decoding import flown as flying

    air, found = flights(), []
    for number in np.flatnonzero(air.kind == PLAIN)[:6]:
        made, car = flying.started(
            position=(0, 0, 1000), velocity=(900, 0, 300), spin=(0, 0, 0), rotation=np.eye(3), has_floor=False
        )
        inputs = np.zeros((TICKS + 1, 8))
        inputs[:, 2:5] = air.inputs[: TICKS + 1, number]
        states = np.array(flying.fly(made, car, inputs).states)
        found.append(states[:, [*range(3, 12), *range(15, 18)]].reshape(-1, 4, 3))
    return np.stack(found, axis=1)


def test_cars_turn_as_the_game_turns_them(stepped: np.ndarray) -> None:
    """Spin and axes after every tick of a second, with inputs that are held for 0.3 s."""
    air = flights()
    numbers = np.flatnonzero(air.kind == PLAIN)[:6]
    rotation = air.rotation[: TICKS + 1, numbers]
    spin = air.spin[: TICKS + 1, numbers]

    np.testing.assert_allclose(spin, stepped[:, :, 3], atol=0.03)
    for axis, vector in enumerate(np.eye(3)):
        np.testing.assert_allclose(turned(rotation, vector), stepped[:, :, axis], atol=0.03)
    assert np.abs(spin).max() > 2


def test_dodges_turn_cars_towards_where_they_go() -> None:
    """After some ticks a dodge ahead has turned the nose down, one to the right the right side; at the limit of spins."""
    air = flights()
    dodges = np.flatnonzero(air.kind == DODGE)
    about_nose, about_right = air.torque[dodges].T
    at = turned(
        air.rotation[48, dodges] * [-1, -1, -1, 1], air.spin[60, dodges]
    )  # as seen from the car before the dodge
    clear = np.abs(about_right) > 150
    assert (np.sign(at[clear, 1]) == np.sign(about_right[clear])).all()
    clear = np.abs(about_nose) > 150
    assert (np.sign(at[clear, 0]) == np.sign(about_nose[clear])).all()
    np.testing.assert_allclose(np.linalg.norm(air.spin[60, dodges], axis=1), 5.5, atol=1e-6)


@pytest.mark.parametrize("is_double", [False, True])
def test_cars_fall_as_everything_does(is_double: bool) -> None:
    """From the ground to the ground, at 650 uu/s^2 but for the double jump."""
    seconds = np.linspace(0, 1.5, 181)
    up, rate = height(seconds, seconds=np.array(1.5), is_double=np.array(is_double))
    assert abs(up[0]) < 1e-9
    assert abs(up[-1]) < 1e-9
    assert (up[1:-1] > 0).all()
    changes = np.diff(rate) * 120
    assert (np.abs(changes + 650) > 1).sum() == is_double
    np.testing.assert_allclose(np.diff(up)[50:], (rate[1:] + rate[:-1])[50:] / 240, atol=1e-9)
