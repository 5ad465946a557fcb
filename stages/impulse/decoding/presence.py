"""Who is on the field in which row, read from the values that the parser fills in where there is nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from impulse.decoding.array_call import NO_BODY

LONGEST_RESPAWN_SECONDS = 4.0
"""A car comes back 3 s after its demolition; the rest allows for the sampling."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Presence of one player in every row."""

    present: npt.NDArray[np.bool_]
    """(rows,) the player has a car, or waits for it after a demolition."""
    demolished: npt.NDArray[np.bool_]
    """(rows,) the car is demolished and has not come back."""
    attacker: npt.NDArray[np.int16]
    """(rows,) position in the parser's player order of the player who demolished, the one after the last when that was none
    of them; -1 when not demolished."""
    onsets: npt.NDArray[np.intp]
    """Rows in which a demolition begins."""

    @property
    def visible(self) -> npt.NDArray[np.bool_]:
        """(rows,) the car is on the field, so its state is known."""
        return self.present & ~self.demolished


def body_exists(body: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Tell in which rows a body exists.

    Args:
        body: (rows, 13) position, quaternion, velocity, angular velocity as the parser gives them.
    """
    exists: npt.NDArray[np.bool_] = (body != NO_BODY).any(axis=1)
    return exists


def player_presence(
    body: npt.NDArray[np.floating], demolished_by: npt.NDArray[np.floating], time: npt.NDArray[np.floating]
) -> Presence:
    """Find the rows in which a player is on the field, and those in which the car is demolished.

    After a demolition the parser keeps the wreck's last state until the car comes back, but flags the demolition for
    30 network frames only. So the wreck is followed for as long as the body does not move. Some recordings remove the
    wreck before the car is back; the rows without a body then count as demolished for as long as a respawn takes.

    Args:
        body: (rows, 13) as for :func:`body_exists`.
        demolished_by: (rows,) position of the attacker in the parser's player order, or the one after the last; -1 when not
            flagged.
        time: (rows,) sample time in s.
    """
    exists = body_exists(body)
    rows = len(exists)
    demolished = np.zeros(rows, dtype=bool)
    attacker = np.full(rows, -1, dtype=np.int16)
    moved = np.ones(rows, dtype=bool)
    moved[1:] = (body[1:, :7] != body[:-1, :7]).any(axis=1)
    changes = np.flatnonzero(moved)
    # A new value of the flag begins a demolition, also right after another one's flag.
    before = np.concatenate(([-1.0], demolished_by[:-1]))
    onsets = []
    for onset in np.flatnonzero((demolished_by >= 0) & (demolished_by != before)):
        if demolished[onset]:
            continue
        end = _respawn_row(onset, changes, exists, time)
        demolished[onset:end] = True
        attacker[onset:end] = int(demolished_by[onset])
        onsets.append(onset)
    return Presence(exists | demolished, demolished, attacker, np.array(onsets, dtype=np.intp))


def _respawn_row(
    onset: np.intp, changes: npt.NDArray[np.intp], exists: npt.NDArray[np.bool_], time: npt.NDArray[np.floating]
) -> int:
    # The row of the flag may be the first that shows the wreck, so only later changes end the demolition.
    for change in changes[np.searchsorted(changes, onset, side="right") :]:
        if exists[change]:
            return int(change)
        if time[change] - time[onset] < LONGEST_RESPAWN_SECONDS:
            limit = int(np.searchsorted(time, time[onset] + LONGEST_RESPAWN_SECONDS))
            later = np.flatnonzero(exists[change:limit])
            return int(change + later[0]) if len(later) else int(change)
        return int(change)
    return len(exists)
