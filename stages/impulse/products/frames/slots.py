"""Which slot of the frames each player has: blue 0..k-1, orange k..2k-1, one slot for the whole replay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from impulse.decoding.presence import Presence
from impulse.errors import UnsupportedReplay
from impulse.replay.reasons import Reason

LONGEST_HANDOVER_SECONDS = 3.0
"""For so long a bot and the person whose place it takes, or who takes its place, may both be on the field: real ones are for
one or two."""


def assign_slots(
    presences: Sequence[Presence],
    bots: Sequence[bool],
    time: npt.NDArray[np.floating],
    *,
    n_blue: int,
    slots_per_team: int,
) -> tuple[int, ...]:
    """Return the slot of every player.

    A team that fits has one slot for each player, in the parser's order. In a larger one, where players left and others
    took their places, a player who comes takes the lowest slot whose last holder has gone for good. While a bot hands over
    to a person, or a person to a bot, they share a slot, which shows the person.

    Args:
        presences: presence of each player in the parser's order, blue first.
        bots: which of them are bots.
        time: (rows,) s.
        n_blue: how many of them are blue.
        slots_per_team: k.

    Raises:
        UnsupportedReplay: ``no_players``, or ``team_too_large`` when a team has more than k players at once.
    """
    if not presences:
        raise UnsupportedReplay(Reason.NO_PLAYERS, "the parser found no player on either team")
    teams = slice(None, n_blue), slice(n_blue, None)
    blue, orange = (
        _assign_team(presences[team], bots[team], time, slots_per_team, name)
        for team, name in zip(teams, ("blue", "orange"), strict=True)
    )
    return (*blue, *(slots_per_team + slot for slot in orange))


def _assign_team(
    presences: Sequence[Presence], bots: Sequence[bool], time: npt.NDArray[np.floating], slots: int, team: str
) -> list[int]:
    if len(presences) <= slots:
        return list(range(len(presences)))
    spans = [presence_span(presence) for presence in presences]
    holders: list[int | None] = [None] * slots
    assigned = [0] * len(presences)
    for player in sorted(range(len(presences)), key=lambda number: spans[number]):
        first, last = spans[player]
        if last < 0:
            continue
        free = next((slot for slot, holder in enumerate(holders) if holder is None or spans[holder][1] < first), None)
        if free is None:
            handed = [
                (time[spans[holder][1]] - time[first], slot)
                for slot, holder in enumerate(holders)
                if holder is not None and bots[holder] != bots[player]
            ]
            overlap, free = min(handed, default=(np.inf, 0))
            if overlap > LONGEST_HANDOVER_SECONDS:
                raise UnsupportedReplay(
                    Reason.TEAM_TOO_LARGE,
                    f"more than {slots} {team} players at once ({len(presences)} in all); raise parse.slots_per_team",
                )
        assigned[player] = free
        holder = holders[free]
        holders[free] = player if holder is None or last > spans[holder][1] else holder
    return assigned


def presence_span(presence: Presence) -> tuple[int, int]:
    """Return the first and the last row with a player on the field; (0, -1) for one who never is."""
    where = np.flatnonzero(presence.present)
    return (int(where[0]), int(where[-1])) if len(where) else (0, -1)


def takeover_rows(presences: Sequence[Presence], bots: Sequence[bool]) -> list[tuple[int, int]]:
    """Return who of the players of one slot holds it from which row on: (player, row), in order.

    Args:
        presences: of the players of the slot.
        bots: which of them are bots; a person goes before a bot.
    """
    return turns_of([presence_span(presence) for presence in presences], bots)


def turns_of(spans: Sequence[tuple[int, int]], bots: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the same by the first and the last row of each player on the field, (0, -1) for one who never is."""
    order = sorted(range(len(spans)), key=lambda player: spans[player])
    present = [player for player in order if spans[player][1] >= 0]
    turns: list[tuple[int, int]] = []
    for player in present or order[:1]:
        first = max(spans[player][0], turns[-1][1] if turns else 0)
        if turns and bots[player] and not bots[before := turns[-1][0]]:
            first = max(first, spans[before][1] + 1)
        turns.append((player, first if turns else 0))
    return turns
