"""Who drives what, which ball plays, what a tank holds: by hand-made updates whose meaning is plain."""

from __future__ import annotations

import numpy as np
import pytest
from tests.decoding.walks import FRAMES_A_SECOND, body, to, walk_of

from impulse.decoding import attributes
from impulse.decoding.balls import played_ball
from impulse.decoding.bodies import bodies_of
from impulse.decoding.boost import FULL, boost_of, misses
from impulse.decoding.cars import drives_and_demolitions
from impulse.decoding.match_state import match_values
from impulse.decoding.people import Person

CAR, ENTRY, BOOST = (
    "Archetypes.Car.Car_Default",
    "TAGame.Default__PRI_TA",
    "Archetypes.CarComponents.CarComponent_Boost",
)
BALL, PUCK = "Archetypes.Ball.Ball_Default", "Archetypes.Ball.Ball_Puck"


@pytest.mark.parametrize(
    ("born", "link", "start"),
    [(0, 3, 0), (0, 301, 0), (300, 304, 304), (310, 310, 310), (310, 313, 313), (310, 350, 310), (310, 351, 351)],
)
def test_links_of_the_beginning_and_of_keyframes_tell_who_was_there(born: int, link: int, start: int) -> None:
    """Bots are linked some network frames after their cars came, others in summer 2016 by the next keyframe."""
    walk = walk_of(
        500, [(ENTRY, 0, 500), (CAR, born, 500)], {attributes.PAWN_PLAYER: [(link, 1, to(0))]}, keyframes=[313, 350]
    )
    (drive,), demolitions = drives_and_demolitions(walk, [Person({"Steam": "1"}, [0], team=0, teams={0: [(0, 0)]})])
    assert (drive.stint.person, drive.car, drive.start, drive.end) == (0, 1, start, 500)
    assert demolitions == []


def test_a_demolition_ends_one_drive_and_names_both() -> None:
    """Sent again it is the same one; the victim's next car is another."""
    people = [
        Person({"Steam": str(number)}, [number], team=number, teams={number: [(0, number)]}) for number in range(2)
    ]
    walk = walk_of(
        100,
        [(ENTRY, 0, 100), (ENTRY, 0, 100), (CAR, 0, 100), (CAR, 0, 60), (CAR, 50, 100)],
        {
            attributes.PAWN_PLAYER: [(0, 2, to(0)), (0, 3, to(1)), (50, 4, to(1))],
            attributes.DEMOLITIONS[1]: [(frame, 3, {"attacker": 2, "victim": 3}) for frame in (20, 21, 40)],
        },
    )
    drives, (demolition,) = drives_and_demolitions(walk, people)
    assert [(drive.stint.person, drive.car, drive.start, drive.end) for drive in drives] == [
        (0, 2, 0, 100),
        (1, 3, 0, 20),
        (1, 4, 50, 100),
    ]
    assert (demolition.frame, demolition.victim, demolition.attacker, demolition.wreck_end) == (20, (1, 1), (0, 0), 60)


@pytest.mark.parametrize(
    ("attacker", "next_car", "is_demolition"), [(-1, None, False), (2, None, True), (-1, 1, True), (-1, 2, True)]
)
def test_who_leaves_was_not_demolished(attacker: int, next_car: int | None, *, is_demolition: bool) -> None:
    """A car that is taken away is told like a demolition by nobody; its driver comes never again, and others get new cars."""
    people = [
        Person({"Steam": str(number)}, [number], team=number, teams={number: [(0, number)]}) for number in range(2)
    ]
    drivers = {None: [0], 1: [0, 1], 2: []}[next_car]  # 2: nobody gets a car any more, as after the last goal
    walk = walk_of(
        100,
        [(ENTRY, 0, 100), (ENTRY, 0, 100), (CAR, 0, 60), (CAR, 0, 60), *[(CAR, 60, 100) for _ in drivers]],
        {
            attributes.PAWN_PLAYER: [
                (0, 2, to(0)),
                (0, 3, to(1)),
                *((60, 4 + number, to(driver)) for number, driver in enumerate(drivers)),
            ],
            attributes.DEMOLITIONS[1]: [(20, 3, {"attacker": attacker, "victim": 3})],
        },
    )
    drives, demolitions = drives_and_demolitions(walk, people)
    assert bool(demolitions) == is_demolition
    assert [drive.end for drive in drives if drive.car == 3] == [20]


def test_a_wreck_that_comes_again_as_another_car_is_one_demolition() -> None:
    """Some recordings write all actors anew at a kickoff, a wreck among them; the next demolition counts."""
    people = [
        Person({"Steam": str(number)}, [number], team=number, teams={number: [(0, number)]}) for number in range(2)
    ]
    demolish = attributes.DEMOLITIONS[1]
    walk = walk_of(
        100,
        [(ENTRY, 0, 100), (ENTRY, 0, 100), (CAR, 0, 100), (CAR, 0, 40), (CAR, 40, 60), (CAR, 60, 100), (CAR, 90, 100)],
        {
            attributes.PAWN_PLAYER: [(0, 2, to(0)), (0, 3, to(1)), (40, 4, to(1)), (60, 5, to(1)), (90, 6, to(1))],
            demolish: [(at, car, {"attacker": 2, "victim": car}) for at, car in ((20, 3), (40, 4), (90, 6))],
        },
    )
    drives, demolitions = drives_and_demolitions(walk, people)
    assert [drive.car for drive in drives] == [2, 3, 5]
    assert [(demolition.frame, demolition.victim.person) for demolition in demolitions] == [(20, 1), (90, 1)]


def test_the_ball_that_plays_comes_in_the_centre() -> None:
    """Obstacles of another kind come elsewhere, or above; with one of its own kind beside it, nobody can tell."""
    lives = [(BALL, 0, 90), (PUCK, 0, 90), (BALL, 60, 80)]
    sent = [
        (0, 0, body(z=93.0)),
        (0, 1, body(x=2000.0)),
        (10, 0, body(x=500.0)),
        (20, 1, body()),
        (60, 2, body(z=93.0)),
    ]
    walk = walk_of(90, lives, {attributes.BODY: sent})
    bodies = bodies_of(walk, net_version=10)
    ball = played_ball(walk, bodies)
    shown = bodies.values[ball.shown][:, 0]
    np.testing.assert_array_equal(shown[:60], np.where(np.arange(60) < 10, 0.0, 500.0))
    np.testing.assert_array_equal(np.flatnonzero(ball.untold), np.arange(60, 80))
    assert (ball.shown[60:80] == -1).all()
    assert (shown[80:] == 500.0).all()
    assert ball.at_once == 3


def test_unlimited_boost_is_a_full_tank_until_an_amount_is_sent() -> None:
    """It burns nothing; where it ends, the car burns what it has."""
    by_life = {
        attributes.BOOST_UNLIMITED[0]: [(0, 1), (40, 0)],
        attributes.BOOST_AMOUNTS[0]: [(30, 100)],
        attributes.COMPONENT_ACTIVE: [(0, 3), (60, 4)],
    }
    walk = walk_of(
        100, [(BOOST, 0, 100)], {name: [(at, 0, value) for at, value in sent] for name, sent in by_life.items()}
    )
    grouped = {name: {0: list(walk.updates.get(name, ()))} for name in attributes.FOR_FRAMES}
    found = boost_of(walk, 0, grouped)
    np.testing.assert_array_equal(found[:30], FULL)
    assert FULL == 255
    np.testing.assert_array_equal(found[30:40], 100)
    burned = 80 / 0.93 / FRAMES_A_SECOND
    np.testing.assert_allclose(found[40:60], 100 - burned * np.arange(1, 21), atol=1e-3)
    np.testing.assert_allclose(found[60:], 100 - burned * 20, atol=1e-3)


def test_the_error_of_modelled_boost_is_that_before_a_lower_value() -> None:
    """A car burns from frame 8 to 40, a second, and the file then says 20 units less than the model; pickups tell nothing."""
    left = round(FULL - 80 / 0.93)
    walk = walk_of(
        96,
        [(BOOST, 0, 96)],
        {
            attributes.COMPONENT_ACTIVE: [(8, 0, 1), (40, 0, 2)],
            attributes.BOOST_AMOUNTS[0]: [(0, 0, 255), (41, 0, left - 20), (60, 0, 255)],
        },
    )
    assert misses(walk) == pytest.approx([20 * 100 / 255], abs=0.2)


def test_a_match_of_unlimited_time_has_no_clock() -> None:
    """From the network frame on that says so, although seconds are counted; before it there is one."""
    sent = {attributes.CLOCK: [(2, 0, 300), (20, 0, 1)], attributes.UNLIMITED_TIME: [(10, 0, 1), (30, 0, 0)]}
    clock = match_values(walk_of(40, [("Archetypes.GameEvent.GameEvent_Soccar", 0, 40)], sent))[attributes.CLOCK]
    np.testing.assert_array_equal(np.isnan(clock), [frame < 2 or 10 <= frame < 30 for frame in range(40)])
    assert set(clock[2:10]) == {300}
    assert set(clock[30:]) == {1}
