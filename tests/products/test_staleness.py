"""How long bodies show one state, by their values."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from impulse.products.frames.staleness import staleness


def states(numbers: list[int], speed: float) -> np.ndarray:
    """Return a body (rows, 13) in states by number, with a speed in uu/s."""
    body = np.zeros((len(numbers), 13), dtype=np.float32)
    body[:, 6] = numbers
    body[:, 8] = speed
    return body


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 3)), max_size=40))
def test_staleness_is_the_time_since_the_state_was_new(rows: list[tuple[int, bool, int]]) -> None:
    """As somebody finds it who walks through the rows; rows without the body and rows of one network frame among them."""
    times = (np.cumsum([step for *_, step in rows]) / 30).astype(np.float32)
    there = np.array([is_there for _, is_there, _ in rows], dtype=bool)
    found = staleness(states([number for number, *_ in rows], 500.0), there, times)
    since, before = 0.0, None
    for (number, is_there, _), now, seconds in zip(rows, times.tolist(), found.tolist(), strict=True):
        if before is None or before != number or not is_there:
            since = now
        before = number if is_there else None
        assert abs(seconds - (now - since)) <= 0.005 + 1e-6


def test_a_body_at_rest_is_never_stale() -> None:
    """Cars at rest keep a remainder of velocity, and one network frame may show the same state as the last."""
    there, times = np.ones(4, dtype=bool), np.array([0, 1, 2, 3], dtype=np.float32)
    assert staleness(states([5] * 4, 17.7), there, times).tolist() == [0, 0, 0, 0]
    assert staleness(states([5] * 4, 30.0), there, times).tolist() == [0, 1, 2, 3]
    assert staleness(states([], 30.0), there[:0], times[:0]).tolist() == []


def test_every_value_counts_and_time_that_steps_back_begins_anew() -> None:
    """A body that only turns, or only gets slower, is shown anew."""
    there, times = np.ones(4, dtype=bool), np.array([0, 1, 2, 3], dtype=np.float32)
    for value in range(13):
        body = states([5] * 4, 900.0)
        body[2:, value] += 0.5
        assert staleness(body, there, times).tolist() == [0, 1, 0, 1]
    assert staleness(states([5] * 4, 900.0), there, times[[2, 3, 0, 1]]).tolist() == [0, 1, 0, 1]
