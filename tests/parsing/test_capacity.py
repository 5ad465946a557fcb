"""Workers and limits held against the memory that products take."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from impulse.config.engine import EngineKind, EngineParams
from impulse.parsing import capacity
from impulse.parsing.capacity import fitted, warn_of_low_limit
from impulse.parsing.costs import Needed

SIZE = 1_500_000
FRAMES = [Needed(["array_frames"], SIZE)] * 40
PLAY = [Needed(["frames", "events", "controls"], SIZE)] * 40


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """16 cores, and 4 GB of memory are free."""
    monkeypatch.setattr(capacity, "available_memory_mb", lambda: 4000)
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    caplog.set_level(logging.INFO)


def test_heavier_products_have_fewer_workers(caplog: pytest.LogCaptureFixture) -> None:
    """As many as the memory has room for if all work on the largest replays, and a line says why."""
    assert fitted(EngineParams(), FRAMES) == EngineParams()
    assert not caplog.messages

    workers = fitted(EngineParams(), PLAY).workers
    assert workers * PLAY[0].memory_mb <= 0.9 * 4000 < (workers + 1) * PLAY[0].memory_mb
    (line,) = caplog.messages
    assert line.startswith(f"{workers} workers instead of 16: controls of the largest replay (1.5 MB) take about ")
    assert line.endswith("4000 MB of memory are free; engine.workers sets another number")


def test_one_worker_is_always_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may work, where none cannot."""
    monkeypatch.setattr(capacity, "available_memory_mb", lambda: 10)
    assert fitted(EngineParams(), PLAY).workers == 1


def test_a_number_that_was_chosen_stays(caplog: pytest.LogCaptureFixture) -> None:
    """With a warning where it is too large."""
    for workers, lines in ((4, 0), (16, 1)):
        assert fitted(EngineParams(workers=workers), PLAY) == EngineParams(workers=workers)
        assert len(caplog.messages) == lines
    assert "engine.workers: 16 may be too many: controls of the largest replay" in caplog.text


def test_nothing_is_changed_where_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory of other machines, or of a system that does not say; or nothing to make."""
    cluster = EngineParams(kind=EngineKind.dask, address="tcp://host:1")
    assert fitted(cluster, PLAY) == cluster
    assert fitted(EngineParams(), []) == EngineParams()
    monkeypatch.setattr(capacity, "available_memory_mb", lambda: None)
    assert fitted(EngineParams(), PLAY) == EngineParams()
    assert not caplog.messages


def test_a_limit_that_is_too_low_is_said_before(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for each product, with the setting; none for a limit that is enough, or none."""
    large = [*FRAMES, Needed(["exact_frames"], 3_000_000), *[Needed(["controls"], 5_000_000)] * 2]
    for limit in (0, 8192):
        warn_of_low_limit(replace(EngineParams(), memory_limit_mb=limit), large)
    assert not caplog.messages

    warn_of_low_limit(replace(EngineParams(), memory_limit_mb=1024), large)
    begin = "engine.memory_limit_mb: 1024 MB are probably too few for"
    assert [message.partition(", which")[0] for message in caplog.messages] == [
        f"{begin} exact frames of 1 replay",
        f"{begin} controls of 2 replays",
    ]
    caplog.clear()
    monkeypatch.setattr(capacity, "can_limit_memory", lambda: False)
    warn_of_low_limit(replace(EngineParams(), memory_limit_mb=1024), large)
    assert not caplog.messages
