"""Calls of the parser: one serves all that can be made of it, and nothing is called again for what was made before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import subtr_actor
from tests.jobs import job

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.fetch import SourceKind
from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import write_replay
from impulse.parsing import stage
from impulse.parsing.work import ParseTask, make_products
from impulse.run.pool import TaskResult
from impulse.schema.sampling import Decoder

EXACT = replace(ParsingConfig.get_preset("standard").params(), decoder=Decoder.exact)
CALLS = {
    "frames": "parse_replay",
    "controls": "parse_replay",
    "pads": "parse_replay",
    "pad_rows": "parse_replay",
    "events": "get_stats_events",
    "stats": "get_summed_stats",
}
"""What each product is made of, frames by the exact decoder."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one raw replay, parsed in this process."""

    def in_this_process(work: Any, tasks: Iterable[ParseTask], *_: object) -> Iterator[TaskResult]:
        for task in tasks:
            yield TaskResult(task, make_products(task))

    monkeypatch.setattr(stage, "run_tasks", in_this_process)
    write_replay(tmp_path / "a.replay", seed=3, team_size=1, duration_seconds=6.0)
    content = (tmp_path / "a.replay").read_bytes()
    files = [Candidate("a.replay", content)]
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(tmp_path / "raw"))
    return tmp_path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the parser was called, by the name of the function."""
    made: Counter[str] = Counter()

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: object, **settings: object) -> Any:
            made[name] += 1
            return call(*arguments, **settings)

        return counting

    for name in ("get_ndarray_with_info_from_replay_filepath", "get_replay_frames_data", *set(CALLS.values())):
        monkeypatch.setattr(subtr_actor, name, counted(name, getattr(subtr_actor, name)))
    return made


def parsed(data: Path, params: ParseParams) -> dict[str, int]:
    """Run the stage; return how many of each product it made."""
    timing = stage.run(job(params, data)).timing
    return {
        "frames": timing["parsed_now"],
        **{name: timing.get(f"{name}_now", 0) for name in CALLS if name != "frames"},
    }


def test_everything_at_once_calls_each_function_once(data: Path, calls: Counter[str]) -> None:
    """One walk of the raw data gives exact frames, controls and pads."""
    everything: dict[str, Any] = dict.fromkeys(CALLS.keys() - {"frames"}, True)
    assert parsed(data, replace(EXACT, **everything)) == dict.fromkeys(CALLS, 1)
    assert calls == dict.fromkeys(CALLS.values(), 1)


@pytest.mark.parametrize("setting", [name for name in CALLS if name != "frames"])
def test_what_is_asked_for_later_is_the_only_thing_that_is_made(data: Path, calls: Counter[str], setting: str) -> None:
    """Switching a product on calls what that is made of, once; switching it off and on again calls nothing."""
    choice: dict[str, Any] = {setting: True}
    asking = replace(EXACT, **choice)
    parsed(data, EXACT)
    calls.clear()
    assert parsed(data, asking) == {**dict.fromkeys(CALLS, 0), setting: 1}
    assert calls == {CALLS[setting]: 1}

    parsed(data, EXACT)
    assert parsed(data, asking) == dict.fromkeys(CALLS, 0)
    assert calls.total() == 1
