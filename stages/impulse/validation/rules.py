"""The quality rules: what is measured, against which threshold, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from impulse.config.validate import Severity, ValidateParams
from impulse.replay.reasons import Reason
from impulse.schema.physics import (
    ARENA_X_UU,
    ARENA_Y_UU,
    CEILING_UU,
    GOAL_DEPTH_UU,
    MAX_BALL_SPEED_UU_S,
    MAX_BALL_SPIN_RAD_S,
    MAX_CAR_SPEED_UU_S,
    MAX_CAR_SPIN_RAD_S,
    POSITION_SLACK_UU,
)


class Bound(StrEnum):
    """Which side of the threshold is good."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: ``measure`` must be at least or at most the threshold. A measure that is null is not judged."""

    reason: Reason
    """Its code is also the name of the setting that says what a violation does (``validate.severity``)."""
    measure: str
    """Column of the verdicts."""
    bound: Bound
    threshold: str | int
    """Name of the setting of the validate section, or a fixed number where no other value makes sense."""
    unit: str
    meaning: str
    source: str = ""
    """Where the physical limits come from."""
    fact: str = ""
    """For a measure that is only yes or no: the column that tells more."""

    @property
    def is_flag(self) -> bool:
        """Tell whether the measure is only yes or no."""
        return bool(self.fact)

    def limit(self, params: ValidateParams) -> float | None:
        """Return the threshold in force; None when the rule is off."""
        if isinstance(self.threshold, str):
            value: float | None = getattr(params, self.threshold)
            return value
        return self.threshold

    def severity(self, params: ValidateParams) -> Severity:
        """Return what a violation does to a replay."""
        severity: Severity = getattr(params.severity, self.reason.value)
        return severity if self.limit(params) is not None else Severity.ignore

    def expected(self, params: ValidateParams) -> str:
        """Return what the measure must be, in words."""
        limit = self.limit(params)
        if limit is None:
            return "off"
        return "no" if self.is_flag else f"{self.bound} {limit:g} {self.unit}".rstrip()

    def finding(self, value: float, fact: object, params: ValidateParams) -> str:
        """Return what was found in a replay that violates the rule, and what was expected.

        Args:
            value: the measure.
            fact: the replay's value of :attr:`fact`, for a flag.
            params: the settings.
        """
        if self.is_flag:
            return f"{self.fact} is {'unknown' if fact is None else fact}, expected: {self.meaning}"
        return f"{self.measure} is {value:g}, must be {self.bound} {self.limit(params):g}"


_LEAST, _MOST = Bound.AT_LEAST, Bound.AT_MOST
_ROWS, _GOALS, _PLAYERS, _SHARE = "rows", "goals", "players", "of the rows"
_WIKI = "RLBot wiki, useful game values"
_ARENA = (
    f"inside the standard arena: |x| {ARENA_X_UU:g}, |y| {ARENA_Y_UU + GOAL_DEPTH_UU:g} with the goals, "
    f"z 0 to {CEILING_UU:g} uu, each {POSITION_SLACK_UU:g} uu more; other modes are larger"
)

RULES: tuple[Rule, ...] = (
    Rule(Reason.TOO_FEW_FRAMES, "rows", _LEAST, "min_frames", _ROWS, "long enough to learn from"),
    Rule(Reason.TOO_MANY_FRAMES, "rows", _MOST, "max_frames", _ROWS, "not a recording left running"),
    Rule(Reason.TOO_FEW_PLAYERS, "n_players", _LEAST, "min_players", _PLAYERS, "a match, not a training"),
    Rule(Reason.TOO_MANY_PLAYERS, "players_at_once", _MOST, "max_players", _PLAYERS, "no more than 4 against 4"),
    Rule(Reason.NON_FINITE, "non_finite", _MOST, 0, "values", "numbers only, no NaN or infinity"),
    Rule(Reason.TIME_NOT_MONOTONIC, "time_steps_back", _MOST, 0, _ROWS, "time runs forward"),
    Rule(
        Reason.BAD_QUATERNIONS,
        "max_quat_error",
        _MOST,
        "max_quat_error",
        "",
        "rotations have length 1, as rotations do",
    ),
    Rule(Reason.BALL_OUTSIDE_ARENA, "outside_ball_pos", _MOST, "max_outside_ball_pos", _SHARE, f"ball {_ARENA}", _WIKI),
    Rule(
        Reason.BALL_TOO_FAST,
        "outside_ball_vel",
        _MOST,
        "max_outside_ball_vel",
        _SHARE,
        f"ball no faster than {MAX_BALL_SPEED_UU_S:g} uu/s",
        _WIKI,
    ),
    Rule(
        Reason.BALL_SPINS_TOO_FAST,
        "outside_ball_angvel",
        _MOST,
        "max_outside_ball_angvel",
        _SHARE,
        f"ball spins at no more than {MAX_BALL_SPIN_RAD_S:g} rad/s",
        _WIKI,
    ),
    Rule(Reason.CAR_OUTSIDE_ARENA, "outside_car_pos", _MOST, "max_outside_car_pos", _SHARE, f"cars {_ARENA}", _WIKI),
    Rule(
        Reason.CAR_TOO_FAST,
        "outside_car_vel",
        _MOST,
        "max_outside_car_vel",
        _SHARE,
        f"cars no faster than {MAX_CAR_SPEED_UU_S:g} uu/s",
        _WIKI,
    ),
    Rule(
        Reason.CAR_SPINS_TOO_FAST,
        "outside_car_angvel",
        _MOST,
        "max_outside_car_angvel",
        _SHARE,
        f"cars spin at no more than {MAX_CAR_SPIN_RAD_S:g} rad/s",
        _WIKI,
    ),
    Rule(Reason.NO_BALL, "share_ball_missing", _MOST, "max_share_ball_missing", _SHARE, "there is a ball"),
    Rule(Reason.MOSTLY_HELD, "share_held", _MOST, "max_share_held", _SHARE, "rows are not mostly repeats"),
    Rule(
        Reason.ROSTER_INCOMPLETE,
        "players_missing",
        _MOST,
        "max_players_missing",
        _PLAYERS,
        "as many players on the field as the match was made for; not judged in private matches, whose team size is a limit",
    ),
    Rule(
        Reason.ROSTER_UNBALANCED,
        "share_unbalanced",
        _MOST,
        "max_share_unbalanced",
        "of the play",
        "both teams have as many players on the field",
    ),
    Rule(Reason.BOTS, "n_bots", _MOST, "max_bots", "bots", "people play, not the game"),
    Rule(
        Reason.SCORE_MISMATCH,
        "goal_mismatch",
        _MOST,
        "max_goal_mismatch",
        _GOALS,
        "the header's list of goals adds up to its score",
    ),
    Rule(
        Reason.GOALS_NOT_SHOWN,
        "goals_unseen",
        _MOST,
        "max_goals_unseen",
        _GOALS,
        "the frames show as many goals as the header lists",
    ),
    Rule(
        Reason.PLAYER_GOALS_MISMATCH,
        "player_goal_mismatch",
        _MOST,
        "max_player_goal_mismatch",
        _GOALS,
        "the goals of the listed players add up to the score; the header leaves out leavers, and own goals count for nobody",
    ),
    Rule(
        Reason.DURATION_MISMATCH,
        "duration_gap",
        _MOST,
        "max_duration_gap",
        "of the match",
        "as many seconds on the clock as the header tells; not judged before about 2024, when headers did not tell",
    ),
    Rule(Reason.FORFEIT, "is_forfeit", _MOST, 0, "", "played to the end", fact="is_forfeit"),
    Rule(Reason.UNKNOWN_MAP, "map_unknown", _MOST, 0, "", "a map of the game, not a custom one", fact="map_code"),
    Rule(
        Reason.UNKNOWN_MODE,
        "mode_unknown",
        _MOST,
        0,
        "",
        "a mode that the playlist or the class of the game tells",
        fact="mode",
    ),
    Rule(Reason.OTHER_MODE, "mode_other", _MOST, 0, "", "played by the rules of soccer", fact="mode"),
)


@dataclass(frozen=True, slots=True)
class EarlierRule:
    """A rule that stages before validate enforce, always and for every file."""

    stage: str
    reasons: tuple[Reason, ...]
    meaning: str


EARLIER_RULES: tuple[EarlierRule, ...] = (
    EarlierRule(
        "fetch",
        (Reason.TRUNCATED, Reason.HEADER_CRC, Reason.BODY_CRC),
        "integrity: the lengths and both CRC-32 that the file carries are those of its bytes",
    ),
    EarlierRule("parse", (Reason.BYTES_CHANGED,), "integrity: the file is still the one that fetch verified (SHA-256)"),
    EarlierRule("parse", (Reason.FRAMES_MISSING,), "the frames reach to the last keyframe of the file"),
)
