"""Events are optional: what becomes of a replay whose events cannot be made, and of a file that is no longer the one fetched."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.jobs import job

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Kind, corpus
from impulse.errors import ReplayError, ReplayLost, StageError, UnsupportedReplay
from impulse.parsing import stage
from impulse.parsing.work import ParseTask, Results
from impulse.run.job import Counts
from impulse.run.pool import TaskResult

PARAMS = ParsingConfig.get_preset("standard").params()
WITH_EVENTS = dataclasses.replace(PARAMS, events=True)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two raw replays, parsed in this process, where a test can stand in for the parser."""
    monkeypatch.setattr(stage, "run_tasks", in_this_process)
    replays = (
        item for item in corpus(matches=2, seed=5, duration_seconds=10.0) if item.kind in (Kind.MATCH, Kind.LEAVER)
    )
    files = (Candidate(item.name, item.data) for item in replays)
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(tmp_path / "raw"))
    return tmp_path


def in_this_process(
    work: Callable[[ParseTask], Results], tasks: Iterable[ParseTask], *_: object
) -> Iterator[TaskResult[ParseTask, Results]]:
    for task in tasks:
        try:
            yield TaskResult(task, work(task), None)
        except ReplayError as error:
            yield TaskResult(task, None, error)
        except ReplayLost as error:
            yield TaskResult(task, None, loss=str(error))


def run(data: Path, params: Any = WITH_EVENTS) -> Counts:
    return stage.run(job(params, data))


def table(data: Path, name: str) -> pa.Table:
    return pq.read_table(data / "parsed" / f"{name}.parquet")


def refuse(path: Path) -> list[Any]:
    raise UnsupportedReplay("decode_failed", "the parser is at its end")


def give_other_data(path: Path) -> list[Any]:
    return [{"time": 1.0}]


def run_out_of_memory(path: Path) -> list[Any]:
    raise UnsupportedReplay("parser_memory", "memory allocation of 8 bytes failed")


@pytest.mark.parametrize("call_events", [refuse, give_other_data, run_out_of_memory])
@pytest.mark.parametrize("parsed_before", [False, True], ids=["at once", "parsed before"])
def test_a_replay_without_events_is_a_replay(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    call_events: Callable[[Path], list[Any]],
    *,
    parsed_before: bool,
) -> None:
    """Frames, measures and tables are those of a run without events; the replays are counted, and one line says why."""
    expected = run(data, PARAMS)
    replays, frames = table(data, "replays"), sorted(path.name for path in data.rglob("parsed/frames/*/*.arrow"))
    if not parsed_before:
        (data / ".state").rename(data / ".state-before")
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("impulse.products.events.call_events", call_events)
        counts = run(data)

    assert (counts.replays_in, counts.replays_out) == (expected.replays_out, expected.replays_out) == (2, 2)
    assert counts.figures["refused"] == {"events": 2}
    refused = table(data, "replays")["refused"].to_pylist()
    assert refused[0] == refused[1] != []
    assert refused[0][0].startswith(("events: decode_failed", "events: parser_memory"))
    assert table(data, "replays").drop(["refused"]).equals(replays.drop(["refused"]))
    assert sorted(path.name for path in data.rglob("parsed/frames/*/*.arrow")) == frames
    assert table(data, "events").num_rows == 0
    (line,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert "and 1 more (column refused of the table replays" in line
    assert run(data).figures["refused"] == {"events": 2}


@pytest.mark.parametrize(
    ("ended", "costs_the_replay"),
    [({"error": UnsupportedReplay("parser_died", "SIGABRT")}, True), ({"loss": "SIGKILL"}, False)],
    ids=["by its own fault", "killed"],
)
def test_a_worker_that_dies_of_events(
    data: Path, monkeypatch: pytest.MonkeyPatch, ended: dict[str, Any], *, costs_the_replay: bool
) -> None:
    """What the parser cannot do costs the events, or the replay where it came no further; what others did ends the stage."""

    def dies(work: Callable[..., Results], tasks: Iterable[ParseTask], *_: object) -> Iterator[TaskResult]:
        for number, task in enumerate(tasks):
            if not number:
                work(dataclasses.replace(task, params=PARAMS))
            yield TaskResult(task, None, **ended)

    monkeypatch.setattr(stage, "run_tasks", dies)
    if costs_the_replay:
        counts = run(data)
        assert (counts.replays_out, counts.rejected, counts.figures["refused"]) == (
            1,
            {"parser_died": 1},
            {"events": 1},
        )
    else:
        with pytest.raises(StageError, match=r"^2 replays were lost"):
            run(data)


def test_events_are_never_made_of_other_bytes(data: Path) -> None:
    """Frames of the store do not excuse a file that was changed; once it is back, so are the events."""
    run(data, PARAMS)
    first, second = sorted((data / "raw").rglob("*.replay"))
    original = first.read_bytes()
    first.chmod(0o644)
    first.write_bytes(second.read_bytes())
    with pytest.raises(StageError, match=r"^1 replay was lost"):
        run(data)

    first.write_bytes(original)
    assert run(data).rejected == {}
    events = table(data, "events")
    (data / ".state").rename(data / ".state-before")
    run(data)
    assert table(data, "events").equals(events)
    assert len(set(events["replay_id"].to_pylist())) == 2


def test_a_stored_table_that_was_damaged_is_one_line(data: Path) -> None:
    """The store looks at sizes and times; the bytes are held against the hash before they become part of a table."""
    run(data)
    stored = max(data.glob(".state/parsed/**/events.arrow.zst"))
    before = stored.stat()
    stored.chmod(0o644)
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    os.utime(stored, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(StageError, match="damaged or gone"):
        run(data)
