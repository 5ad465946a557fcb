"""Several settings side by side without experiments of DVC.

An experiment is a checkout, a commit and entries of a cache, which costs seconds beside the stages; a trial is the stages
alone. Each builds from data/raw into a folder of its own below multirun/trials and leaves data/ as it is. What it parses
and exports stays in .state, so that a build with the settings that are chosen repeats neither.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from impulse.config.folder_names import folder_name
from impulse.errors import ConfigError
from impulse.files.disk import link_folder
from impulse.run.groups import concerns
from impulse.run.program import DATA_VARIABLE

STAGES = ("parse", "validate", "dedupe", "export")
FIGURES = ("replays", "yield", "rows", "columns", "bytes")


@dataclass(frozen=True, slots=True)
class Trial:
    """One combination of settings, built."""

    settings: tuple[str, ...]
    folder: Path
    figures: dict[str, Any]
    """What it made of the dataset; empty when it failed."""
    seconds: float
    failure: str = ""
    """The line that the stage ended with."""


def combinations(overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every combination of overrides in Hydra's form: ``parse.fps=5,10`` gives two.

    Raises:
        ConfigError: no stage of a trial takes an override, which would change nothing without a word.
        HydraException: it is no override.
    """
    choices = []
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key = override.get_key_element()
        if not any(concerns(stage, key) for stage in STAGES):
            raise ConfigError(
                override.key_or_group,
                f"{', '.join(STAGES)} have no such setting; what decides about data/raw, which trials share, is set in "
                "conf/ and fetched with `dvc repro fetch`; presets of conf/experiment are for `dvc exp run`",
            )
        choices.append(
            [f"{key}={value}" for value in override.sweep_string_iterator()]
            if override.is_sweep_override()
            else [str(override.input_line)]
        )
    return list(itertools.product(*choices))


def run_trials(overrides: Sequence[str], *, jobs: int, root: Path) -> list[Trial]:
    """Build every combination of overrides, several at a time; one that fails stops no other.

    Args:
        overrides: in Hydra's form.
        jobs: trials at a time.
        root: folder of the checkout.
    """
    with ThreadPoolExecutor(jobs, thread_name_prefix="trial") as pool:
        return list(pool.map(lambda settings: _run(settings, root), combinations(overrides)))


def table(trials: Sequence[Trial]) -> str:
    """Return the trials side by side as a Markdown table."""
    lines = [f"| settings | {' | '.join(FIGURES)} | seconds |", "| --- |" + " ---: |" * (len(FIGURES) + 1)]
    for trial in trials:
        figures = " | ".join(str(trial.figures.get(name, "-")) for name in FIGURES)
        lines.append(f"| {' '.join(trial.settings)} | {figures} | {trial.seconds:.1f} |")
    return "\n".join(lines) + "\n"


def _run(settings: tuple[str, ...], root: Path) -> Trial:
    start = time.perf_counter()
    folder = root / "multirun" / "trials" / folder_name(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    link_folder(root / "data" / "raw", folder / "raw")
    env = {**os.environ, DATA_VARIABLE: str(folder)}
    for stage in STAGES:
        command = [sys.executable, f"stages/{stage}.py", *(one for one in settings if concerns(stage, one))]
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            failure = (done.stderr.strip() or f"{stage}: exit code {done.returncode}").splitlines()[-1]
            return Trial(settings, folder, {}, time.perf_counter() - start, failure)
    figures = json.loads((folder / "metrics" / "export.json").read_text(encoding="utf-8"))["dataset"]
    return Trial(settings, folder, figures, time.perf_counter() - start)
