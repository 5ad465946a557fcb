"""The quality rules: what is measured, against which threshold, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from impulse.config.params import ValidateParams
from impulse.rejects import Reason


class Severity(StrEnum):
    """What a violated rule does to a replay."""

    WARN = "warn"
    REJECT = "reject"


class Bound(StrEnum):
    """Which side of the threshold is good."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: ``measure`` must be at least or at most the threshold."""

    measure: str
    """Column of the measures table."""
    bound: Bound
    threshold: str | float
    """Name of the setting of the validate section, or a fixed number where no other value makes sense."""
    reason: Reason
    severity: Severity
    unit: str
    meaning: str

    def limit(self, params: ValidateParams) -> float | None:
        """Return the threshold in force; None when the rule is off."""
        if isinstance(self.threshold, str):
            value: float | None = getattr(params, self.threshold)
            return value
        return self.threshold

    def violation(self, measures: Mapping[str, Any], params: ValidateParams) -> str | None:
        """Return what was found and expected when the rule is violated, None when it holds or is off."""
        limit = self.limit(params)
        found = measures[self.measure]
        if limit is None or found is None:
            return None
        holds = found >= limit if self.bound is Bound.AT_LEAST else found <= limit
        if holds:
            return None
        return f"{self.measure} is {found:g}, must be {self.bound} {limit:g}"


_LEAST, _MOST = Bound.AT_LEAST, Bound.AT_MOST
_WARN, _REJECT = Severity.WARN, Severity.REJECT

RULES: tuple[Rule, ...] = (
    Rule("rows", _LEAST, "min_frames", Reason.TOO_FEW_FRAMES, _REJECT, "rows", "long enough to learn from"),
    Rule("rows", _MOST, "max_frames", Reason.TOO_MANY_FRAMES, _REJECT, "rows", "not a recording left running"),
    Rule("n_players", _LEAST, "min_players", Reason.TOO_FEW_PLAYERS, _REJECT, "players", "a match, not a training"),
    Rule("players_at_once", _MOST, "max_players", Reason.TOO_MANY_PLAYERS, _REJECT, "players", "a standard mode"),
    Rule("non_finite", _MOST, 0, Reason.NON_FINITE, _REJECT, "values", "numbers only"),
    Rule("time_steps_back", _MOST, 0, Reason.TIME_NOT_MONOTONIC, _REJECT, "rows", "time runs forward"),
    Rule("max_quat_error", _MOST, "max_quat_error", Reason.BAD_QUATERNIONS, _REJECT, "", "rotations are rotations"),
    *(
        Rule(
            f"outside_{body}_{quantity}",
            _MOST,
            "max_share_outside",
            Reason.OUT_OF_BOUNDS,
            _WARN,
            "of the rows",
            meaning,
        )
        for body in ("ball", "car")
        for quantity, meaning in (
            ("pos", "inside the standard arena; other arenas and modes are larger"),
            ("vel", "no faster than the game lets it be"),
            ("angvel", "spins no faster than the game lets it"),
        )
    ),
    Rule(
        "share_ball_missing", _MOST, "max_share_ball_missing", Reason.NO_BALL, _WARN, "of the rows", "there is a ball"
    ),
    Rule(
        "share_held", _MOST, "max_share_held", Reason.MOSTLY_HELD, _WARN, "of the rows", "rows are not mostly repeats"
    ),
    Rule(
        "goal_mismatch",
        _MOST,
        0,
        Reason.SCORE_MISMATCH,
        _WARN,
        "goals",
        "the header agrees with itself about the score",
    ),
)


class Verdict(StrEnum):
    """Outcome for one replay."""

    ACCEPT = "accept"
    WARN = "warn"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict on one replay, with every violated rule."""

    verdict: Verdict
    reasons: tuple[tuple[Reason, str], ...]
    """Violated rules that reject: reason and what was found."""
    warnings: tuple[tuple[Reason, str], ...]
    """Violated rules that warn."""


def judge(measures: Mapping[str, Any], params: ValidateParams) -> Judgement:
    """Judge one replay by its measures alone, so that no other replay can change the verdict."""
    found = [(rule, text) for rule in RULES if (text := rule.violation(measures, params)) is not None]
    reasons = tuple((rule.reason, text) for rule, text in found if rule.severity is Severity.REJECT)
    warnings = tuple((rule.reason, text) for rule, text in found if rule.severity is Severity.WARN)
    verdict = Verdict.REJECT if reasons else Verdict.WARN if warnings else Verdict.ACCEPT
    return Judgement(verdict, reasons, warnings)
