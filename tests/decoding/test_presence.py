from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.decoding.array_call import NO_BODY
from impulse.decoding.presence import body_exists, player_presence


def moving(rows: int) -> np.ndarray:
    body = np.tile(NO_BODY, (rows, 1))
    body[:, 0] = np.arange(1, rows + 1)
    body[:, 2] = 17.0
    return body


def test_a_body_at_rest_in_the_centre_exists() -> None:
    """Only the parser's exact fill-in counts as nothing; a ball on its kickoff spot is above the ground."""
    ball = NO_BODY.copy()
    ball[2] = 92.75
    assert body_exists(np.stack([NO_BODY, ball])).tolist() == [False, True]


@pytest.mark.parametrize("fps", [1, 10, 30, 60])
def test_a_demolition_lasts_until_the_car_moves_again(fps: int) -> None:
    """The flag ends after a second, the demolition only with the respawn three seconds after it began."""
    rows, start, respawn = 10 * fps, 2 * fps, 5 * fps
    body = moving(rows)
    body[start:respawn] = body[start]
    flag = np.full(rows, -1.0)
    flag[start : start + fps] = 3
    presence = player_presence(body, flag, np.arange(rows) / fps)

    assert np.flatnonzero(presence.demolished).tolist() == list(range(start, respawn))
    assert presence.present.all()
    assert not presence.visible[start:respawn].any()
    assert set(presence.attacker[start:respawn]) == {3}
    assert set(presence.attacker[respawn:]) == {-1}
    assert presence.onsets.tolist() == [start]


def test_a_wreck_that_is_removed_early_still_counts_until_the_respawn() -> None:
    """Some recordings take the wreck away first; the player has not left."""
    body = moving(100)
    body[20:30] = body[20]
    body[30:50] = NO_BODY
    flag = np.full(100, -1.0)
    flag[20:30] = 0
    presence = player_presence(body, flag, np.arange(100) / 10)

    assert np.flatnonzero(presence.demolished).tolist() == list(range(20, 50))
    assert presence.present.all()


def test_a_player_who_leaves_after_a_demolition_is_absent() -> None:
    """When no car comes back within the time of a respawn, the player is gone from where the wreck vanished."""
    body = moving(200)
    body[20:30] = body[20]
    body[30:] = NO_BODY
    flag = np.full(200, -1.0)
    flag[20:30] = 0
    presence = player_presence(body, flag, np.arange(200) / 10)

    assert presence.present[20:30].all()
    assert not presence.present[30:].any()


@given(st.lists(st.tuples(st.booleans(), st.integers(-1, 3)), min_size=1, max_size=60))
def test_values_are_never_shown_where_there_is_no_body(rows: list[tuple[bool, int]]) -> None:
    """Whatever the parser flags, a row without a body is not visible, and a demolished one has an attacker."""
    body = moving(len(rows))
    exists = np.array([there for there, _ in rows])
    body[~exists] = NO_BODY
    flag = np.array([attacker for _, attacker in rows], dtype=np.float32)
    presence = player_presence(body, flag, np.arange(len(rows)) / 10)

    assert not (presence.visible & ~exists).any()
    assert (presence.demolished <= presence.present).all()
    assert (presence.attacker[presence.demolished] >= 0).all()
    assert (presence.attacker[~presence.demolished] == -1).all()
