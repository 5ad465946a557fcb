"""conf/ read more strictly than Hydra reads it: every slip is one line with file, line and key, before anything is composed."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf._utils import get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

from impulse.config.params import Params
from impulse.errors import ConfigError

PRIMARY = "conf/config.yaml"
ENVIRONMENT = re.compile(r"\boc\.env\b|\$\{\s*env\s*:")
NO_ENVIRONMENT = (
    "a variable of the environment would be written into params.yaml, dvc.lock and git; secrets stay in the environment or "
    "in .env, which the stages read by themselves, and any other value is written out here"
)
_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)
_PLAIN = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge")}
_DEFAULTS = "defaults."
"""Begins the key of a group whose preset is chosen, which is no setting itself."""
_WORDS = {"int": "the number", "float": "the number", "bool": "the truth value"}


_OTHER_NUMBER = re.compile(r"[-+]?0[0-9a-zA-Z_]|.*:")
"""Numbers to the base 8, 2, 16 or 60, which nobody means who writes ``010`` or ``1:30``."""


class _Loader(yaml.SafeLoader):
    """Takes the same files as Hydra does (libyaml takes tabs that PyYAML refuses), and the same texts for numbers."""

    yaml_implicit_resolvers = get_yaml_loader().yaml_implicit_resolvers


@dataclass(frozen=True, slots=True)
class ConfFile:
    """One file of conf/."""

    name: str
    """Path below the checkout."""
    lines: dict[str, int] = field(default_factory=dict)
    """Line of each setting, by its key in params.yaml."""


def read_conf(root: Path) -> dict[str, ConfFile]:
    """Return the files of conf/ by name.

    Args:
        root: folder of the checkout.

    Raises:
        ConfigError: a file is no YAML, is empty, names a key twice, takes a value from the environment, or has a number or
            a truth value where text is expected.
    """
    paths = sorted(path for path in (root / "conf").rglob("*.yaml") if not path.name.startswith("."))
    if not (root / PRIMARY).is_file():
        raise ConfigError(PRIMARY, "is missing; `git checkout conf` brings it back, or the archive that you unpacked")
    return {file.name: file for file in (_read(path, path.relative_to(root).as_posix()) for path in paths)}


def line_of(conf: Mapping[str, ConfFile], in_use: Sequence[str], key: str) -> tuple[str, int] | None:
    """Return file and line that set a key or what it is part of.

    Args:
        conf: the files.
        in_use: names of those that are composed, whoever sets a key last first.
        key: name in params.yaml, or a group of presets.
    """
    parts = key.split(".")
    for wanted in (*(".".join(parts[:length]) for length in range(len(parts), 0, -1)), f"{_DEFAULTS}{key}"):
        for name in in_use:
            if name in conf and wanted in conf[name].lines:
                return name, conf[name].lines[wanted]
    return None


def files_in_use(root: Path, overrides: Sequence[str] = ()) -> list[str]:
    """Return the files of conf/ that Hydra composes, whoever sets a key last first; where it cannot tell, the primary one."""
    try:
        with initialize_config_dir(str(root / "conf"), version_base=None):
            loader = GlobalHydra.instance().config_loader()
            found = loader.compute_defaults_list("config", list(overrides), RunMode.RUN).defaults
    except (HydraException, OmegaConfBaseException):
        return [PRIMARY]
    return [f"conf/{default.config_path}.yaml" for default in reversed(found)]


def _read(path: Path, name: str) -> ConfFile:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _slip(name, line, _said(data.decode("latin-1"), line), "is not UTF-8; save the file as UTF-8") from error
    if text.startswith("\ufeff"):
        raise _slip(
            name, 1, name, "begins with a byte order mark, which hides the first line; save it as UTF-8 without"
        )
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _no_yaml(name, text, error) from error
    except RecursionError as error:
        raise ConfigError(name, "is nested too deeply") from error
    if not isinstance(root, yaml.MappingNode):
        problem = "is empty" if root is None else "is no mapping of settings"
        raise ConfigError(name, f"{problem}; bring back what was in it, as with `git checkout {name}`")
    package = _PACKAGE.search(text)
    own = Path(name).parent.relative_to("conf").as_posix().replace("/", ".").strip(".")
    prefix = own if package is None else {"_global_": "", "_group_": own}.get(package.group(1), package.group(1))
    return _walked(root, name, prefix)


def _walked(root: yaml.MappingNode, name: str, prefix: str) -> ConfFile:
    file = ConfFile(name)

    def walk(node: yaml.Node, key: str, around: tuple[yaml.Node, ...]) -> None:
        line = node.start_mark.line + 1
        if node.tag not in _PLAIN:
            shown = node.tag.replace("tag:yaml.org,2002:", "!!")
            what = (
                f'{node.value!r}; quote it: {key.rpartition(".")[2]}: "{node.value}"' if shown == "!!value" else shown
            )
            raise _slip(name, line, key, f"is {what}; settings are plain texts, numbers, lists and mappings")
        if any(node is outer for outer in around):
            raise _slip(name, line, key, "contains itself")
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key_node, value in node.value:
                inner = f"{key}.{key_node.value}" if key else str(key_node.value)
                at = key_node.start_mark.line + 1
                if not isinstance(key_node, yaml.ScalarNode) or _PLAIN.get(key_node.tag) not in ("str", "merge"):
                    raise _slip(name, at, inner, "is no text; quote it, for a setting's name is text")
                if key_node.value in seen:
                    raise _slip(name, at, inner, f"is set twice, first in line {file.lines.get(inner, at)}; leave one")
                seen.add(key_node.value)
                if node is root and key_node.value == "defaults":
                    file.lines.update(_check_presets(name, value))
                    continue
                file.lines.setdefault(inner, at)
                walk(value, inner, (*around, node))
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item, key, (*around, node))
        elif isinstance(node, yaml.ScalarNode):
            _check_scalar(name, node, key)

    walk(root, prefix, ())
    return file


def _check_scalar(name: str, node: yaml.ScalarNode, key: str) -> None:
    line = node.start_mark.line + 1
    if ENVIRONMENT.search(node.value):
        raise _slip(name, line, key, NO_ENVIRONMENT)
    kind = _PLAIN[node.tag]
    if kind not in _WORDS or node.style or _is_meant(key, node):
        return
    if wants_text(key):
        raise _slip(name, line, key, _quote(node, key.rpartition(".")[2]))
    if _OTHER_NUMBER.match(node.value) and not isinstance(value := _Loader("").construct_object(node), bool):
        raise _slip(name, line, key, f"YAML reads {node.value} as the number {value}; write it as a decimal number")


def _is_meant(key: str, node: yaml.ScalarNode) -> bool:
    """Tell whether a filter of a query is written as what it is: ``pro: true`` and ``season: 14`` become these very texts."""
    return (key, node.value) in (("fetch.query.pro", "true"), ("fetch.query.pro", "false")) or (
        key == "fetch.query.season" and re.fullmatch(r"0|[1-9]\d*", node.value) is not None
    )


def _quote(node: yaml.ScalarNode, name: str) -> str:
    value = _Loader("").construct_object(node)
    shown = str(value).lower() if isinstance(value, bool) else value
    return f'YAML reads {node.value} as {_WORDS[_PLAIN[node.tag]]} {shown}; text is expected, so quote it: {name}: "{node.value}"'


def _check_presets(name: str, node: yaml.Node) -> dict[str, int]:
    """Check the presets of a list of defaults, where ``off`` and the like are texts only in quotes, and return their lines."""
    lines: dict[str, int] = {}
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    for item in items:
        if isinstance(item, yaml.ScalarNode) and (glued := re.fullmatch(r"(\w+):(\w+)", item.value)):
            problem = f"there is no space after the colon; write {glued[1]}: {glued[2]}"
            raise _slip(name, item.start_mark.line + 1, glued[1], problem)
        pairs = (
            [(key.value, value) for key, value in item.value] if isinstance(item, yaml.MappingNode) else [("", item)]
        )
        for group, option in pairs:
            lines[f"{_DEFAULTS}{group}"] = item.start_mark.line + 1
            for scalar in option.value if isinstance(option, yaml.SequenceNode) else [option]:
                if _PLAIN.get(scalar.tag) in _WORDS and not scalar.style:
                    raise _slip(name, scalar.start_mark.line + 1, group or "defaults", _quote(scalar, group or "-"))
    return lines


def wants_text(key: str) -> bool:
    """Tell whether a setting, or the items of one that is a list, are texts.

    Args:
        key: its name in params.yaml.
    """
    kinds: Sequence[Any] = [Params]
    for part in key.split("."):
        kinds = [inner for kind in kinds for inner in _inner(kind, part)]
    return any(isinstance(kind, type) and issubclass(kind, str | Enum) for kind in kinds) or key.startswith(
        "fetch.query."
    )


def _inner(kind: Any, name: str) -> list[Any]:  # noqa: ANN401 - a type
    """Return the types of one part of a type, without None, lists as those of their items."""
    if is_dataclass(kind):
        return _alternatives(get_type_hints(kind).get(name))
    return _alternatives(get_args(kind)[1]) if get_origin(kind) is dict else []


def _alternatives(kind: Any) -> list[Any]:  # noqa: ANN401 - a type
    if get_origin(kind) in (Union, types.UnionType):
        return [one for part in get_args(kind) for one in _alternatives(part)]
    return _alternatives(get_args(kind)[0]) if get_origin(kind) in (list, tuple) else [kind]


def _no_yaml(name: str, text: str, error: yaml.YAMLError) -> ConfigError:
    """Return the error with the line that a reader has to look at: where the bracket opens, or where reading ended."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or "holds a character that YAML does not allow")
    context = str(getattr(error, "context", None) or "")
    if "flow" in context and getattr(error, "context_mark", None) is not None:
        mark, problem = error.context_mark, "a bracket is opened and not closed, or a comma is missing"  # type: ignore[attr-defined]
    if "simple key" in context and getattr(error, "context_mark", None) is not None:
        mark, problem = error.context_mark, "there is no colon and space after the name"  # type: ignore[attr-defined]
    at = text[: getattr(error, "position", 0)].count("\n") if mark is None else mark.line
    lines = text.splitlines() or [""]
    line = min(at, len(lines) - 1) + 1
    if "expected key" in problem or "<block end>" in problem:
        problem = "it begins further left or right than the lines that it belongs to"
        before = next((n for n in range(line - 1, 0, -1) if lines[n - 1].partition("#")[0].strip()), 0)
        if before and not re.search(r":(\s|$)|^\s*-", lines[before - 1].partition("#")[0]):
            line, problem = before, "there is no colon and space after the name"
    if re.match(r"\s*\t", lines[line - 1]):
        problem = "a tab cannot indent; use spaces"
    return _slip(name, line, _said(text, line), f"is no YAML: {problem}")


def _said(text: str, line: int) -> str:
    """Return what is written in a line up to its value, the key of most lines."""
    written = text.splitlines()[line - 1].strip()
    return re.split(r":| #", written)[0].strip()[:60] or "an empty line"


def _slip(name: str, line: int, key: str, problem: str) -> ConfigError:
    return ConfigError(key, f"{problem} ({name}, line {line})")
