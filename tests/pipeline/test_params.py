from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hydra import compose, initialize_config_dir
from tests.paths import ROOT
from tests.settings import composed

from impulse.config.composition import checked
from impulse.config.hydra_schema import register_schema
from impulse.config.params import Params
from impulse.config.params_file import compose as compose_params
from impulse.schema.features import FEATURE_PRESETS

OPTIONS = [(path.parent.name, path.stem) for path in sorted((ROOT / "conf").glob("*/*.yaml"))]


def test_params_file_is_what_conf_composes_to() -> None:
    """Nobody edits params.yaml by hand, and nobody forgets to compose it after an edit of conf/."""
    assert (ROOT / "params.yaml").read_text() == compose_params(ROOT), "run `make params`"


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids=["/".join(option) for option in OPTIONS])
def test_every_preset_composes_to_valid_params(group: str, option: str) -> None:
    """Each file of conf/ can be chosen."""
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base=None):
        checked(Params, compose("config", overrides=[f"{group}={option}"]))


def test_play_is_standard_with_controls_and_events() -> None:
    """As `dvc exp run -S features=play` composes it; a single setting still has the last word."""
    standard, play = composed("features=standard").parse, composed("features=play").parse
    assert (standard.controls, standard.events, standard.stats) == (False, False, False)
    assert play == replace(standard, controls=True, events=True)
    assert composed("features=play", "parse.events=false", "parse.stats=true").parse == replace(
        standard, controls=True, stats=True
    )


@pytest.mark.parametrize("name", FEATURE_PRESETS)
def test_feature_presets_are_the_same_in_conf_and_library(name: str) -> None:
    """The stage and ReplayParser.from_preset mean the same by a preset."""
    written = yaml.safe_load((ROOT / "conf" / "features" / f"{name}.yaml").read_text())
    assert tuple(written["global_features"]) == FEATURE_PRESETS[name].global_features
    assert tuple(written["player_features"]) == FEATURE_PRESETS[name].player_features
