"""dvc.yaml names exactly what each stage imports, so that an edit reruns what it can change and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.imports import imports
from tests.paths import ROOT, STAGES

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def imported_files(script: Path) -> set[Path]:
    """Return the script and every file of impulse that it imports, directly or not, with the packages around them."""
    todo, seen = [script], set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [file for _, file in imports(path)]
            todo += [file for parent in path.parents if (file := parent / "__init__.py").is_file()]
    return seen


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


@pytest.mark.parametrize("stage", sorted({*PIPELINE} - {"config"}))
def test_a_stage_depends_on_its_own_section_of_the_params(stage: str) -> None:
    """Settings of the engine change no result, so no stage depends on them."""
    assert PIPELINE[stage]["params"] == [stage]


def test_stage_scripts_are_small() -> None:
    """A stage script reads settings, calls the package and writes metrics; work belongs into the package."""
    for stage in PIPELINE:
        assert len((STAGES / f"{stage}.py").read_text().splitlines()) <= 20


def test_only_fetch_keeps_its_output_between_runs() -> None:
    """A kept output switches DVC's run cache off, so only precious downloads are kept."""
    kept = {
        name
        for name, stage in PIPELINE.items()
        for out in stage["outs"]
        if isinstance(out, dict) and next(iter(out.values())).get("persist")
    }
    assert kept == {"config", "fetch"}
