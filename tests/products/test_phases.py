from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from impulse.products.frames.phases import (
    clock_known,
    game_states,
    held_rows,
    in_play,
)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_every_network_frame_has_exactly_one_row_that_is_not_held(repeats: list[int]) -> None:
    """Of the rows that show a frame the last one, closest to it, is the one to use."""
    frame_time = np.repeat(np.arange(1, len(repeats) + 1, dtype=np.float32), repeats)
    held = held_rows(frame_time, frame_time - np.float32(0.01))

    assert np.count_nonzero(~held) == len(repeats)
    assert np.flatnonzero(~held).tolist() == (np.cumsum(repeats) - 1).tolist()


def test_game_states_are_decoded_by_the_name_table_of_the_file() -> None:
    """Indices mean other things in every file; what the table does not know stays unknown."""
    codes, states = game_states(np.array([2, 2, 1, 0, 9, np.nan]), ["None", "Active", "Countdown"])

    assert [states[code] if code >= 0 else None for code in codes] == [
        "Countdown",
        "Countdown",
        "Active",
        None,
        None,
        None,
    ]


def test_the_first_entry_of_the_name_table_may_be_a_state() -> None:
    """Files from before 2017 have no None in front."""
    codes, states = game_states(np.array([0, 1]), ["Countdown", "Active"])

    assert [states[code] for code in codes] == ["Countdown", "Active"]


def test_clock_is_unknown_before_it_was_sent_and_for_sentinels() -> None:
    """Zero at the end of a match is a clock reading, zero before the first one is not."""
    known = clock_known(np.array([0, 0, 300, 299, 2.1e9, 0, 0, 5]))

    assert known.tolist() == [False, False, True, True, False, True, True, True]


def test_play_is_told_by_the_games_own_states_alone() -> None:
    """A name that the game has not is none of its states; a file may have states and not this one."""
    codes = np.array([0, 1, -1], dtype=np.int32)
    assert np.asarray(in_play(codes, ["Countdown", "Active"])).tolist() == [False, True, False]
    assert np.asarray(in_play(codes, ["Countdown", "XP"])).tolist() == [False, False, False]
    assert in_play(codes, ["XP"]) is None
    assert in_play(codes, []) is None
