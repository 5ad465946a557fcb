"""The parameters of the validate stage: thresholds, what a violated rule does, and which replays are wanted at all."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from impulse.config.ranges import check_range
from impulse.errors import ConfigError
from impulse.replay.modes import GameMode


class Severity(StrEnum):
    """What a violated rule does to a replay."""

    reject = "reject"
    warn = "warn"
    ignore = "ignore"
    """It is measured and nothing else."""


RANKS: tuple[str, ...] = (
    *(f"{tier}-{n}" for tier in ("bronze", "silver", "gold", "platinum", "diamond", "champion") for n in (1, 2, 3)),
    "grand-champion-1",
    "grand-champion-2",
    "grand-champion-3",
    "supersonic-legend",
)
"""Ranks by the API's names, lowest first."""


def rank_number(rank: str | None) -> int | None:
    """Return the place of a rank in :data:`RANKS`; None for no rank.

    The one grand champion of the seasons before free to play counts as the first of the three of today.
    """
    name = "grand-champion-1" if rank == "grand-champion" else rank
    return RANKS.index(name) if name in RANKS else None


@dataclass(frozen=True)
class SeverityParams:
    """What each rule does to a replay that violates it, by reason code."""

    too_few_frames: Severity = Severity.reject
    too_many_frames: Severity = Severity.reject
    too_few_players: Severity = Severity.reject
    too_many_players: Severity = Severity.reject
    non_finite_values: Severity = Severity.reject
    bad_quaternions: Severity = Severity.reject
    time_not_monotonic: Severity = Severity.reject
    ball_outside_arena: Severity = Severity.warn
    ball_too_fast: Severity = Severity.warn
    ball_spins_too_fast: Severity = Severity.warn
    car_outside_arena: Severity = Severity.warn
    car_too_fast: Severity = Severity.warn
    car_spins_too_fast: Severity = Severity.warn
    no_ball: Severity = Severity.warn
    mostly_held: Severity = Severity.warn
    roster_incomplete: Severity = Severity.warn
    roster_unbalanced: Severity = Severity.warn
    bots: Severity = Severity.warn
    score_mismatch: Severity = Severity.warn
    goals_not_shown: Severity = Severity.warn
    player_goals_mismatch: Severity = Severity.warn
    duration_mismatch: Severity = Severity.warn
    forfeit: Severity = Severity.ignore
    unknown_map: Severity = Severity.warn
    unknown_mode: Severity = Severity.warn
    other_mode: Severity = Severity.warn


@dataclass(frozen=True)
class FilterParams:
    """Which replays are wanted; null takes all. A filter that is set leaves out replays that do not tell the fact."""

    mode: list[GameMode] | None = None
    map: list[str] | None = None
    """Maps by the game's own names (map_code), whatever the case of their letters."""
    playlist: list[str] | None = None
    """Playlists by the API's names; for files that no API listed, from the playlist's number in the replay."""
    team_size: list[int] | None = None
    """Players a side: of the match that the game made, or as many as really played in private matches."""
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
        for name in ("mode", "map", "playlist", "team_size"):
            if getattr(self, name) == []:
                raise ConfigError(f"validate.filter.{name}", "an empty list leaves nothing over; null takes all")
        for size in self.team_size or ():
            check_range("validate.filter.team_size", size, 1, 8)
        for name in ("date_from", "date_to"):
            self.day(name)
        first, last = self.day("date_from"), self.day("date_to")
        if first and last and first > last:
            raise ConfigError("validate.filter.date_from", f"{first} is after validate.filter.date_to, {last}")
        for name in ("min_rank", "max_rank"):
            rank = getattr(self, name)
            if rank is not None and rank_number(rank) is None:
                raise ConfigError(f"validate.filter.{name}", f"{rank!r} is no rank; known are {', '.join(RANKS)}")
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
    """Thresholds of the validate stage; null switches a rule off."""

    min_frames: int | None = 100
    max_frames: int | None = 100_000
    min_players: int | None = 2
    max_players: int | None = 8
    max_quat_error: float | None = 0.001
    """Distance of a quaternion's norm from 1."""
    max_outside_ball_pos: float | None = 0.01
    """Share of the rows with a ball in which it may be outside its physical bounds; likewise for the next five."""
    max_outside_ball_vel: float | None = 0.01
    max_outside_ball_angvel: float | None = 0.01
    max_outside_car_pos: float | None = 0.01
    max_outside_car_vel: float | None = 0.01
    max_outside_car_angvel: float | None = 0.01
    max_share_ball_missing: float | None = 0.2
    max_share_held: float | None = 0.5
    max_players_missing: int | None = 0
    """Players that the match was set up for and who never were on the field together with the others."""
    max_share_unbalanced: float | None = 0.1
    """Share of the play in which one team has more players on the field than the other."""
    max_bots: int | None = 0
    max_goal_mismatch: int | None = 0
    """Goals by which the header's list of goals and its score may differ."""
    max_goals_unseen: int | None = 0
    """Goals by which the header's list and what the frames show may differ."""
    max_player_goal_mismatch: int | None = 0
    """Goals by which the header's statistics of players and its score may differ."""
    max_duration_gap: float | None = 0.05
    """Share of the seconds played by which the recording and the header may differ."""
    max_reject_share: float = 1.0
    """The stage fails when it rejects a larger share of the replays that the filters leave over."""
    severity: SeverityParams = field(default_factory=SeverityParams)
    filter: FilterParams = field(default_factory=FilterParams)

    def __post_init__(self) -> None:
        """Check values."""
        for name, value in vars(self).items():
            if isinstance(value, int | float):
                is_share = name.startswith(("max_share", "max_outside", "max_reject"))
                check_range(f"validate.{name}", value, 0, 1 if is_share else math.inf)
        for what in ("frames", "players"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                raise ConfigError(f"validate.min_{what}", f"{least} is above validate.max_{what}, {most}")
