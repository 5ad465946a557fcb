from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.jobs import job
from tests.run.worker_killers import work

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.engine import EngineKind, EngineParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import corpus
from impulse.errors import StageError
from impulse.parsing.stage import run
from impulse.run.engines import run_tasks

PARAMS = ParsingConfig.get_preset("standard").params()

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.mark.slow
def test_a_dask_cluster_gives_the_bytes_of_a_local_run(tmp_path: Path) -> None:
    """Engines differ in where they work and in nothing else."""
    files = (Candidate(item.name, item.data) for item in corpus(matches=4, seed=8, duration_seconds=12.0))
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(tmp_path / "raw"))
    content = {}
    for kind in EngineKind:
        engine, folder = EngineParams(kind=kind, workers=2), tmp_path / kind.value
        counts = run(replace(job(PARAMS, tmp_path, engine=engine), output=folder, state=folder / ".state"))
        assert counts.timing["parsed_now"] == counts.replays_in > 0
        parsed = folder / "parsed"
        content[kind] = {path.relative_to(parsed): path.read_bytes() for path in parsed.rglob("*") if path.is_file()}
        assert pq.read_table(parsed / "replays.parquet").num_rows == counts.replays_out

    assert content[EngineKind.dask] == content[EngineKind.local]


@pytest.mark.slow
def test_a_killer_costs_only_its_own_replay_on_dask_too() -> None:
    """The parser is kept apart inside each Dask worker as well."""
    engine = EngineParams(kind=EngineKind.dask, workers=2, timeout_seconds=2.0)
    tasks = ["fine-1", "abort", "fine-2", "hang", "fine-3", "refuse"]
    outcomes = {outcome.task: outcome.error for outcome in run_tasks(work, tasks, engine)}

    assert {task: error.reason if error else None for task, error in outcomes.items()} == {
        "fine-1": None,
        "abort": "worker_died",
        "fine-2": None,
        "hang": "worker_timeout",
        "fine-3": None,
        "refuse": "body_crc_mismatch",
    }


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the address and the setting."""
    monkeypatch.setattr("impulse.run.dask_cluster.CONNECT_TIMEOUT_SECONDS", 0.5)
    engine = EngineParams(kind=EngineKind.dask, address="tcp://127.0.0.1:9")
    with pytest.raises(StageError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9 \(engine\.address\)"):
        list(run_tasks(work, ["fine-1"], engine))
