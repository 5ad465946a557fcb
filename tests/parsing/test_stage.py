"""The parse stage: what is made, what is taken from the store, and what is a reject."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.jobs import job

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.engine import EngineParams
from impulse.config.fetch import SourceKind
from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import corpus
from impulse.errors import ReplayError, StageError, UnsupportedReplay
from impulse.files.digest import product_digest
from impulse.parsing import keys, stage
from impulse.parsing.work import ParseTask, Results
from impulse.replay.reasons import Reason
from impulse.run.job import Counts
from impulse.run.pool import TaskResult
from impulse.tables import rejects
from impulse.tables.io import write_table

REPLAYS = 5
"""That fetch takes of the corpus of these tests."""

PARAMS = ParsingConfig.get_preset("standard").params()


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with raw replays."""
    folder = tmp_path_factory.mktemp("fetched")
    files = (Candidate(item.name, item.data) for item in corpus(matches=4, seed=5, duration_seconds=15.0))
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(folder / "raw"))
    assert manifest_of(folder).num_rows == REPLAYS
    return folder


@pytest.fixture
def data(fetched: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(fetched, tmp_path / "data")


def run(data: Path, manifest: pa.Table | None = None, params: ParseParams = PARAMS) -> Counts:
    if manifest is not None:
        write_table(manifest, data / "raw" / "manifest.parquet")
    return stage.run(job(params, data))


def made(counts: Counts) -> tuple[int, int, int]:
    """Return how many replays were parsed, measured, and given events."""
    return counts.timing["parsed_now"], counts.timing["measured_now"], counts.timing.get("events_now", 0)


def manifest_of(data: Path) -> pa.Table:
    return pq.read_table(data / "raw" / "manifest.parquet")


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_parsing_again_reuses_everything_and_gives_the_same_bytes(data: Path) -> None:
    """A second run makes nothing; a run without a store gives the same bytes."""
    assert made(run(data)) == (REPLAYS, REPLAYS, 0)
    before = content(data / "parsed")
    assert made(run(data)) == (0, 0, 0)
    assert content(data / "parsed") == before
    shutil.rmtree(data / ".state")
    run(data)
    assert content(data / "parsed") == before


@pytest.mark.slow
def test_only_what_is_new_is_made(data: Path) -> None:
    """One replay more is one parse; fewer features and settings that were used before are none."""
    manifest = manifest_of(data)
    run(data, manifest.slice(0, manifest.num_rows - 1))
    assert made(run(data, manifest)) == (1, 1, 0)
    frames = content(data / "parsed" / "frames")
    assert made(run(data, params=ParsingConfig.get_preset("minimal").params())) == (0, 0, 0)
    assert content(data / "parsed" / "frames") == frames
    assert made(run(data, params=ParsingConfig.get_preset("minimal", fps=5.0).params())) == (REPLAYS, REPLAYS, 0)
    assert made(run(data)) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "table"), [("events", "events"), pytest.param("stats", "player_stats", marks=pytest.mark.heavy)]
)
def test_what_is_asked_for_later_is_made_of_what_was_parsed(data: Path, setting: str, table: str) -> None:
    """Switching a product on parses and measures nothing, and gives what parsing with it gives."""
    run(data)
    choice: dict[str, Any] = {setting: True}
    asking = dataclasses.replace(PARAMS, **choice)
    later = run(data, params=asking)
    assert (*made(later)[:2], later.timing[f"{setting}_now"]) == (0, 0, REPLAYS)
    before = content(data / "parsed")
    shutil.rmtree(data / ".state")
    at_once = run(data, params=asking)
    assert (*made(at_once)[:2], at_once.timing[f"{setting}_now"]) == (REPLAYS, REPLAYS, REPLAYS)
    assert content(data / "parsed") == before
    assert pq.read_table(data / "parsed" / f"{table}.parquet").num_rows > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("product", "expected"), [("products/frames", (REPLAYS, 0, 0)), ("products/measures.py", (0, REPLAYS, 0))]
)
def test_an_edit_makes_its_own_product_again(
    data: Path, monkeypatch: pytest.MonkeyPatch, product: str, expected: tuple[int, int, int]
) -> None:
    """Code that gives the same frames as before measures nothing; code of measures parses nothing."""
    run(data)
    before = content(data / "parsed")
    monkeypatch.setattr(keys, "product_digest", lambda path: "edited" if path == product else product_digest(path))
    assert made(run(data)) == expected
    assert content(data / "parsed") == before


@pytest.mark.slow
def test_an_edit_of_what_calls_the_products_makes_all_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a product is given decides as its own code does."""
    run(data)
    monkeypatch.setattr(keys, "code_digest", lambda path: f"edited {path}")
    assert made(run(data)) == (REPLAYS, REPLAYS, 0)


@pytest.mark.slow
def test_no_dataset_lacks_a_replay_whose_file_is_missing_or_changed(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The stage fails with a line for each, keeps all others, and goes on when the files are back."""
    rows = manifest_of(data).to_pylist()
    gone, changed = (data / "raw" / row["path"] for row in rows[:2])
    original, other = gone.read_bytes(), changed.read_bytes()
    changed.chmod(0o644)
    changed.write_bytes(original)
    gone.unlink()
    with pytest.raises(StageError, match=r"^2 replays were lost .* put its SHA-256 into engine.accept_lost$"):
        run(data)
    assert not (data / "parsed").exists()
    for row, why in zip(
        rows[:2], ("is not in the folder of raw replays", "has other bytes than fetch recorded"), strict=True
    ):
        line = f"lost {row['source_path']} (SHA-256 {row['sha256']}): {row['path']} {why}; `make update` gets it again"
        assert line in caplog.messages

    engine = EngineParams(workers=2, accept_lost=[row["sha256"] for row in rows[:2]])
    accepted = stage.run(job(PARAMS, data, engine=engine))
    assert made(accepted) == (0, 0, 0)
    assert accepted.rejected["lost"] == 2
    assert accepted.replays_in == accepted.replays_out + sum(accepted.rejected.values())
    table = pq.read_table(data / "parsed" / "rejects.parquet")
    assert table.schema.equals(rejects.REJECTS_SCHEMA)
    assert set(table["stage"].to_pylist()) == {"parse"}

    gone.write_bytes(original)
    changed.write_bytes(other)
    whole = run(data)
    assert made(whole) == (2, 2, 0)
    assert "lost" not in whole.rejected
    replays = pq.read_table(data / "parsed" / "replays.parquet")
    for replay_id in replays["replay_id"].to_pylist():
        assert (data / "parsed" / "frames" / replay_id[:2] / f"{replay_id}.arrow").is_file()


@pytest.mark.slow
def test_rejects_are_tried_again_after_an_upgrade_of_the_parser(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reject is kept like a result, and both are made again by another version of the parser."""
    params = dataclasses.replace(PARAMS, slots_per_team=1)
    first = run(data, params=params)
    assert first.rejected["team_too_large"] > 0
    assert made(run(data, params=params)) == (0, 0, 0)
    monkeypatch.setattr(keys, "parser_version", lambda: "2.0.0")
    assert made(run(data, params=params))[0] == first.replays_in


@pytest.mark.parametrize("reason", [Reason.PARSER_TIME, Reason.PARSER_MEMORY, Reason.PARSER_DIED])
def test_what_passed_a_limit_waits_for_it_once(data: Path, monkeypatch: pytest.MonkeyPatch, reason: Reason) -> None:
    """The reject is kept with the limits; others, or a loss that was accepted, are tried again."""
    tried: list[int] = []

    def ending(error: ReplayError | None, loss: str) -> None:
        def run_tasks(_: object, tasks: Iterable[ParseTask], *__: object) -> Iterator[TaskResult[ParseTask, Results]]:
            tasks = list(tasks)
            tried.append(len(tasks))
            yield from (TaskResult(task, None, error, loss) for task in tasks)

        monkeypatch.setattr(stage, "run_tasks", run_tasks)

    rows = manifest_of(data).num_rows
    accepting = EngineParams(accept_lost=manifest_of(data)["sha256"].to_pylist())
    ending(None, "its worker was ended by SIGKILL")
    for _ in range(2):
        assert stage.run(job(PARAMS, data, engine=accepting)).rejected == {"lost": rows}
    ending(UnsupportedReplay(reason, "more than it may"), "")
    for engine in (EngineParams(), EngineParams(), EngineParams(timeout_seconds=9.0), EngineParams(memory_limit_mb=0)):
        assert stage.run(job(PARAMS, data, engine=engine)).rejected == {reason: rows}
    assert tried == [rows] * 5  # the same limits again try none


@pytest.mark.slow
def test_a_damaged_result_is_made_again(data: Path) -> None:
    """Whoever edits a file of data/parsed edits the store's; the next run finds it."""
    run(data)
    frames = sorted((data / "parsed").rglob("*.arrow"))[0]
    before = frames.read_bytes()
    frames.chmod(0o644)
    frames.write_bytes(before[:-1] + b"\0")
    assert made(run(data)) == (1, 0, 0)
    assert frames.read_bytes() == before
