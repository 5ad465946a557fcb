from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import dask
import pyarrow.parquet as pq
import pytest
from distributed import LocalCluster
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
from impulse.run.chunk import opened_results, packed_chunk, run_chunk
from impulse.run.engines import _with_second_try, run_tasks
from impulse.run.pool import TaskResult
from impulse.run.transfer import Transfer

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


@pytest.mark.heavy
@pytest.mark.slow
def test_a_killer_costs_only_its_own_replay_on_dask_too(tmp_path: Path) -> None:
    """The parser is kept apart inside each Dask worker as well."""
    engine = EngineParams(kind=EngineKind.dask, workers=2, timeout_seconds=2.0)
    once = f"once-{tmp_path / 'marker'}"
    tasks = ["fine-1", "abort", "fine-2", "killed", "fine-3", "refuse", once]
    outcomes = {outcome.task: outcome for outcome in run_tasks(work, tasks, engine)}

    assert set(outcomes) == set(tasks)
    assert {task: outcome.error.reason for task, outcome in outcomes.items() if outcome.error} == {
        "abort": "parser_died",
        "refuse": "body_crc_mismatch",
    }
    assert {task: outcome.loss for task, outcome in outcomes.items() if outcome.loss} == {
        "killed": "its worker was ended by SIGKILL"
    }


def test_what_is_lost_is_tried_again_alone_after_all_others(tmp_path: Path) -> None:
    """A worker that was killed from outside costs time and nothing else."""
    once = f"once-{tmp_path / 'marker'}"
    outcomes = list(run_tasks(work, [once, "fine-1", "fine-2"], EngineParams(workers=2)))
    assert [(outcome.task, outcome.error, outcome.loss) for outcome in outcomes][-1] == (once, None, "")
    assert {outcome.task for outcome in outcomes} == {once, "fine-1", "fine-2"}


def test_a_machine_that_loses_everything_is_not_tried_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """After ten losses in a row, each alone, the others are lost without another try; none is left out."""
    calls: list[tuple[int, bool]] = []

    def run(tasks: Iterable[int], *, alone: bool = False) -> Iterator[TaskResult[int, None]]:
        for task in tasks:
            calls.append((task, alone))
            yield TaskResult(task, None, loss="" if task == 5 and alone else f"loss of {task}")

    outcomes = list(_with_second_try(run, range(30)))
    assert [outcome.task for outcome in outcomes] == list(range(30))
    assert [outcome.task for outcome in outcomes if not outcome.loss] == [5]
    assert [task for task, alone in calls if alone] == list(range(16))
    assert "lost on the way: 30 (first: loss of 0); each is tried again alone" in caplog.text


@pytest.mark.heavy
@pytest.mark.slow
def test_a_task_that_takes_dask_workers_along_is_lost() -> None:
    """They die again and again, and nothing else is lost."""
    engine = EngineParams(kind=EngineKind.dask, workers=1)
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
        outcomes = list(run_tasks(work, ["parent", "fine-1", "fine-2"], engine))
    assert {outcome.task: outcome.loss for outcome in outcomes} == {
        "parent": "Dask workers died while they had it",
        "fine-1": "",
        "fine-2": "",
    }


@pytest.mark.heavy
@pytest.mark.slow
def test_a_cluster_that_is_lost_is_one_line() -> None:
    """Its scheduler goes away while work is under way."""
    lost = pytest.raises(StageError, match=r"^the Dask cluster was lost, run again to go on \(")
    with (
        dask.config.set({"distributed.worker.daemon": False, "distributed.comm.timeouts.connect": "1s"}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        far = EngineParams(kind=EngineKind.dask, address=cluster.scheduler_address)
        tasks = (f"fine-{number}" for number in range(10_000))
        with lost as caught:
            for number, _ in enumerate(run_tasks(work, tasks, far)):
                if number == 0:
                    cluster.sync(cluster.scheduler.close)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error"), [("daemonic processes are not allowed to have children", StageError), ("", AssertionError)]
)
def test_only_what_multiprocessing_forbids_is_about_the_workers(monkeypatch, text: str, error: type[Exception]) -> None:
    """Any other assertion is a defect, and shows itself."""

    def failing(*_: object, **__: object) -> None:
        assert not text, text
        raise AssertionError("a defect")

    monkeypatch.setattr("impulse.run.chunk.run_isolated", failing)
    chunk = packed_chunk(Transfer(work), ["fine-1"], EngineParams(), alone=False)
    if error is StageError:
        assert isinstance(opened_results(run_chunk(chunk)).error, StageError)
    else:
        with pytest.raises(AssertionError, match="a defect"):
            run_chunk(chunk)


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the address and the setting."""
    monkeypatch.setattr("impulse.run.dask_cluster.CONNECT_TIMEOUT_SECONDS", 0.5)
    engine = EngineParams(kind=EngineKind.dask, address="tcp://127.0.0.1:9")
    with pytest.raises(StageError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9 \(engine\.address\)"):
        list(run_tasks(work, ["fine-1"], engine))
