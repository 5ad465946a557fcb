"""Clock and phase of rows: which rows repeat a network frame, and what the game was doing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from impulse.schema.frames import GAME_STATES, PLAY_STATE

LONGEST_CLOCK_SECONDS = 3600
"""Longer clocks are sentinels of matches without one; the longest real setting is 20 minutes plus overtime."""


def held_rows(frame_time: npt.NDArray[np.float32], time: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Mark rows that show a network frame which another row shows closer to its time.

    The parser shows in each row the first network frame at or after the row's time. Of several rows that show one
    frame, the last is the closest; the others repeat it ahead of time, for seconds in the gap after a goal. Where rows
    show the last network frame before their time instead, the first is the closest.

    Args:
        frame_time: (rows,) time in s of the network frame that each row shows.
        time: (rows,) time in s of the row itself.
    """
    repeats = frame_time[1:] == frame_time[:-1]
    held = np.zeros(len(frame_time), dtype=bool)
    if (frame_time > time).any():
        held[:-1] = repeats
    else:
        held[1:] = repeats
    return held


def game_states(codes: npt.NDArray[np.floating], names: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Decode the game state of every row.

    Args:
        codes: (rows,) indices into the replay's own name table, as the parser gives them.
        names: the name table.

    Returns:
        (rows,) int32 indices into the returned list of state names; -1 where the state is not known.
    """
    used, inverse = np.unique(codes, return_inverse=True)
    states: list[str] = []
    lookup = np.full(len(used), -1, dtype=np.int32)
    for position, code in enumerate(used):
        index = int(code) if np.isfinite(code) else -1
        name = names[index] if 0 <= index < len(names) else ""
        if name and name != "None":
            if name not in states:
                states.append(name)
            lookup[position] = states.index(name)
    return lookup[inverse], states


def clock_known(values: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Tell where the match clock is known.

    The parser gives 0 until the clock was first sent, and a huge number in matches without one.

    Args:
        values: (rows,) seconds remaining as the parser gives them.

    Returns:
        (rows,) bool, true where the value is a clock.
    """
    known: npt.NDArray[np.bool_] = np.isfinite(values) & (values >= 0) & (values <= LONGEST_CLOCK_SECONDS)
    sent = np.flatnonzero(values != 0)
    first = int(sent[0]) if len(sent) else len(values)
    known[:first] = False
    return known


def in_play(states: npt.NDArray[np.int32], names: Sequence[str]) -> npt.NDArray[np.bool_] | None:
    """Tell in which rows the game says that it is played.

    Args:
        states: (rows,) state codes from :func:`game_states`.
        names: names of the states.

    Returns:
        (rows,) bool; None where the file has none of the game's states.
    """
    if not set(names) & set(GAME_STATES):
        return None
    played: npt.NDArray[np.bool_] = states == (names.index(PLAY_STATE) if PLAY_STATE in names else -2)
    return played
