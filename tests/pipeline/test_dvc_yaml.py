"""dvc.yaml names exactly what each stage imports, so that an edit reruns what it can change and nothing else."""

from __future__ import annotations

import importlib
import runpy
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml
from tests.exported import exported, prepared_data
from tests.imports import imports
from tests.jobs import job
from tests.paths import ROOT, STAGES
from tests.settings import composed

from impulse.config.dedupe import DedupeParams
from impulse.config.params import Params
from impulse.config.parsing_config import ParsingConfig
from impulse.dedupe import stage as dedupe
from impulse.parsing import stage as parsing
from impulse.run.job import Job
from impulse.validation import stage as validation

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


RUNS: dict[str, Callable[[Path], object]] = {
    "parse": lambda data: parsing.run(job(ParsingConfig.get_preset("all").params(), data)),
    "validate": lambda data: validation.run(job(composed().validate, data)),
    "dedupe": lambda data: dedupe.run(job(DedupeParams(), data)),
    "export": lambda data: exported(data, data),
}
"""The work of every stage that reads data of others."""


@pytest.fixture(scope="module")
def all_features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs of all stages, with every feature: then dedupe looks at columns that repeat others."""
    data = prepared_data(tmp_path_factory.mktemp("all"), matches=3, seconds=10.0, preset="all")
    exported(data, data)
    return data


@pytest.mark.parametrize("stage", sorted({*PIPELINE} - {"config", "fetch"}))
def test_data_dependencies_are_all_that_a_stage_reads(stage: str, all_features: Path, tmp_path: Path) -> None:
    """In a folder that holds nothing else it gives what it gives among the outputs of all stages."""
    for dep in (dep for dep in PIPELINE[stage]["deps"] if dep.startswith("data/")):
        source, target = all_features / dep.removeprefix("data/"), tmp_path / dep.removeprefix("data/")
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    RUNS[stage](tmp_path)
    output = Path(PIPELINE[stage]["outs"][0]).name
    assert _content(tmp_path / output) == _content(all_features / output)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("stage", sorted({*PIPELINE} - {"config"}))
def test_a_stage_depends_on_its_own_section_of_the_params(stage: str) -> None:
    """Of the settings of the engine only the replays that may be missing are a dependency."""
    assert PIPELINE[stage]["params"] == [stage, *(["engine.accept_lost"] if stage == "parse" else [])]


def test_stage_scripts_are_small() -> None:
    """A stage script reads settings, calls the package and writes metrics; work belongs into the package."""
    for stage in PIPELINE:
        assert len((STAGES / f"{stage}.py").read_text().splitlines()) <= 20


@pytest.mark.parametrize("stage", sorted({*PIPELINE} - {"config"}))
def test_a_stage_script_names_what_belongs_together(stage: str) -> None:
    """Its name, its section, and the work that takes a job with that section."""
    called: list[tuple[object, ...]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("impulse.run.program.run_program", lambda *arguments, about: called.append((*arguments, about)))
        runpy.run_path(str(STAGES / f"{stage}.py"), run_name="__main__")
    ((name, section, module, about),) = called
    assert name == stage
    assert section is {field.name: field.default_factory for field in fields(Params)}[stage]
    assert get_type_hints(importlib.import_module(str(module)).run)["job"] == Job[section]  # type: ignore[valid-type]
    assert str(about).startswith(f"{stage}: ")


def test_only_counts_are_kept_between_runs() -> None:
    """A kept output is copied before each run, so none is large; one of fetch keeps DVC from taking an earlier run for this one."""
    kept = {
        (name, path)
        for name, stage in PIPELINE.items()
        for out in [*stage["outs"], *stage.get("metrics", [])]
        if isinstance(out, dict)
        for path, flags in out.items()
        if flags.get("persist")
    }
    assert kept == {("config", "params.yaml"), ("fetch", "metrics/fetch.json")}
