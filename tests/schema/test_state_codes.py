"""Codes of game states in arrays of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impulse.demo import GameState
from impulse.schema.frames import GAME_STATES, state_codes

STATES = st.lists(st.sampled_from([*GAME_STATES, "Idle", "New in 2030", ""]))


@given(one=STATES, other=STATES)
def test_a_known_state_has_the_same_code_everywhere(one: list[str], other: list[str]) -> None:
    """Whatever else two splits or two datasets hold, one number means one state of the game."""
    mine, theirs = state_codes(one), state_codes(other)

    assert [mine.index(name) for name in GAME_STATES] == [theirs.index(name) for name in GAME_STATES]
    assert {*one} <= {*mine}
    assert len({*mine}) == len(mine)


def test_states_of_synthetic_replays_are_known() -> None:
    """The names that replays are written with are the game's own."""
    assert {state.value for state in GameState} <= {*GAME_STATES}
