"""What a decoder makes of one replay; both decoders give the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.decoding.match_facts import MatchFacts
from impulse.decoding.people import Person, Stint
from impulse.decoding.presence import Presence
from impulse.decoding.setups import Setup
from impulse.decoding.statistics import Statistics

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Untold:
    """Where the file does not tell a value, whatever the array holds there."""

    clock: Flags
    """(rows,)."""
    state: Flags
    countdown: Flags
    ball_hit: Flags
    ball: Flags
    """There are several, and nothing says which one plays."""
    boost: tuple[Flags, ...]
    """(rows,) for each stint in the order of the array."""

    def at(self, rows: Rows) -> Untold:
        """Return the same of some rows."""
        one = {name: getattr(self, name)[rows] for name in ("clock", "state", "countdown", "ball_hit", "ball")}
        return Untold(**one, boost=tuple(flags[rows] for flags in self.boost))


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What only a walk through all network frames tells."""

    times: npt.NDArray[np.float32]
    """(frames,) s of every network frame."""
    scores: tuple[tuple[int, int, int], ...]
    """Network frame, team (0 blue, 1 orange) and its new score, in order."""


@dataclass(frozen=True, slots=True)
class DecodedReplay:
    """One replay, decoded."""

    meta: dict[str, Any]
    """The parser's ``replay_meta``: teams, players, header properties, game type, season."""
    array: npt.NDArray[np.floating[Any]]
    """(rows, columns): the global columns, then one block of player columns for each stint, blue team first."""
    people: tuple[Person, ...]
    """Blue first, by the last team of each."""
    stints: tuple[Stint, ...]
    """In the order of the blocks; people who change sides have one in each team, all others one."""
    untold: Untold
    presences: tuple[Presence, ...]
    """Of each stint, in the same order."""
    balls_at_once: int
    """Most balls in one network frame."""
    playlist_id: int | None
    """The game's number of the playlist."""
    why_exact: tuple[str, ...] = ()
    """Why the exact decoder made it; empty for the parser's array call."""
    unknown_features: frozenset[str] = frozenset()
    """Features whose values in the array mean nothing."""
    network: NetworkFacts | None = None
    without_car: tuple[Person, ...] = ()
    """Who came to a team during play and never had a car, as bots that take over in the last seconds."""
    setups: tuple[Setup, ...] = ()
    """What each person plays with, in the order of the people."""
    statistics: tuple[Statistics, ...] | None = None
    """Of each person; only a walk through all network frames tells them."""
    match: MatchFacts = field(default_factory=MatchFacts)
    """Guid, server, rules and the like."""

    @property
    def n_blue(self) -> int:
        """How many of the stints are in the blue team; they come first."""
        return sum(stint.team == 0 for stint in self.stints)


def with_rows(decoded: DecodedReplay, rows: Rows) -> DecodedReplay:
    """Return a replay with some of its rows, which are given in order."""
    return replace(
        decoded,
        array=decoded.array[rows],
        untold=decoded.untold.at(rows),
        presences=tuple(_presence_in(presence, rows) for presence in decoded.presences),
    )


def _presence_in(presence: Presence, rows: Rows) -> Presence:
    demolished = presence.demolished[rows]
    onsets = np.unique(np.searchsorted(rows, presence.onsets))
    onsets = onsets[onsets < len(rows)]
    return Presence(presence.present[rows], demolished, presence.attacker[rows], onsets[demolished[onsets]])
