"""A module of the parser's statistics, as the columns that it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from impulse.schema.column import Column

Entries = tuple[tuple[str, str] | tuple[str, str, str], ...]
"""Name and meaning of each count; name, unit and meaning of all else."""

BOOST, BOOST_TIME = "% of a tank", "% of a tank s"
"""Boost as in the frames, a full tank is 100; the parser has 0 to 255. A sum over a match is more than a tank has."""

LABEL = "__"
"""In a column's name between the group of classes and the class: what the parser counts by class."""


@dataclass(frozen=True, slots=True)
class Module:
    """Names without that of the module, which every column begins with."""

    name: str
    both: Entries = ()
    """Of a player, and of a team: the sum of its players, or the most of one of them."""
    player: Entries = ()
    """Of a player only."""
    team: Entries = ()
    """Of a team only, and of the match: those are equal in the rows of both teams, and say so."""

    @property
    def of_player(self) -> Entries:
        """All that there is of a player."""
        return (*self.both, *self.player)

    @property
    def of_team(self) -> Entries:
        """All that there is of a team."""
        return (*self.both, *self.team)

    def columns(self, entries: Entries) -> Iterator[Column]:
        """Yield a column for each entry."""
        for name, *unit, meaning in entries:
            dtype = "float32" if unit else "int32"
            yield Column(f"{self.name}_{name}", dtype, meaning, "".join(unit), nullable=True, feature=self.name)


def classes(group: str, values: Iterable[tuple[str, str]]) -> Entries:
    """Return the counts of a group of classes, by class and its meaning."""
    return tuple((f"{group}{LABEL}{value}", meaning) for value, meaning in values)
