from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.jobs import job

from impulse.errors import StageError
from impulse.run import program
from impulse.run.job import Counts, Job


def run_stage(tmp_path: Path) -> list[str]:
    """Run a stage that only notes that it ran."""
    ran = []

    def run(job: Job[None]) -> Counts:
        ran.append(job.root.name)
        return Counts(0, 0)

    try:
        program.run_stage("parse", run, job(None, tmp_path), metrics=tmp_path / "metrics")
    except StageError as error:
        ran.append(str(error))
    return ran


@pytest.mark.skipif(os.name == "nt", reason="an orphan keeps the number of its parent")
def test_an_orphan_of_dvc_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next build may be at work already; a stage that somebody called by itself needs nobody."""
    assert run_stage(tmp_path) == [tmp_path.name]
    monkeypatch.setenv("DVC_STAGE", "parse")
    assert run_stage(tmp_path) == [tmp_path.name]
    monkeypatch.setattr(program, "STARTED_BY", os.getppid() + 1)
    assert run_stage(tmp_path) == ["DVC was ended before the work began; run the same command again"]
    monkeypatch.delenv("DVC_STAGE")
    assert run_stage(tmp_path) == [tmp_path.name]
