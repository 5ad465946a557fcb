"""The types of all of params.yaml, as Hydra composes against them when it composes conf/."""

from __future__ import annotations

from dataclasses import fields

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from impulse.config.composition import checked, writable
from impulse.config.params import Params
from impulse.errors import check_known

SCHEMA_NAME = "impulse_schema"
"""Name under which conf/config.yaml finds the types of all keys. Hydra's store is shared by every program of an
environment, so the name is our own."""

CHECK = "impulse_checked"
"""Name of the resolver by which conf/config.yaml has all settings checked."""


def register_schema() -> None:
    """Make the types known to Hydra, and the resolver that checks ranges while a configuration is composed.

    conf/config.yaml uses the resolver for ``params_version``, so whoever composes it (the config stage or
    ``dvc exp run -S``) has wrong values refused before anything runs or is queued.
    """
    ConfigStore.instance().store(name=SCHEMA_NAME, node=writable(Params))
    OmegaConf.register_new_resolver(CHECK, _check_root, replace=True)


def _check_root(version: int, *, _root_: DictConfig) -> int:
    known = [item.name for item in fields(Params)]
    others = {key: OmegaConf.to_container(_root_[key], resolve=True) for key in known if key != "params_version"}
    for key in sorted(map(str, _root_)):
        check_known(key, key, [*known, "hydra"], what="section")
    checked(Params, {**others, "params_version": version})
    return version
