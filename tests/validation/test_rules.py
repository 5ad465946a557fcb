from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.params import ValidateParams
from impulse.table_schema import MEASURE_COLUMNS
from impulse.validation.rules import RULES, Bound, Verdict, judge

GOOD: dict[str, Any] = {
    **{column.name: 0 for column in MEASURE_COLUMNS},
    "rows": 3000,
    "frames_shown": 2800,
    "n_players": 6,
    "n_blue": 3,
    "n_orange": 3,
}
PARAMS = ValidateParams()


def test_a_good_match_is_accepted() -> None:
    """Nothing is held against a replay that breaks no rule."""
    assert judge(GOOD, PARAMS).verdict is Verdict.ACCEPT


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.measure} {rule.bound}")
def test_every_rule_is_broken_just_beyond_its_threshold(rule) -> None:
    """At the threshold a rule holds; one step beyond, it rejects or warns with its own reason."""
    limit = rule.limit(PARAMS)
    step = (0.001 if isinstance(limit, float) else 1) * (-1 if rule.bound is Bound.AT_LEAST else 1)
    at, beyond = judge({**GOOD, rule.measure: limit}, PARAMS), judge({**GOOD, rule.measure: limit + step}, PARAMS)
    found = beyond.reasons if rule.severity.value == "reject" else beyond.warnings

    assert rule.reason not in [reason for reason, _ in (*at.reasons, *at.warnings)]
    assert [reason for reason, _ in found] == [rule.reason]
    assert beyond.verdict.value == rule.severity.value
    assert f"must be {rule.bound}" in found[0][1]


def test_a_rule_without_threshold_is_off() -> None:
    """Null in the settings switches a rule off."""
    assert judge({**GOOD, "rows": 3}, ValidateParams(min_frames=None)).verdict is Verdict.ACCEPT


def test_every_rule_measures_something_that_parse_delivers() -> None:
    """Rules name columns of the measures table."""
    assert {rule.measure for rule in RULES} <= {column.name for column in MEASURE_COLUMNS}


@given(rows=st.integers(0, 10**6), players=st.integers(0, 16), share=st.floats(0, 1))
def test_reject_and_only_reject_comes_with_reasons(rows: int, players: int, share: float) -> None:
    """The verdict follows from the violated rules: any that rejects, else any that warns."""
    judgement = judge({**GOOD, "rows": rows, "n_players": players, "share_held": share}, PARAMS)
    assert (judgement.verdict is Verdict.REJECT) == bool(judgement.reasons)
    assert (judgement.verdict is Verdict.ACCEPT) == (not judgement.reasons and not judgement.warnings)
