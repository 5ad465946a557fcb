"""What a rule says in words, and the rules that stages before validate enforce."""

from __future__ import annotations

from dataclasses import dataclass

from impulse.config.validate import Rule
from impulse.replay.reasons import Reason
from impulse.tables.validated import FACTS, JUDGED_COLUMNS

BOUNDS = {"at_least": "at least", "at_most": "at most"}
"""Bounds in words, by their names in conf."""


def is_flag(rule: Rule) -> bool:
    """Tell whether a rule judges what is only yes or no."""
    return JUDGED_COLUMNS[rule.measure].dtype == "bool"


def expected(rule: Rule) -> str:
    """Return what the measure must be, in words."""
    bound, limit = rule.bound
    if is_flag(rule):
        return "no" if bound == "at_most" else "yes"
    return f"{BOUNDS[bound]} {limit:g} {JUDGED_COLUMNS[rule.measure].unit}".rstrip()


def fact_of(rule: Rule) -> str:
    """Return the column that says most about what a rule judges."""
    return FACTS.get(rule.measure, rule.measure)


def finding(rule: Rule, fact: object) -> str:
    """Return what was found in a replay that violates a rule, and what was expected.

    Args:
        rule: the rule.
        fact: the replay's value of :func:`fact_of`.
    """
    if is_flag(rule):
        return f"{fact_of(rule)} is {in_words(fact)}, expected: {rule.because}"
    bound, limit = rule.bound
    return f"{rule.measure} is {fact:g}, must be {BOUNDS[bound]} {limit:g}"


def in_words(fact: object) -> str:
    """Return a fact of a replay as text."""
    if isinstance(fact, list):
        return ", ".join(map(str, fact)) or "none"
    return "unknown" if fact is None else str(fact)


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
    EarlierRule("parse", (Reason.FRAMES_MISSING,), "the frames reach to the last keyframe of the file"),
)
