"""From conf/ to checked parameters: the schema that Hydra composes against, and the translation of its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from impulse.config.params import Params
from impulse.errors import ConfigError

SCHEMA_NAME = "schema"
"""Name under which conf/config.yaml finds the types of all keys."""


def register_schema() -> None:
    """Make the types known to Hydra, and the resolver that checks ranges while a configuration is composed.

    conf/config.yaml uses the resolver for ``params_version``, so whoever composes it (a stage, ``dvc repro`` or
    ``dvc exp run -S``) has wrong values refused before anything runs or is queued.
    """
    ConfigStore.instance().store(name=SCHEMA_NAME, node=_writable_schema())
    OmegaConf.register_new_resolver("checked_params", _check_root, replace=True)


def to_params(config: DictConfig | Mapping[str, Any]) -> Params:
    """Return the checked parameters of a composed configuration.

    Raises:
        ConfigError: a key is unknown, a value has the wrong type or is out of range.
    """
    plain = OmegaConf.to_container(config, resolve=True) if isinstance(config, DictConfig) else dict(config)
    try:
        params = OmegaConf.to_object(OmegaConf.merge(_writable_schema(), plain))
    except OmegaConfBaseException as error:
        raise translate(error) from error
    assert isinstance(params, Params)
    return params


def translate(error: HydraException | OmegaConfBaseException) -> ConfigError:
    """Return the error as one line that names the key."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ConfigError):
            return cause
    for cause in causes:
        if isinstance(cause, OmegaConfBaseException):
            key = cause.full_key or _override_key(str(error)) or "configuration"
            return ConfigError(str(key), str(cause).splitlines()[0])
    return ConfigError("configuration", " ".join(str(error).split()))


def differing_keys(
    left: Mapping[str, Any], right: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield dotted key and both values wherever two nested mappings differ; a missing key has the value None."""
    for key in dict.fromkeys((*left, *right)):
        mine, other = left.get(key), right.get(key)
        if isinstance(mine, Mapping) and isinstance(other, Mapping):
            yield from differing_keys(mine, other, f"{prefix}{key}.")
        elif mine != other:
            yield f"{prefix}{key}", mine, other


def _writable_schema() -> DictConfig:
    """Return the types with their defaults; frozen dataclasses alone would make Hydra refuse every preset."""
    schema: DictConfig = OmegaConf.structured(Params)
    _unlock(schema)
    return schema


def _unlock(node: DictConfig) -> None:
    OmegaConf.set_readonly(node, False)
    for key in node:
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none():
            _unlock(child)


def _check_root(version: int, *, _root_: DictConfig) -> int:
    known = {item.name for item in fields(Params)}
    others = {key: OmegaConf.to_container(_root_[key], resolve=True) for key in known - {"params_version"}}
    unknown = sorted(str(key) for key in _root_ if key not in known and key != "hydra")
    if unknown:
        raise ConfigError(unknown[0], f"unknown key; known are {', '.join(sorted(known))}")
    to_params({**others, "params_version": version})
    return version


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _override_key(message: str) -> str:
    """Return the key in messages such as ``Error merging override parse.fps=abc``."""
    _, found, rest = message.partition("override ")
    return rest.split("=")[0].split()[0].strip("'.+~") if found and rest.strip() else ""
