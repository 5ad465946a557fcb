"""Filters: which replays are wanted at all. What they leave out is not bad, only not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from impulse.config.validate import RANKS, FilterParams, rank_number
from impulse.validation.rules import in_words

Wanted = Callable[[pa.Table, FilterParams], pa.ChunkedArray]
"""Says for each row whether it is wanted; null or false where the replay does not say."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of ``validate.filter``."""

    name: str
    facts: tuple[str, ...]
    """Columns that it looks at; a replay without one of them is left out."""
    settings: tuple[str, ...]
    """Names of its settings; the filter is off when all are null."""
    is_wanted: Wanted

    @property
    def reason(self) -> str:
        """Reason code of the replays that it leaves out."""
        return f"filtered_{self.name}"

    def is_set(self, params: FilterParams) -> bool:
        """Tell whether the settings ask for anything."""
        return bool(self.asked(params))

    def unwanted_rows(self, rows: pa.Table, params: FilterParams) -> list[int]:
        """Return the numbers of the rows that the filter leaves out."""
        wanted = pc.fill_null(self.is_wanted(rows, params), False)
        rows_left_out: list[int] = pc.indices_nonzero(pc.invert(wanted)).to_pylist()
        return rows_left_out

    def finding(self, facts: Iterable[object], params: FilterParams) -> str:
        """Return what one replay is and what was asked for.

        Args:
            facts: the replay's values of :attr:`facts`.
            params: the settings.
        """
        found = ", ".join(f"{name} is {in_words(value)}" for name, value in zip(self.facts, facts, strict=True))
        asked = " and ".join(f"{name} {value}" for name, value in self.asked(params))
        return f"{found}; asked for {asked}"

    def asked(self, params: FilterParams) -> list[tuple[str, str]]:
        """Return the settings that ask for something, by name and in words."""
        return [
            (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
            for name in self.settings
            if (value := getattr(params, name)) is not None
        ]


def _one_of(fact: str, setting: str) -> Wanted:
    def is_wanted(rows: pa.Table, params: FilterParams) -> pa.ChunkedArray:
        return pc.is_in(rows[fact], value_set=pa.array(getattr(params, setting), rows[fact].type))

    return is_wanted


def _is_wanted_map(rows: pa.Table, params: FilterParams) -> pa.ChunkedArray:
    return pc.is_in(pc.utf8_lower(rows["map_code"]), value_set=pa.array([name.lower() for name in params.map or ()]))


def _is_wanted_mutated(rows: pa.Table, params: FilterParams) -> pa.ChunkedArray:
    return pc.equal(rows["mutated"], pa.scalar(params.mutated))


def _is_wanted_date(rows: pa.Table, params: FilterParams) -> pa.ChunkedArray:
    dates = rows["date"]
    wanted = pc.is_valid(dates)
    if first := params.day("date_from"):
        wanted = pc.and_(wanted, pc.greater_equal(dates, pa.scalar(datetime.combine(first, time.min), dates.type)))
    if last := params.day("date_to"):
        end = datetime.combine(last, time.min) + timedelta(days=1)
        wanted = pc.and_(wanted, pc.less(dates, pa.scalar(end, dates.type)))
    return wanted


def _is_wanted_rank(rows: pa.Table, params: FilterParams) -> pa.ChunkedArray:
    lowest, highest = _rank_numbers(rows["min_rank"]), _rank_numbers(rows["max_rank"])
    least = rank_number(params.min_rank) if params.min_rank else 0
    most = rank_number(params.max_rank) if params.max_rank else len(RANKS)
    return pc.and_(pc.greater_equal(lowest, least), pc.less_equal(highest, most))


def _rank_numbers(ranks: pa.ChunkedArray) -> pa.ChunkedArray:
    names = (*RANKS, "grand-champion")
    numbers = pa.array([rank_number(name) for name in names])
    return pc.take(numbers, pc.index_in(ranks, value_set=pa.array(names)))


FILTERS: tuple[Filter, ...] = (
    Filter("mode", ("mode",), ("mode",), _one_of("mode", "mode")),
    Filter("map", ("map_code",), ("map",), _is_wanted_map),
    Filter("playlist", ("playlist",), ("playlist",), _one_of("playlist", "playlist")),
    Filter("players_a_side", ("players_a_side",), ("players_a_side",), _one_of("players_a_side", "players_a_side")),
    Filter("mutated", ("mutators",), ("mutated",), _is_wanted_mutated),
    Filter("date", ("date",), ("date_from", "date_to"), _is_wanted_date),
    Filter("rank", ("min_rank", "max_rank"), ("min_rank", "max_rank"), _is_wanted_rank),
)
