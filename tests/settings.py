"""Settings as conf/ gives them."""

from __future__ import annotations

from hydra import compose, initialize_config_dir
from tests.paths import ROOT

from impulse.config.composition import checked, translate
from impulse.config.hydra_schema import register_schema
from impulse.config.params import Params


def composed(*overrides: str) -> Params:
    """Return what conf/ and overrides give, as `dvc exp run -S` composes them."""
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base=None):
        try:
            return checked(Params, compose("config", overrides=list(overrides)))
        except Exception as error:
            raise translate(error) from error
