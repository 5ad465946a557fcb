"""What stages open, write and parse when little or nothing is new: counts, as time would depend on the machine."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.jobs import job
from tests.settings import composed

from impulse.collection import stage as collection
from impulse.config.dedupe import DedupeParams
from impulse.config.export import ExportParams
from impulse.config.fetch import FetchParams, SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.dedupe import stage as dedupe
from impulse.export import stage as export
from impulse.parsing import stage as parsing
from impulse.run.job import Counts
from impulse.validation import stage as validation

STAGES = ("fetch", "parse", "validate", "dedupe", "export")
FEW, MANY = 20, 60


@dataclass
class Watch:
    """Which files below a folder this process opens, while it is watched."""

    folder: str = ""
    """Empty: nothing is watched."""
    opened: Counter[str] = field(default_factory=Counter)

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """Note a file that is opened; Python calls this for every event."""
        if self.folder and event == "open" and isinstance(arguments[0], str | os.PathLike):
            path = os.fspath(arguments[0])
            if isinstance(path, str) and path.startswith(self.folder):
                self.opened[path.removeprefix(self.folder)] += 1


WATCH = Watch()
sys.addaudithook(WATCH.hear)  # none can be removed


@contextmanager
def watched(folder: Path) -> Iterator[Counter[str]]:
    WATCH.folder, WATCH.opened = f"{folder}/", Counter()
    try:
        yield WATCH.opened
    finally:
        WATCH.folder = ""


@dataclass
class Operations:
    """What a run of all stages did."""

    opened: dict[str, int] = field(default_factory=dict)
    """Files, by stage."""
    written: dict[str, int] = field(default_factory=dict)
    """Bytes of files that were not there before, by stage."""
    counts: dict[str, Counts] = field(default_factory=dict)


class Build:
    """A data folder, whose source grows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir(parents=True)
        self.data = folder / "data"

    def add(self, contents: list[bytes]) -> None:
        first = len(list(self.source.iterdir()))
        for number, content in enumerate(contents, first):
            (self.source / f"{number:04d}.replay").write_bytes(content)

    def run(self) -> Operations:
        """Run all stages and count."""
        done = Operations()
        settings = composed()
        for stage in STAGES:
            before = self._files()
            with watched(self.folder) as opened:
                match stage:
                    case "fetch":
                        params = FetchParams(source=SourceKind.local, path=str(self.source))
                        counts = collection.run(job(params, self.data))
                        assert counts is not None
                    case "parse":
                        counts = parsing.run(job(ParsingConfig.get_preset("minimal", fps=10.0).params(), self.data))
                    case "validate":
                        counts = validation.run(job(settings.validate, self.data))
                    case "dedupe":
                        counts = dedupe.run(job(DedupeParams(), self.data))
                    case _:
                        counts = export.run(job(ExportParams(shards=4), self.data))
            done.opened[stage] = opened.total()
            done.written[stage] = sum(size for file, size in self._files().items() if file not in before)
            done.counts[stage] = counts
        return done

    def _files(self) -> dict[tuple[int, int], int]:
        """Return sizes of all files by inode and time of change."""
        found = (path.stat() for path in self.folder.rglob("*") if path.is_file())
        return {(status.st_ino, status.st_mtime_ns): status.st_size for status in found}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, replays: list[bytes]) -> dict[int, tuple[Operations, Operations]]:
    """By the number of replays: a run with nothing new, and one with one replay more."""
    found = {}
    for count in (FEW, MANY):
        build = Build(tmp_path_factory.mktemp("build"))
        build.add(replays[:count])
        build.run()
        build.run()  # what the first leaves to do, such as the times of files that were too young
        nothing = build.run()
        build.add(replays[count : count + 1])
        found[count] = (nothing, build.run())
        assert found[count][1].counts["export"].replays_out == count + 1
    return found


def test_nothing_new_opens_no_file_of_a_replay(runs: dict[int, tuple[Operations, Operations]]) -> None:
    """However many replays there are; nothing is parsed and no file of frames written."""
    (few, _), (many, _) = runs[FEW], runs[MANY]
    assert many.opened == few.opened
    for done in (few, many):
        assert done.counts["fetch"].timing["written_now"] == 0
        assert done.counts["parse"].timing["parsed_now"] == 0
        assert done.counts["export"].timing["parts_written_now"] == 0


def test_one_replay_more_costs_one_replay(runs: dict[int, tuple[Operations, Operations]]) -> None:
    """It is read, parsed and measured, and one shard is written: the only one whose replays are read again."""
    (_, few), (_, many) = runs[FEW], runs[MANY]
    for stage in ("fetch", "parse", "validate", "dedupe"):
        assert many.opened[stage] == few.opened[stage]
    for done in (few, many):
        assert done.counts["fetch"].timing["written_now"] == 1
        assert (done.counts["parse"].timing["parsed_now"], done.counts["parse"].timing["measured_now"]) == (1, 1)
        assert done.counts["export"].timing["parts_written_now"] == 1
    assert many.opened["export"] - few.opened["export"] <= MANY - FEW


def test_what_is_written_again_are_tables(runs: dict[int, tuple[Operations, Operations]]) -> None:
    """Tables and lists grow by 6 kB for each replay, which has 40 kB even here; none is copied."""
    for number in (0, 1):
        few, many = (runs[count][number] for count in (FEW, MANY))
        grown = {stage: many.written[stage] - few.written[stage] for stage in STAGES if stage != "export"}
        assert sum(grown.values()) < 7_000 * (MANY - FEW), grown
