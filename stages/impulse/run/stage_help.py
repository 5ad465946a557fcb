"""The help of a stage: what it does, its settings with their values and meaning, its presets, and examples."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from impulse.run.groups import groups

WIDTH = 100


def stage_help(name: str, section: type[Any], about: str, *, params: Mapping[str, Any], root: Path) -> str:
    """Return the help of a stage for a terminal.

    Args:
        name: the stage.
        section: the dataclass of its section of params.yaml.
        about: what the stage does, in a sentence.
        params: all of params.yaml.
        root: folder of the checkout.
    """
    presets = {group: sorted(file.stem for file in (root / "conf" / group).glob("*.yaml")) for group in groups(name)}
    group, options = next(iter(presets.items()))
    lines = [
        about.strip(),
        "",
        f"usage: python stages/{name}.py [SETTING=VALUE ...] [PRESET=NAME ...] [--multirun]",
        "",
        "`dvc repro` runs every stage that has something to do; this runs one stage now, with other values if you like.",
        "Edit conf/ to keep a value.",
        "",
        "Presets:",
        *(f"  {group}={'|'.join(found)}" for group, found in presets.items()),
        "",
        "Settings, with their present values:",
        *_settings(name, section, params.get(name)),
        "",
        "Examples:",
        f"  python stages/{name}.py",
        f"  python stages/{name}.py {group}={options[0]}",
        f"  python stages/{name}.py --multirun {group}={','.join(options[:2])}   # each into multirun/{name}/",
        "",
        "--hydra-help says what else a Hydra program understands.",
    ]
    return "\n".join(lines) + "\n"


def _settings(prefix: str, section: type[Any], values: Any) -> Iterator[str]:  # noqa: ANN401 - YAML
    meanings = field_meanings(section)
    for field in dataclasses.fields(section):
        key, value = f"{prefix}.{field.name}", values.get(field.name) if isinstance(values, dict) else None
        kind = (
            field.type if isinstance(field.type, type) else vars(sys.modules[section.__module__]).get(str(field.type))
        )
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            yield from _settings(key, kind, value)
            continue
        shown = yaml.safe_dump(value, default_flow_style=True, width=10**6).replace("\n...", "").strip()
        yield f"  {key}={textwrap.shorten(shown, WIDTH - len(key) - 3, placeholder=' ...')}"
        if field.name in meanings:
            yield textwrap.fill(meanings[field.name], WIDTH, initial_indent="      ", subsequent_indent="      ")


def field_meanings(section: type[Any]) -> dict[str, str]:
    """Return the text under each field of a dataclass and of those that it builds on."""
    found: dict[str, str] = {}
    for kind in reversed(section.__mro__[:-1]):
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        assert isinstance(body, ast.ClassDef)
        for entry, text in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(entry, ast.AnnAssign)
                and isinstance(entry.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                found[entry.target.id] = " ".join(str(text.value.value).split())
    return found
