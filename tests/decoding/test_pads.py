"""Pads: which states are pickups, when a pad is there again, and how its place is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.decoding.walks import body, walk_of

from impulse.decoding.attributes import BODY, PICKUPS
from impulse.decoding.bodies import bodies_of
from impulse.decoding.pads import PADS_OF_AN_UNKNOWN_MAP, Pad, pads_of
from impulse.schema.pads import PAD_PLACES, STANDARD_MAPS

NEW, OLD = PICKUPS
TODAY = 10
FRAMES = 400
"""At 32 a second: time for both sizes to come back."""
CAR = 0
"""Life and id of a car that is there all the time."""


def pad_name(number: int) -> str:
    return f"map_p.TheWorld:PersistentLevel.VehiclePickup_Boost_TA_{number}"


def taken(car: int, count: int | bool) -> dict[str, Any]:
    """The state of a pad that a car emptied."""
    return {"instigator": car, "picked_up": count}


def there(*, is_old: bool = False) -> dict[str, Any]:
    return {"instigator": None, "picked_up": True if is_old else 255}


def read(
    *states: tuple[int, dict[str, Any]],
    attribute: str = NEW,
    keyframes: Sequence[int] = (),
    lives: Sequence[tuple[int, int]] = ((1, FRAMES),),
    at: Sequence[float] = (-3584, 0, 17),
) -> Pad:
    """Return what is read of one pad, by the states it was in; all cars stand at one place."""
    cars = [("Archetypes.Car.Car_Default", 0, FRAMES)] * 3
    pads = [(pad_name(7), start, end) for start, end in lives]

    def life_in(frame: int) -> int:
        return len(cars) + next(n for n, (start, end) in reversed(list(enumerate(lives))) if start <= frame)

    updates: dict[str, list[tuple[int, int, Any]]] = {
        attribute: [(frame, life_in(frame), value) for frame, value in states],
        BODY: [(0, car, body(*at)) for car in range(len(cars))],
    }
    walk = walk_of(FRAMES, [*cars, *pads], updates, keyframes=keyframes)
    (pad,) = pads_of(walk, bodies_of(walk, TODAY), "Stadium_P")
    return pad


def pickups(pad: Pad) -> list[tuple[int, int | None, int | None]]:
    return [(pickup.frame, pickup.car, pickup.back) for pickup in pad.pickups]


@pytest.mark.parametrize("attribute", PICKUPS)
def test_a_state_that_is_told_again_is_no_pickup(attribute: str) -> None:
    """Keyframes tell it again; where the actor of the car was removed, without the car."""
    is_old = attribute == OLD
    counts = [True] * 2 if is_old else [1, 3]
    found = read(
        (10, taken(0, counts[0])),
        (20, taken(0, counts[0])),
        (30, taken(-1, counts[0])),
        (138, there(is_old=is_old)),
        (150, taken(0, counts[1])),
        (278, there(is_old=is_old)),
        attribute=attribute,
        keyframes=[20, 30],
    )

    assert pickups(found) == [(10, 0, 138), (150, 0, 278)]


def test_a_count_that_is_ahead_is_a_pickup_by_whomever() -> None:
    """A car that waits for a pad may empty it in the network frame in which it comes back; an old count is no pickup."""
    found = read((10, taken(0, 1)), (138, taken(0, 3)), (200, taken(1, 1)), (266, there()))

    assert pickups(found) == [(10, 0, None), (138, 0, 266)]


def test_counts_go_on_from_the_start_of_their_byte() -> None:
    assert pickups(read((10, taken(0, 253)), (138, taken(1, 1)))) == [(10, 0, None), (138, 1, None)]


def test_what_a_kickoff_takes_back_is_no_pickup() -> None:
    """Its keyframe, or the network frame before, may tell an older car; the next pickup then has a count that was there before."""
    found = read(
        (10, taken(0, 5)),
        (100, there()),
        (149, taken(1, 5)),
        (150, taken(2, 3)),
        (151, there()),
        (200, taken(1, 5)),
        (201, taken(1, 5)),
        keyframes=[150, 201],
        lives=[(1, 150), (150, FRAMES)],
    )

    assert pickups(found) == [(10, 0, 100), (200, 1, None)]


def test_another_car_is_a_pickup_where_there_is_no_count() -> None:
    found = read((10, taken(0, True)), (138, taken(1, True)), (266, there(is_old=True)), attribute=OLD)

    assert pickups(found) == [(10, 0, None), (138, 1, 266)]


def test_a_pad_whose_actor_is_written_anew_without_a_state_is_there() -> None:
    """As kickoffs do in old files: the same car then picks it up again."""
    found = read((10, taken(0, True)), (90, taken(0, True)), attribute=OLD, lives=[(1, 50), (50, FRAMES)])

    assert pickups(found) == [(10, 0, 50), (90, 0, None)]


@pytest.mark.parametrize(
    ("states", "known_from"),
    [
        ([(0, taken(0, 1)), (77, there())], 77),
        ([(0, there()), (77, taken(0, 1))], 0),
        ([(77, there())], 77),
        ([(0, taken(0, 1)), (77, taken(1, 3))], 77),
        ([(0, taken(0, 1))], FRAMES),
        ([(77, taken(0, 1))], 0),
        ([(0, taken(-1, 1)), (77, there())], 77),
    ],
    ids=[
        "was empty",
        "was there",
        "comes back first",
        "emptied again",
        "never back",
        "used first",
        "emptied by who is gone",
    ],
)
def test_what_was_before_the_recording_is_not_known(states: list[tuple[int, dict[str, Any]]], known_from: int) -> None:
    """Its first network frame tells what was, not what happens: a pad that is empty then was picked up nobody knows when."""
    found = read(*states, lives=[(0, FRAMES)])

    assert found.known_from == known_from
    assert [pickup for pickup, _ in found.turns] == found.pickups
    assert [frame for frame, _, _ in pickups(found)] == [
        frame for frame, state in states if frame and state["instigator"] is not None
    ]


def at_places(places: Sequence[tuple[float, float, float]], map_name: str) -> list[int | None]:
    """Return the places that are found of pads each of which a car at one of these places picked up, in their order."""
    cars = [("Archetypes.Car.Car_Default", 0, FRAMES)] * len(places)
    pads = [(pad_name(10 + number), 1, FRAMES) for number in range(len(places))]
    walk = walk_of(
        FRAMES,
        [*cars, *pads],
        {
            NEW: [(10 + number, len(cars) + number, taken(number, 1)) for number in range(len(places))],
            BODY: [(0, number, body(*place)) for number, place in enumerate(places)],
        },
    )
    return [pad.place for pad in pads_of(walk, bodies_of(walk, TODAY), map_name)]


def beside(number: int, uu: float = 200.0) -> tuple[float, float, float]:
    x, y, _ = PAD_PLACES[number]
    return x + uu, y, 17.0


def test_a_pad_is_where_cars_pick_it_up() -> None:
    known = sorted(STANDARD_MAPS)[0]

    assert at_places([beside(number) for number in (18, 3, 0)], known.title()) == [18, 3, 0]
    assert at_places([(0.0, 0.0, 17.0)], known) == [None]


def test_another_map_is_known_by_many_pads() -> None:
    """Few may be where the standard ones are by chance."""
    few = [beside(number) for number in range(PADS_OF_AN_UNKNOWN_MAP - 1)]

    assert at_places(few, "Somewhere_P") == [None] * len(few)
    assert at_places([*few, beside(33)], "Somewhere_P") == [*range(len(few)), 33]


def test_no_place_is_found_where_other_pads_are_elsewhere() -> None:
    """Hoops has some pads close to standard ones."""
    others = [(0.0, 500.0 * number, 17.0) for number in (-1, 0, 1)]

    assert at_places([*(beside(number) for number in range(10)), *others], "HoopsStadium_P") == [None] * 13


@pytest.mark.parametrize(("back", "size"), [(138, "small"), (330, "big"), (100, None)])
def test_a_pad_elsewhere_has_its_size_by_its_return(back: int, size: str | None) -> None:
    found = read((10, taken(0, 1)), (back, there()), at=(0, 0, 17))

    assert found.place is None
    assert (found.size.name if found.size else None) == size
