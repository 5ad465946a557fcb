"""Every setting that is a number, of every stage and of the library: it is taken or refused in one line, whatever is given."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any, get_type_hints

import numpy as np
import pytest

from impulse.collection import CollectionConfig
from impulse.config.composition import checked
from impulse.config.dedupe import DedupeParams
from impulse.config.engine import EngineParams
from impulse.config.export import ExportParams
from impulse.config.fetch import FetchParams
from impulse.config.params import Params
from impulse.config.parse import ParseParams
from impulse.config.pipeline_config import PipelineConfig
from impulse.config.validate import FilterParams, ValidateParams
from impulse.errors import ConfigError

SETTINGS = {
    "": CollectionConfig("key", rate_limit_per_hour=200),
    "fetch.": FetchParams(rate_limit_per_hour=200, max_replays=5, max_hours=2.0),
    "parse.": ParseParams(),
    "validate.": ValidateParams(),
    "dedupe.": DedupeParams(),
    "export.": ExportParams(compression_level=3, shards=8),
    "engine.": EngineParams(),
}
"""Settings in which every number has a value, by the start of their keys."""


def numbers() -> list[tuple[str, str, type]]:
    """Section, name and type of every setting whose values Python takes for numbers, as its type checkers see them."""
    found: list[tuple[str, str, type]] = []
    for section, settings in SETTINGS.items():
        hints = get_type_hints(type(settings))
        for item in fields(settings):  # type: ignore[arg-type]
            kinds = [kind for kind in (int, float) if hints[item.name] in (kind, kind | None)]
            found += [(section, item.name, kind) for kind in kinds]
    return found


def test_all_numbers_are_looked_at() -> None:
    """The list below has the ones that people set most, and as many as the stages have."""
    names = {f"{section}{name}" for section, name, _ in numbers()}
    assert names >= {
        "threads",
        "fetch.threads",
        "fetch.max_hours",
        "fetch.seed",
        "parse.fps",
        "export.train",
        "engine.workers",
    }
    assert len(names) > 20


@pytest.mark.parametrize(
    ("section", "name", "kind"), numbers(), ids=lambda value: str(getattr(value, "__name__", value))
)
def test_a_number_is_taken_or_refused_in_one_line(section: str, name: str, kind: type) -> None:
    """Numbers of NumPy and texts become plain numbers; anything else names the setting, before it is used."""
    settings = SETTINGS[section]
    good = getattr(settings, name)
    forms: list[Any] = [str(good), f" {good} ", np.float64(good) if kind is float else np.int64(good)]
    for form in forms:
        taken = getattr(replace(settings, **{name: form}), name)  # type: ignore[type-var]
        assert (taken, type(taken)) == (good, kind)
    bad: list[Any] = [True, np.True_, "nan", float("nan"), float("-inf"), "much", "", [good], {}, object(), 10**400, 1j]
    bad += [float(good), np.float32(2.5), "2.5"] if kind is int else ["1e999"]
    for value in bad:
        with pytest.raises(ConfigError, match=rf"^{re.escape(section + name)}: [^\n]*$"):
            replace(settings, **{name: value})  # type: ignore[type-var]


def test_numbers_inside_of_other_settings() -> None:
    """Bounds of rules and sizes of teams are checked like the others."""
    taken = PipelineConfig(MIN_FRAMES="120").validate_params().rules["too_few_frames"]  # type: ignore[arg-type]
    assert (taken.at_least, type(taken.at_least)) == (120.0, float)
    with pytest.raises(ConfigError, match=r"^validate\.rules\.too_few_frames\.at_least: nan is no finite number$"):
        PipelineConfig(MIN_FRAMES=float("nan"))  # type: ignore[arg-type]
    assert FilterParams(players_a_side=["3", np.int8(2)]).players_a_side == [3, 2]  # type: ignore[list-item]
    with pytest.raises(ConfigError, match=r"^validate\.filter\.players_a_side: True is no whole number$"):
        FilterParams(players_a_side=[True])


@pytest.mark.parametrize("value", [float("inf"), 10**400], ids=["infinite", "huge"])
def test_composed_settings_are_refused_in_one_line(value: float) -> None:
    """The same from params.yaml and overrides."""
    with pytest.raises(ConfigError, match=r"^[a-z_.]+: [^\n]*$"):
        checked(Params, {"fetch": {"max_hours": value}})
