"""The presets of conf/quality, and single settings on top of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from tests.settings import composed
from tests.validation.conftest import judged, reasons

from impulse.config.validate import Severity
from impulse.errors import ConfigError

ROWS: list[dict[str, Any]] = [
    {},
    {"rows": 3},
    {"share_held": 0.6},
    {"n_bots": 2},
    {"is_forfeit": True},
    {"goals_of_players": 1},
    {"mode": "hoops"},
    {"map_code": "workshop_p", "non_finite": 4},
]


def verdicts(*overrides: str) -> list[str]:
    """Return the verdicts on ROWS."""
    found: list[str] = judged(*ROWS, params=composed(*overrides).validate).verdicts["verdict"].to_pylist()
    return found


@cache
def unchanged() -> tuple[str, ...]:
    """Return the verdicts on ROWS without overrides."""
    return tuple(verdicts())


def test_presets_are_off_default_and_strict() -> None:
    """Nothing is judged by off, default warns of what strict rejects, and none minds a good match."""
    assert verdicts("quality=any") == ["accept"] * len(ROWS)
    assert verdicts() == ["accept", "reject", "warn", "warn", "accept", "warn", "warn", "reject"]
    assert verdicts("quality=strict") == ["accept", "reject", "reject", "reject", "warn", "warn", "reject", "reject"]


def test_strict_is_nowhere_milder_than_default_and_off_ignores_every_rule() -> None:
    """Severities of the presets, rule by rule."""
    order = [Severity.ignore, Severity.warn, Severity.reject]
    default, strict, off = (composed(f"quality={name}").validate for name in ("default", "strict", "any"))
    assert default.rules.keys() == strict.rules.keys() == off.rules.keys()
    for code in default.rules:
        assert order.index(strict.severity(code)) >= order.index(default.severity(code)), code
        assert off.severity(code) is Severity.ignore


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("validate.rules.mostly_held.at_most=0.7", {2: "accept"}),
        ("~validate.rules.mostly_held", {2: "accept"}),
        ("validate.rules.too_few_frames.at_least=2", {1: "accept"}),
        (
            "validate.rules.too_few_frames.at_least=3001",
            {0: "reject", 2: "reject", 3: "reject", 4: "reject", 5: "reject", 6: "reject"},
        ),
        ("validate.rules.bots.at_most=2", {3: "accept"}),
        ("validate.rules.bots.severity=reject", {3: "reject"}),
        ("validate.rules.forfeit.severity=reject", {4: "reject"}),
        ("validate.rules.player_goals_mismatch.severity=ignore", {5: "accept"}),
        (
            "+validate.rules.no_goals={measure: goals_shown, at_least: 1, severity: warn, because: somebody scores}",
            {},
        ),
        (
            "+validate.rules.only_blue={measure: goals_orange, at_most: 0, severity: warn, because: blue wins}",
            {0: "warn", 4: "warn"},
        ),
        ("validate.enforce=false", dict.fromkeys((1, 2, 3, 5, 6, 7), "accept")),
        ("validate.filter.mode=[hoops]", {0: "reject", 2: "reject", 3: "reject", 4: "reject", 5: "reject"}),
        ("validate.filter.date_to=2025-06-01", {}),
    ],
)
def test_one_override_changes_the_verdicts_that_it_should_and_no_other(override: str, changed: dict[int, str]) -> None:
    """Bounds, severities, rules and filters are one Hydra override away."""
    before = unchanged()
    assert {row: new for row, new in enumerate(verdicts(override)) if new != before[row]} == changed


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("validate.rules.bosts.severity=warn", "bosts"),
        ("~validate.rules.bosts", "bosts"),
        ("+validate.rules.bosts.severity=warn", "validate.rules.bosts.measure: unknown measure ''; "),
        ("validate.rules.bots.severity=maybe", "validate.rules.bots.severity: .*maybe"),
        ("validate.rules.bots.measure=n_bost", "bots.measure: unknown measure 'n_bost'; did you mean n_bots"),
        ("validate.rules.bots.measure=playlist", "bots.measure: unknown measure 'playlist'; "),
        ("+validate.rules.bots.mesure=n_bots", "validate.rules.bots.mesure"),
        ("validate.rules.ball_too_fast.at_most=1.5", "ball_too_fast.at_most: 1.5 is out of range"),
        ("validate.rules.forfeit.at_most=2", "forfeit.at_most: 2 is out of range"),
        ("validate.rules.bots.at_most=-1", "validate.rules.bots.at_most: -1 is out of range"),
        ("validate.rules.bots.at_most=0.5", "validate.rules.bots.at_most: 0.5 is no whole number"),
        ("validate.rules.bots.at_most=few", "validate.rules.bots.at_most: .*few"),
        ("validate.rules.bots.at_most=null", "validate.rules.bots: needs either at_most or at_least"),
        ("validate.rules.bots.at_least=0", r"bots.at_least: .*; \+validate.rules.bots.at_least=VALUE adds it"),
        ("+validate.rules.bots.at_least=0", "validate.rules.bots: needs either at_most or at_least"),
        ("validate.rules.bots.because=''", "validate.rules.bots.because: is empty"),
        ("validate.rules.too_few_frames.at_least=200000", "is above validate.rules.too_many_frames.at_most, 100000"),
        ("+validate.rules.Bad={measure: rows, at_most: 1, because: x}", "validate.rules.Bad: is no reason code"),
        (
            "+validate.rules.same_match={measure: rows, at_most: 1, because: x}",
            "same_match: is the reason code of another",
        ),
        (
            "+validate.rules.parser_died={measure: rows, at_most: 1, because: x}",
            "parser_died: is the reason code of another",
        ),
        ("+validate.rules.filtered_x={measure: rows, at_most: 1, because: x}", "filtered_x: is no reason code"),
        ("validate.rules.bots=3", "validate.rules.bots"),
        ("validate.filter.mode=[socar]", "validate.filter.mode.*socar"),
        ("validate.filter.mode=soccer", "validate.filter.mode"),
        ("validate.filter.min_rank=gold", "validate.filter.min_rank: unknown rank 'gold'"),
        ("validate.min_frames=50", "min_frames"),
    ],
)
def test_wrong_overrides_are_one_line_that_names_the_setting(override: str, message: str) -> None:
    """Before anything runs or is queued."""
    with pytest.raises(ConfigError, match=message) as caught:
        composed(override)
    assert "\n" not in str(caught.value)


def test_reasons_of_a_replay_are_all_of_them() -> None:
    """A replay with several flaws tells them all."""
    assert reasons(judged({"map_code": "workshop_p", "non_finite": 4, "n_bots": 1})) == {
        "unknown_map",
        "non_finite_values",
        "bots",
    }
