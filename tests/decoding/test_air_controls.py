"""Pitch, yaw and roll that are inferred, against RocketSim, and against a spin that is stepped here tick by tick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from impulse.decoding.air_controls import BodyStates, is_free_flight, solve_inputs, ticks_between

Floats = npt.NDArray[np.float64]
RNG_SEED = 20


def stepped(before: Floats, inputs: Floats, ticks: int) -> Floats:
    """Step a spin by the game's rule as it is written down by those who measured it: torque, and drag that inputs lessen."""
    spin = before.copy()
    for _ in range(ticks):
        drag = np.array([2.87621 * (1 - abs(inputs[0])), 1.91748 * (1 - abs(inputs[1])), 4.79369])
        spin = spin + (np.array([12.46359, 9.10801, 38.34952]) * inputs - drag * spin) / 120
    return spin


@pytest.mark.parametrize("ticks", [1, 4, 10, 16])
def test_constant_inputs_are_found(ticks: int) -> None:
    """For any number of ticks, as long as the spin stays below its limit."""
    rng = np.random.default_rng(RNG_SEED)
    inputs = rng.uniform(-0.3, 0.3, (50, 3)) * [1, 1, 0.5]
    before = rng.uniform(-1, 1, (50, 3))
    after = np.array([stepped(*pair, ticks) for pair in zip(before, inputs, strict=True)])

    found = solve_inputs(before, after, np.full(50, ticks))

    assert np.abs(found - inputs).max() < 0.002


def test_a_spin_at_its_limit_tells_nothing() -> None:
    """The game cuts it, and what it cut is gone."""
    after = np.array([[0.0, 0.0, 5.5], [3.2, 3.2, 3.2], [0.0, 0.0, 5.2], [0.0, 0.0, 5.2]])
    before = after * np.array([[0.9], [0.9], [0.9], [5.5 / 5.2]])

    found = solve_inputs(before, after, np.full(4, 4))

    assert np.isnan(found[[0, 1, 3]]).all()
    assert not np.isnan(found[2]).any()


def test_two_inputs_that_explain_one_change_leave_it_unknown() -> None:
    """Against a fast spin the drag slows more than a full input does: half an input may be a small one the other way."""
    before, ticks = np.array([[-5.2, 0.0, 0.0]]), np.array([4])
    after = stepped(before[0], np.array([0.5, 0.0, 0.0]), 4)
    other = stepped(before[0], np.array([-0.05, 0.0, 0.0]), 4)
    assert np.abs(after - other).max() < 0.05, "the case is none"

    found = solve_inputs(before, after[np.newaxis], ticks)[0]

    assert np.isnan(found[0])
    assert np.abs(found[1:]).max() < 0.002


def test_a_change_beyond_a_full_input_is_none() -> None:
    """It has another cause: a bump, a hit."""
    before = np.zeros((1, 3))
    after = 1.3 * stepped(before[0], np.array([0.0, 1.0, 0.0]), 4)[np.newaxis]

    assert np.isnan(solve_inputs(before, after, np.array([4]))[0, 1])


def fallen(ticks: int, *, push: Floats | None = None, late: float = 0.0, speed: float = 900.0) -> BodyStates:
    """Return two states of a fall that is as level as it can be, with a push on its way."""
    velocity = np.array([[speed, 0.0, 0.0], [speed, 0.0, -650.0 * ticks / 120]])
    if push is not None:
        velocity[1] += push
    position = np.array([[0.0, 0.0, 500.0], [0.0, 0.0, 500.0] + velocity.mean(axis=0) * ticks / 120])
    return BodyStates(
        np.array([0, 3]),
        np.array([0.0, ticks / 120 + late]),
        position,
        np.broadcast_to(np.eye(3), (2, 3, 3)),
        velocity,
        np.zeros((2, 3)),
    )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (fallen(10), 10),
        (fallen(10, late=0.04), 10),
        (fallen(10, late=0.2), 0),
        (fallen(17), 0),
        (fallen(10, speed=20.0), 0),
    ],
    ids=["in time", "late", "much too late", "too long", "too slow"],
)
def test_ticks_are_told_by_the_way(states: BodyStates, expected: int) -> None:
    """Network frames do not tell them, but bound them."""
    assert ticks_between(states).tolist() == [expected]


@pytest.mark.parametrize(
    ("push", "expected"),
    [
        ((0.0, 0.0, 0.0), True),
        ((85.0, 0.0, 0.0), True),
        ((-5.0, 0.0, 0.0), True),
        ((0.0, 0.0, 54.0), False),
        ((0.0, -30.0, 0.0), False),
        ((-60.0, 0.0, 0.0), False),
        ((200.0, 0.0, 0.0), False),
    ],
    ids=["fall", "boost", "reverse", "floor", "bump", "brake", "hit"],
)
def test_only_gravity_boost_and_throttle_are_free_flight(push: tuple[float, ...], expected: bool) -> None:
    """Whatever else changes a velocity turns cars as well."""
    assert is_free_flight(fallen(10, push=np.array(push)), np.array([10])).tolist() == [expected]


@pytest.mark.parametrize(("degrees", "expected"), [(25.0, True), (32.0, False), (120.0, False)])
def test_a_car_that_turns_faster_than_any_spin_is_in_no_free_flight(degrees: float, expected: bool) -> None:
    """It landed, or is another one; in ten ticks a spin at its limit turns it by 26 degrees."""
    turn = np.radians(degrees)
    nose = np.array([[np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0], [0.0, 0.0, 1.0]])
    states = replace(fallen(10), rotation=np.stack([np.eye(3), nose]))
    assert is_free_flight(states, np.array([10])).tolist() == [expected]


@pytest.mark.parametrize("kind", ["random", "held", "human"])
def test_free_flight_is_inferred(kind: str) -> None:
    """With an update in each network frame: what RocketSim was told, to 0.02 in the median and 0.1 for nine in ten."""
    pytest.importorskip("RocketSim")
    from tests.decoding import flown as flying

    rng = np.random.default_rng(RNG_SEED)
    judged = flying.joined(flying.judged(flying.air_flight(kind, rng), flying.Format(), rng) for _ in range(8))

    known = np.isfinite(judged.error)
    assert known.mean() > 0.4
    assert (np.nanmedian(judged.error, axis=1) <= 0.02).all()
    assert (np.nanpercentile(judged.error, 90, axis=1) <= 0.1).all()


def test_dodges_are_left_out_and_the_flight_after_them_is_not() -> None:
    """A dodge turns the car itself, and keeps its driver from pitching for a while."""
    pytest.importorskip("RocketSim")
    from tests.decoding import flown as flying

    rng = np.random.default_rng(RNG_SEED)
    judged = flying.joined(
        flying.judged(flying.dodge_flight("human", rng, cancels=number % 2 == 0), flying.Format(), rng)
        for number in range(6)
    )

    assert judged.acts["dodge"].sum() > 6 * 15
    assert np.isnan(judged.inferred[:, judged.acts["dodge"]]).all()
    assert np.nanmax(judged.error) < 0.1
    assert (np.isfinite(judged.inferred).sum(axis=1) > 6 * 20).all()


def test_cars_on_the_floor_are_told_from_flights() -> None:
    """No input is inferred while wheels carry the car, and none of its flight is called standing."""
    pytest.importorskip("RocketSim")
    from tests.decoding import flown as flying

    rng = np.random.default_rng(RNG_SEED)
    judged = flying.joined(flying.judged(flying.jump_flight("human", rng), flying.Format(), rng) for _ in range(6))
    rolls, flies = judged.wheels >= 3, judged.wheels == 0

    assert np.isfinite(judged.inferred[:, rolls]).mean() < 0.01
    assert np.isfinite(judged.inferred[:, flies]).mean() > 0.7
    assert not judged.on_floor[flies].any()
    assert judged.on_floor[rolls].mean() > 0.8
