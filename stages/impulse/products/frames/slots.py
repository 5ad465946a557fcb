"""Which slot of the frames each player has: blue 0..k-1, orange k..2k-1, one slot for the whole replay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from impulse.errors import UnsupportedReplay
from impulse.products.frames.presence import Presence
from impulse.replay.reasons import Reason


def assign_slots(presences: Sequence[Presence], *, n_blue: int, slots_per_team: int) -> tuple[int, ...]:
    """Return the slot of every player.

    A team that fits has one slot for each player, in the parser's order. In a larger one, where players left and others
    took their places, a player who comes takes the lowest slot whose last holder has gone for good.

    Args:
        presences: presence of each player in the parser's order, blue first.
        n_blue: how many of them are blue.
        slots_per_team: k.

    Raises:
        UnsupportedReplay: ``no_players``, or ``team_too_large`` when a team has more than k players at once.
    """
    if not presences:
        raise UnsupportedReplay(Reason.NO_PLAYERS, "the parser found no player on either team")
    blue = _assign_team(presences[:n_blue], slots_per_team, "blue")
    orange = _assign_team(presences[n_blue:], slots_per_team, "orange")
    return (*blue, *(slots_per_team + slot for slot in orange))


def _assign_team(presences: Sequence[Presence], slots: int, team: str) -> list[int]:
    if len(presences) <= slots:
        return list(range(len(presences)))
    spans = [
        (int(where[0]), int(where[-1])) if len(where := np.flatnonzero(one.present)) else (0, -1) for one in presences
    ]
    taken_until = [-1] * slots
    assigned = [0] * len(presences)
    for player in sorted(range(len(presences)), key=lambda number: spans[number]):
        first, last = spans[player]
        free = next((slot for slot in range(slots) if taken_until[slot] < first), None) if last >= 0 else 0
        if free is None:
            raise UnsupportedReplay(
                Reason.TEAM_TOO_LARGE,
                f"more than {slots} {team} players at once ({len(presences)} in all); raise parse.slots_per_team",
            )
        assigned[player] = free
        taken_until[free] = max(taken_until[free], last)
    return assigned


def arrival_row(presence: Presence) -> int:
    """Return the first row with a player on the field; a number beyond all rows for one who never is."""
    where = np.flatnonzero(presence.present)
    return int(where[0]) if len(where) else len(presence.present)
