"""dvc.yaml names exactly what each stage imports, so that an edit reruns what it can change and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.paths import ROOT, STAGES

SUBPACKAGES = {
    "fetch": ("collection", "demo"),
    "parse": ("parsing",),
    "validate": ("validation",),
    "dedupe": ("dedupe",),
    "export": ("export",),
}
"""Folders of impulse that belong to a stage; the synthetic replays are a source of fetch."""
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def imported_files(script: Path) -> set[Path]:
    """Return the script and every file of impulse that it imports, directly or not, wherever the import stands."""
    todo, seen = [script], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in _impulse_modules(path):
            parts = name.split(".")
            todo += [file for end in range(1, len(parts) + 1) if (file := _file_of(parts[:end]))]
    return seen


def _impulse_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.split(".")[0] == "impulse"}


def _file_of(parts: list[str]) -> Path | None:
    base = STAGES.joinpath(*parts)
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)


def code_dependencies(stage: str) -> list[str]:
    """Return what dvc.yaml should list as code of a stage."""
    files = {path.relative_to(ROOT) for path in imported_files(STAGES / f"{stage}.py")}
    return sorted({_room(file).as_posix() for file in files})


def _room(file: Path) -> Path:
    """Return the folder of a file below stages/impulse; settings are listed one by one, so that a stage has its own."""
    is_listed_whole = len(file.parts) > 3 and file.parts[2] != "config"
    return Path(*file.parts[:3]) if is_listed_whole else file


@pytest.mark.parametrize("stage", PIPELINE)
def test_code_dependencies_are_what_the_stage_imports(stage: str) -> None:
    """The list in dvc.yaml is the list of imports."""
    listed = [dep for dep in PIPELINE[stage]["deps"] if dep.startswith("stages/")]
    assert sorted(listed) == code_dependencies(stage)


@pytest.mark.parametrize("stage", SUBPACKAGES)
def test_subpackages_do_not_import_each_other(stage: str) -> None:
    """Imports go from stage to subpackage to shared modules, never sideways."""
    files = {path.relative_to(STAGES) for path in imported_files(STAGES / f"{stage}.py")}
    folders = {path.parts[1] for path in files if len(path.parts) > 2}
    others = {name for names in SUBPACKAGES.values() for name in names} - set(SUBPACKAGES[stage])
    assert not folders & others


@pytest.mark.parametrize("stage", SUBPACKAGES)
def test_a_stage_depends_on_its_own_section_of_the_params(stage: str) -> None:
    """Settings of the engine change no result, so no stage depends on them."""
    assert PIPELINE[stage]["params"] == [stage]


def test_stage_scripts_are_small() -> None:
    """A stage script reads settings, calls the package and writes metrics; work belongs into the package."""
    for stage in PIPELINE:
        assert len((STAGES / f"{stage}.py").read_text().splitlines()) <= 60


def test_only_fetch_keeps_its_output_between_runs() -> None:
    """A kept output switches DVC's run cache off, so only precious downloads are kept."""
    kept = {
        name
        for name, stage in PIPELINE.items()
        for out in stage["outs"]
        if isinstance(out, dict) and next(iter(out.values())).get("persist")
    }
    assert kept == {"config", "fetch"}
