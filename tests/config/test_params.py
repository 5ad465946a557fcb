from __future__ import annotations

import dataclasses

import pytest

from impulse.config.composition import checked, differing_keys
from impulse.config.params import Params
from impulse.errors import ConfigError


def test_defaults_are_valid() -> None:
    """The schema's own defaults pass its checks."""
    assert checked(Params, {}) == Params()


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("parse", "fps", "abc", "parse.fps: .*'abc'"),
        ("parse", "fps", 0.5, "parse.fps: 0.5 is out of range, must be between 1 and 120"),
        ("parse", "fps", 121, "parse.fps: 121"),
        ("parse", "fsp", 10, "parse.fsp: .*fsp"),
        ("parse", "slots_per_team", 0, "parse.slots_per_team"),
        ("parse", "global_features", ["Ball"], "parse.global_features: unknown feature 'Ball'"),
        ("parse", "player_features", ["PlayerBoost", "PlayerBoost"], "parse.player_features: .*twice"),
        ("fetch", "source", "ftp", "fetch.source: .*ftp"),
        ("fetch", "pattern", "/etc/*", "fetch.pattern"),
        ("validate", "rules", {"short": {"measure": "rows", "at_least": 5.5}}, "validate.rules.short.at_least: 5.5"),
        ("validate", "rules", {"short": {"measur": "rows"}}, "validate.rules.short.measur: .*measur"),
        ("validate", "max_reject_share", 2, "validate.max_reject_share"),
        ("export", "train", 0.9, "export.train: .*must be 1"),
        ("export", "compression", "gzip", "export.compression: .*gzip"),
        ("export", "compression_level", 99, "export.compression_level"),
        ("engine", "workers", -1, "engine.workers"),
        ("engine", "timeout_seconds", 0, "engine.timeout_seconds"),
    ],
)
def test_wrong_values_are_one_line_that_names_the_key(section: str, key: str, value: object, message: str) -> None:
    """Unknown keys, wrong types and values out of range are all told the same way."""
    with pytest.raises(ConfigError, match=message) as caught:
        checked(Params, {section: {key: value}})
    assert "\n" not in str(caught.value)
    assert caught.value.key.startswith(section)


def test_unknown_section_is_refused() -> None:
    """A misspelt section does not go unnoticed."""
    with pytest.raises(ConfigError, match="exprot"):
        checked(Params, {"exprot": {"shards": 3}})


def test_params_are_frozen() -> None:
    """No stage can change its settings on the way."""
    params = checked(Params, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.parse.fps = 3.0  # type: ignore[misc]


def test_no_setting_is_a_secret() -> None:
    """Keys belong into the environment; a setting of that name would end in params.yaml and dvc.lock."""
    names = {field.name for section in dataclasses.fields(Params) for field in _fields(section)}
    assert not {name for name in names if any(word in name for word in ("key", "secret", "token", "password"))}


def _fields(section: dataclasses.Field) -> tuple[dataclasses.Field, ...]:
    value = getattr(Params(), section.name)
    return dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()


def test_differing_keys_finds_every_difference() -> None:
    """Changed, added and removed values are found at any depth."""
    found = list(differing_keys({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 5}, "e": 4}))
    assert found == [("a.c", 2, 5), ("d", 3, None), ("e", None, 4)]
