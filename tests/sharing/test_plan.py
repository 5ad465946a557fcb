"""The plan: what fetch has to get, and what parse will cost for what is there and what is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.jobs import job
from tests.paths import ROOT

from impulse.collection import stage as fetch
from impulse.config.composition import checked
from impulse.config.fetch import FetchParams
from impulse.config.parse import ParseParams
from impulse.demo import write_replay
from impulse.parsing import stage as parsing
from impulse.parsing.costs import COSTS, ENOUGH, RATES, read_rates
from impulse.parsing.work import make_products
from impulse.run.pool import TaskResult
from impulse.sharing.plan import plan

COUNT = 3
"""Replays of the source."""


class Place:
    """A checkout as far as a plan reads it."""

    def __init__(self, root: Path) -> None:
        self.root, self.data, self.state = root, root / "data", root / ".state"
        self.settings: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "params.yaml").read_text())

    def choose(self, section: str, **values: object) -> None:
        self.settings[section].update(values)
        (self.root / "params.yaml").write_text(yaml.safe_dump(self.settings))

    def lines(self) -> list[str]:
        return list(plan(self.root))

    def fetch(self) -> None:
        fetch.run(job(checked(FetchParams, self.settings["fetch"]), self.data, state=self.state))

    def parse(self) -> None:
        parsing.run(job(checked(ParseParams, self.settings["parse"]), self.data, state=self.state))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """One whose source is a folder of synthetic replays, parsed in this process."""

    def in_this_process(work: Any, tasks: Iterable[Any], *_: object) -> Iterator[TaskResult]:
        for task in tasks:
            yield TaskResult(task, make_products(task))

    monkeypatch.setattr(parsing, "run_tasks", in_this_process)
    (tmp_path / "replays").mkdir()
    for number in range(COUNT):
        write_replay(tmp_path / "replays" / f"{number}.replay", seed=number, team_size=1, duration_seconds=6.0 + number)
    place = Place(tmp_path)
    place.choose("fetch", source="local", path="replays")
    return place


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".lock" not in path.name}


def test_what_is_not_there_yet_is_planned_by_the_size_of_its_file(place: Place) -> None:
    """Without a fetch all of the source lacks everything; nothing is written."""
    place.choose("parse", events=True)
    before = files(place.root)
    sizes = [path.stat().st_size for path in (place.root / "replays").iterdir()]
    fetched, kept, frames, events, whole = place.lines()

    assert fetched.startswith(f"fetch: a run looks at {len(sizes)} files of this machine")
    assert kept == f"parse: {len(sizes)} replays, 0 of them here; made or refused before: frames of 0, events of 0"
    megabytes = sum(sizes) / 1e6
    for name, line in (("frames", frames), ("events", events)):
        seconds, size = COSTS[name].seconds * megabytes, COSTS[name].kilobytes * megabytes / 1e3
        assert line == (
            f"parse: {name} of {len(sizes)} replays ({megabytes:.1f} MB): about {seconds:.0f} s of CPU time, {size:.1f} MB "
            "(rates measured elsewhere)"
        )
    total = (COSTS["frames"].seconds + COSTS["events"].seconds) * megabytes
    assert whole.startswith(f"parse: an estimate, in all: {total:.0f} s of CPU time, ")
    assert "of disk in the store" in whole
    assert files(place.root) == before


def test_what_was_made_before_costs_nothing(place: Place) -> None:
    """Switching a product on later costs that product alone; another replay all of them; at rates of this checkout."""
    place.fetch()
    place.parse()
    count = COUNT
    assert place.lines()[1:] == [
        f"parse: {count} replays, {count} of them here; made or refused before: frames of {count}",
        "parse: nothing to make",
    ]

    place.choose("parse", events=True)
    _, kept, events, _ = place.lines()
    assert kept.endswith(f"made or refused before: frames of {count}, events of 0")
    assert events.startswith(f"parse: events of {count} replays")

    write_replay(place.root / "replays" / "other.replay", seed=9, team_size=1, duration_seconds=6.0)
    _, kept, frames, events, _ = place.lines()
    assert kept.startswith(f"parse: {count + 1} replays, {count} of them here")
    assert frames.startswith("parse: frames of 1 replay (")
    assert events.startswith(f"parse: events of {count + 1} replays")

    assert read_rates(place.state / RATES)["local"]["frames"].replays == count


def test_rates_of_this_checkout_come_first(place: Place) -> None:
    """Where enough replays of the source speak for them."""
    (place.state).mkdir()
    rate = {"replays": ENOUGH, "megabytes": 2.0, "seconds": 2000.0, "kilobytes": 1e6}
    (place.state / RATES).write_text(json.dumps({"local": {"frames": rate}}))
    megabytes = sum(path.stat().st_size for path in (place.root / "replays").iterdir()) / 1e6
    (line,) = [line for line in place.lines() if line.startswith("parse: frames of")]
    assert (
        f"about {1000 * megabytes / 60:.0f} min of CPU time, {500 * megabytes:.1f} MB (rates of earlier runs here)"
        in line
    )


def test_a_file_that_was_changed_is_one_to_make(place: Place) -> None:
    """Its name is in the manifest, and its size another; rejects of fetch are no replays."""
    place.fetch()
    place.parse()
    (place.root / "replays" / "0.replay").write_bytes((place.root / "replays" / "1.replay").read_bytes()[:-100])
    _, kept, *_ = place.lines()
    assert kept == "parse: 3 replays, 2 of them here; made or refused before: frames of 2"

    place.fetch()
    _, kept, *_ = place.lines()
    assert kept == "parse: 2 replays, 2 of them here; made or refused before: frames of 2"


def test_sizes_that_a_source_does_not_tell_are_assumed_and_said(place: Place) -> None:
    """Synthetic replays are not made to be planned; files that are there say how large others may be."""
    place.choose("fetch", source="demo", matches=12, match_seconds=30.0)
    _, kept, assumed, *_ = place.lines()
    assert kept.startswith("parse: 16 replays, 0 of them here")
    assert assumed.startswith("parse: the source does not tell the size of 16 of them, which is taken as 0.12 MB")
