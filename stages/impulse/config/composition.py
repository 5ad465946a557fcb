"""From composed settings to checked ones, and the errors of Hydra and OmegaConf as one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from impulse.config.folder_names import folder_name
from impulse.errors import ConfigError, one_line

Section = TypeVar("Section")

_RENAMED = {"validate.filter.team_size": "validate.filter.players_a_side"}
"""Settings that have other names than before."""

# The processes of a launcher (joblib, submitit) get the task without what else is registered, and import this module for it.
OmegaConf.register_new_resolver("impulse_folder", lambda given: folder_name(str(given).split(",")), replace=True)


def checked(kind: type[Section], values: DictConfig | Mapping[str, Any], *, key: str = "") -> Section:
    """Return settings as an instance of their dataclass, which checks types, names and ranges.

    Args:
        kind: the frozen dataclass.
        values: the settings, composed.
        key: where they are in params.yaml; empty for the whole.

    Raises:
        ConfigError: a key is unknown, a value has the wrong type or is out of range.
    """
    if not isinstance(values, DictConfig | Mapping):
        raise ConfigError(key, f"{values!r} is no settings; a preset is chosen by its group, as in features=minimal")
    plain = OmegaConf.to_container(values, resolve=True) if isinstance(values, DictConfig) else dict(values)
    try:
        result = OmegaConf.to_object(OmegaConf.merge(_unlocked(OmegaConf.structured(kind)), plain))
    except (OmegaConfBaseException, OverflowError) as error:
        raise translate(error, within=key) from error
    assert isinstance(result, kind)
    return result


def writable(kind: type[Any]) -> DictConfig:
    """Return a dataclass's types with their defaults, for Hydra to compose against.

    Frozen dataclasses alone would make Hydra refuse every preset, and typed entries every entry that an override adds;
    :func:`checked` sees to the entries.
    """
    return _unlocked(OmegaConf.structured(kind), entry_type=Any)


def translate(error: Exception, *, within: str = "") -> ConfigError:
    """Return the error as one line that names the key.

    Args:
        error: of Hydra or OmegaConf.
        within: where the settings are that were composed, when they are not the whole of params.yaml.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ConfigError):
            return cause
    for cause in causes:
        if isinstance(cause, OmegaConfBaseException):
            key = ".".join(part for part in (within, str(cause.full_key or "")) if part) or _override_key(str(error))
            said = str(cause).splitlines()[0]
            if "is not a ListConfig" in said:  # the words of OmegaConf
                said = "a list is expected, such as [a, b]"
            return ConfigError(key or "configuration", said + _hint(cause, key))
        if isinstance(cause, MissingConfigException) and cause.missing_cfg_file and cause.options is not None:
            group, _, name = str(cause.missing_cfg_file).removesuffix(".yaml").rpartition("/")
            return ConfigError(group or name, f"there is no preset {name!r}; known are {', '.join(cause.options)}")
    return ConfigError("configuration", one_line(error))


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


def _unlocked(node: DictConfig, *, entry_type: Any = None) -> DictConfig:  # noqa: ANN401 - any type
    OmegaConf.set_readonly(node, False)
    if entry_type is not None and OmegaConf.get_type(node) is dict:
        node._metadata.element_type = entry_type
    for key in node:
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none():
            _unlocked(child, entry_type=entry_type)
    return node


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _hint(error: OmegaConfBaseException, key: str) -> str:
    """Say how to add an entry where entries may be added; a dataclass has those that it has, perhaps one that was meant."""
    if key in _RENAMED:
        return f"; it is called {_RENAMED[key]} now"
    parent = error.parent_node
    if not isinstance(error, ConfigAttributeError | ConfigKeyError) or not isinstance(parent, DictConfig):
        return ""
    if OmegaConf.get_type(parent) is dict:
        return f"; +{key}=VALUE adds it"
    near = difflib.get_close_matches(str(error.key), [str(name) for name in parent])
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _override_key(message: str) -> str:
    """Return the key in messages such as ``Error merging override parse.fps=abc``."""
    _, found, rest = message.partition("override ")
    return rest.split("=")[0].split()[0].strip("'.+~") if found and rest.strip() else ""
