"""The presets of conf/quality, and single settings on top of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from tests.paths import ROOT
from tests.validation.conftest import judged, reasons

from impulse.config.composition import checked, translate
from impulse.config.hydra_schema import register_schema
from impulse.config.params import Params
from impulse.config.validate import (
    Severity,
    SeverityParams,
    ValidateParams,
)
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


def composed(*overrides: str) -> ValidateParams:
    """Return what conf/ and overrides give, as `dvc exp run -S` composes them."""
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base=None):
        try:
            return checked(Params, compose("config", overrides=list(overrides))).validate
        except Exception as error:
            raise translate(error) from error


def verdicts(*overrides: str) -> list[str]:
    """Return the verdicts on ROWS."""
    found: list[str] = judged(*ROWS, params=composed(*overrides)).verdicts["verdict"].to_pylist()
    return found


def test_default_is_what_the_library_takes_without_settings() -> None:
    """conf/quality/default.yaml and the defaults in code do not drift apart."""
    assert composed() == ValidateParams()


def test_presets_are_off_default_and_strict() -> None:
    """Nothing is judged by off, default warns of what strict rejects, and none minds a good match."""
    assert verdicts("quality=off") == ["accept"] * len(ROWS)
    assert verdicts() == ["accept", "reject", "warn", "warn", "accept", "warn", "warn", "reject"]
    assert verdicts("quality=strict") == ["accept", "reject", "reject", "reject", "warn", "warn", "reject", "reject"]


def test_strict_is_nowhere_milder_than_default_and_off_ignores_every_rule() -> None:
    """Severities of the presets, rule by rule."""
    order = [Severity.ignore, Severity.warn, Severity.reject]
    default, strict, off = (composed(f"quality={name}").severity for name in ("default", "strict", "off"))
    for field in fields(SeverityParams):
        assert order.index(getattr(strict, field.name)) >= order.index(getattr(default, field.name)), field.name
        assert getattr(off, field.name) is Severity.ignore


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("validate.max_share_held=0.7", {2: "accept"}),
        ("validate.max_share_held=null", {2: "accept"}),
        ("validate.min_frames=2", {1: "accept"}),
        ("validate.min_frames=3001", {0: "reject", 2: "reject", 3: "reject", 4: "reject", 5: "reject", 6: "reject"}),
        ("validate.max_bots=2", {3: "accept"}),
        ("validate.severity.bots=reject", {3: "reject"}),
        ("validate.severity.forfeit=reject", {4: "reject"}),
        ("validate.severity.player_goals_mismatch=ignore", {5: "accept"}),
        ("validate.filter.mode=[hoops]", {0: "reject", 2: "reject", 3: "reject", 4: "reject", 5: "reject"}),
        ("validate.filter.date_to=2025-06-01", {}),
    ],
)
def test_one_override_changes_the_verdicts_that_it_should_and_no_other(override: str, changed: dict[int, str]) -> None:
    """Thresholds, severities and filters are one Hydra override away."""
    before = verdicts()
    assert {row: new for row, new in enumerate(verdicts(override)) if new != before[row]} == changed


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("validate.severity.nonsense=warn", "validate.severity.nonsense: .*nonsense"),
        ("validate.severity.bots=maybe", "validate.severity.bots: .*maybe"),
        ("validate.max_outside_ball_pos=1.5", "validate.max_outside_ball_pos: 1.5 is out of range"),
        ("validate.max_bots=-1", "validate.max_bots: -1 is out of range"),
        ("validate.filter.mode=[socar]", "validate.filter.mode.*socar"),
        ("validate.filter.mode=soccer", "validate.filter.mode"),
        ("validate.filter.min_rank=gold", "validate.filter.min_rank: 'gold' is no rank"),
        ("validate.max_share_outside=0.1", "max_share_outside"),
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
