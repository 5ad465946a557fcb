"""The settings of the validate stage: the rules, and which replays are wanted at all."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import permutations

from impulse.config.ranges import check_numbers, check_range, plain_number
from impulse.errors import ConfigError, check_known
from impulse.replay.modes import GameMode
from impulse.replay.reasons import Reason
from impulse.tables.dedupe_reasons import DedupeReason


class Severity(StrEnum):
    """What a violated rule does to a replay."""

    reject = "reject"
    warn = "warn"
    ignore = "ignore"
    """It is measured and nothing else."""


RANKS: tuple[str, ...] = (
    *(
        f"{tier}-{number}"
        for tier in ("bronze", "silver", "gold", "platinum", "diamond", "champion", "grand-champion")
        for number in (1, 2, 3)
    ),
    "supersonic-legend",
)
"""Ranks by the API's names, lowest first."""


def rank_number(rank: str | None) -> int | None:
    """Return the place of a rank in :data:`RANKS`; None for no rank.

    The one grand champion of the seasons before free to play counts as the first of the three of today.
    """
    name = "grand-champion-1" if rank == "grand-champion" else rank
    return RANKS.index(name) if name in RANKS else None


@dataclass
class Rule:
    """What must be true of a replay. A measure that a replay does not have is not judged.

    Not frozen: Hydra could not change one field of an entry that is.
    """

    measure: str = ""
    """What is judged, a column of :data:`impulse.tables.validated.JUDGED_COLUMNS`; yes and no count as 1 and 0."""
    at_most: float | None = None
    at_least: float | None = None
    """The bound, which itself is still good; each rule has one of the two."""
    severity: Severity = Severity.reject
    """What a violated rule does."""
    because: str = ""
    """What a good replay is like, for whoever reads the report."""

    @property
    def bound(self) -> tuple[str, float]:
        """Return ``at_most`` or ``at_least``, and its value."""
        return ("at_least", self.at_least or 0.0) if self.at_most is None else ("at_most", self.at_most)

    def check(self, key: str) -> None:
        """Raise a ConfigError that names the field below ``key`` unless the rule can be applied."""
        from impulse.tables.validated import JUDGED_COLUMNS  # brings Arrow, which a script must not need to start

        check_known(f"{key}.measure", self.measure, JUDGED_COLUMNS, what="measure")
        column = JUDGED_COLUMNS[self.measure]
        if (self.at_most is None) == (self.at_least is None):
            raise ConfigError(key, f"needs either at_most or at_least; '~{key}' switches the rule off")
        check_numbers(self, key)
        name, limit = self.bound
        upper = 1 if column.dtype == "bool" else column.upper
        check_range(f"{key}.{name}", limit, column.lower or 0, math.inf if upper is None else upper)
        if column.dtype.startswith("int") and limit % 1:
            raise ConfigError(f"{key}.{name}", f"{limit:g} is no whole number, and {self.measure} always is")
        if not self.because:
            raise ConfigError(f"{key}.because", "is empty; it says what a good replay is like")


@dataclass(frozen=True)
class FilterParams:
    """Which replays are wanted; null takes all. A filter that is set leaves out replays that do not have the fact."""

    mode: list[GameMode] | None = None
    map: list[str] | None = None
    """Maps by the game's own names (map_code), whatever the case of their letters."""
    playlist: list[str] | None = None
    """Playlists by the API's names; for files that no API listed, from the playlist's number in the replay."""
    players_a_side: list[int] | None = None
    """Players a side who were on the field for a good part of the play, whatever the header says."""
    mutated: bool | None = None
    """True takes matches with mutators, false those without."""
    date_from: str | None = None
    """First day that is wanted, YYYY-MM-DD, in the recorder's local time."""
    date_to: str | None = None
    """Last day that is wanted."""
    min_rank: str | None = None
    """No player of the match may be ranked below it; only replays from the API have ranks."""
    max_rank: str | None = None
    """No player of the match may be ranked above it."""

    def __post_init__(self) -> None:
        """Check values."""
        for name in ("mode", "map", "playlist", "players_a_side"):
            if getattr(self, name) == []:
                raise ConfigError(f"validate.filter.{name}", "an empty list selects nothing; null takes all")
        if self.players_a_side is not None:
            sizes = [plain_number("validate.filter.players_a_side", size, int) for size in self.players_a_side]
            object.__setattr__(self, "players_a_side", sizes)
            for size in sizes:
                check_range("validate.filter.players_a_side", size, 1, 8)
        first, last = self.day("date_from"), self.day("date_to")
        if first and last and first > last:
            raise ConfigError("validate.filter.date_from", f"{first} is after validate.filter.date_to, {last}")
        for name in ("min_rank", "max_rank"):
            rank = getattr(self, name)
            if rank is not None and rank_number(rank) is None:
                check_known(f"validate.filter.{name}", rank, RANKS, what="rank")
        lowest, highest = rank_number(self.min_rank), rank_number(self.max_rank)
        if lowest is not None and highest is not None and lowest > highest:
            raise ConfigError(
                "validate.filter.min_rank", f"{self.min_rank} is above validate.filter.max_rank, {self.max_rank}"
            )

    def day(self, name: str) -> date | None:
        """Return ``date_from`` or ``date_to`` as a date."""
        text: str | None = getattr(self, name)
        if text is None:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise ConfigError(f"validate.filter.{name}", f"{text!r} is no day, must be YYYY-MM-DD")


@dataclass(frozen=True)
class ValidateParams:
    """Settings of the validate stage."""

    rules: dict[str, Rule] = field(default_factory=dict)
    """The rules by their reason codes, in the order in which they are judged."""
    enforce: bool = True
    """False measures everything and judges nothing; what the filters leave out stays out."""
    max_reject_share: float = 1.0
    """The stage fails when it rejects a larger share of the replays that pass the filters."""
    filter: FilterParams = field(default_factory=FilterParams)

    def __post_init__(self) -> None:
        """Check values."""
        check_numbers(self, "validate")
        check_range("validate.max_reject_share", self.max_reject_share, 0, 1)
        for code, rule in self.rules.items():
            if not re.fullmatch(r"(?!filtered_)[a-z][a-z0-9_]*", code):
                raise ConfigError(
                    f"validate.rules.{code}", "is no reason code: lower case, digits and _, and not filtered_..."
                )
            if code in (*Reason, *DedupeReason):
                raise ConfigError(f"validate.rules.{code}", "is the reason code of another reject; choose another name")
            rule.check(f"validate.rules.{code}")
        rejecting = [(code, rule) for code, rule in self.rules.items() if rule.severity is Severity.reject]
        for (low, least), (high, most) in permutations(rejecting, 2):
            if least.measure == most.measure and (least.at_least or 0) > (
                math.inf if most.at_most is None else most.at_most
            ):
                raise ConfigError(
                    f"validate.rules.{low}.at_least",
                    f"{least.at_least:g} is above validate.rules.{high}.at_most, {most.at_most:g}",
                )

    def severity(self, code: str) -> Severity:
        """Return what a violation of a rule does to a replay."""
        return self.rules[code].severity if self.enforce else Severity.ignore
