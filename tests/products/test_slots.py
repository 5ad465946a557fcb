from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.decoding.presence import Presence
from impulse.errors import ReplayError
from impulse.products.frames import slots as slots_module
from impulse.products.frames.slots import LONGEST_HANDOVER_SECONDS, takeover_rows

ROWS = 30
TIME = np.arange(ROWS) / 1.0


def assign_slots(
    presences: list[Presence], *, n_blue: int, slots_per_team: int, bots: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """Assign with a row a second; ``bots`` are places in the list."""
    is_bot = [player in bots for player in range(len(presences))]
    return slots_module.assign_slots(presences, is_bot, TIME, n_blue=n_blue, slots_per_team=slots_per_team)


def on_field(first: int, last: int) -> Presence:
    present = np.zeros(ROWS, dtype=bool)
    present[first : last + 1] = True
    nothing = np.zeros(ROWS, dtype=bool)
    return Presence(present, nothing, np.full(ROWS, -1, dtype=np.int16), np.array([], dtype=np.intp))


SPANS = st.tuples(st.integers(0, ROWS - 1), st.integers(-1, ROWS)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], ROWS - 1))
)


def test_teams_that_fit_keep_the_order_of_the_parser() -> None:
    """Blue fills its half from the front, orange its own."""
    presences = [on_field(0, ROWS)] * 5
    assert assign_slots(presences, n_blue=2, slots_per_team=4) == (0, 1, 4, 5, 6)


def test_a_substitute_takes_the_slot_of_who_has_gone() -> None:
    """More players than slots fit as long as they are not there at the same time."""
    presences = [on_field(0, 9), on_field(0, 29), on_field(12, 29)]
    assert assign_slots(presences, n_blue=3, slots_per_team=2) == (0, 1, 0)


@pytest.mark.parametrize("bot_first", [True, False])
def test_a_bot_hands_over_to_a_person(bot_first: bool) -> None:
    """Both are there for a moment, which shows the person."""
    presences = [on_field(0, 14), on_field(0, 29), on_field(13, 29)]
    bot = 0 if bot_first else 2
    assert assign_slots(presences, n_blue=3, slots_per_team=2, bots=(bot,)) == (0, 1, 0)
    turns = takeover_rows([presences[0], presences[2]], [bot_first, not bot_first])
    assert turns == [(0, 0), (1, 13 if bot_first else 15)]


def test_a_bot_that_stays_is_one_too_many() -> None:
    """Longer than a handover they are two players, and two people always are."""
    long = int(LONGEST_HANDOVER_SECONDS) + 1
    for bots, last in (((0,), 13 + long), ((), 14)):
        presences = [on_field(0, last), on_field(0, 29), on_field(13, 29)]
        with pytest.raises(ReplayError, match="more than 2 blue players at once"):
            assign_slots(presences, n_blue=3, slots_per_team=2, bots=bots)


def test_too_many_at_once_are_refused() -> None:
    """Nobody is left out of the frames silently."""
    with pytest.raises(ReplayError, match="more than 2 orange players at once"):
        assign_slots([on_field(0, 9)] * 3, n_blue=0, slots_per_team=2)


@given(spans=st.lists(SPANS, min_size=1, max_size=12), n_blue=st.integers(0, 12), slots=st.integers(1, 5))
def test_nobody_shares_a_slot_at_the_same_time(spans: list[tuple[int, int]], n_blue: int, slots: int) -> None:
    """Holders of one slot follow each other; slots of a team stay in its half; refusal only when a row is too full."""
    presences = [on_field(*span) for span in spans]
    n_blue = min(n_blue, len(spans))
    crowded = any(
        np.sum([one.present for one in team], axis=0).max(initial=0) > slots
        for team in (presences[:n_blue], presences[n_blue:])
        if team
    )
    try:
        found = assign_slots(presences, n_blue=n_blue, slots_per_team=slots)
    except ReplayError as error:
        assert error.reason == "team_too_large"
        assert crowded
        return
    assert not crowded
    for slot in set(found):
        held = np.sum([one.present for one, its_slot in zip(presences, found, strict=True) if its_slot == slot], axis=0)
        assert held.max(initial=0) <= 1
    assert all(slot < slots for slot in found[:n_blue])
    assert all(slots <= slot < 2 * slots for slot in found[n_blue:])
