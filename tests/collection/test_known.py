"""Facts of files that were read before: kept line by line, believed only where the line is whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from impulse.collection import known
from impulse.collection.known import KnownFacts
from impulse.collection.source import FileFacts


@pytest.fixture
def found(replays: list[bytes]) -> list[FileFacts]:
    return [FileFacts.of(content) for content in (*replays[:5], b"no replay")]


def kept(file: Path, found: list[FileFacts]) -> list[FileFacts | None]:
    facts = KnownFacts(file)
    return [facts.get(each.sha256) for each in found]


def test_what_was_kept_is_found_by_the_next_run(tmp_path: Path, found: list[FileFacts]) -> None:
    """Times are times again; what has another identity is another file; the same facts stand there once."""
    file = tmp_path / "state" / "known"
    for _ in range(2):
        facts = KnownFacts(file)
        for each in found:
            facts.keep(each, each.sha256)
    assert kept(file, found) == found
    assert KnownFacts(file).get(found[0].sha256, "etag") is None
    assert len(list(filter(None, file.read_bytes().splitlines()))) == len(found)


def test_two_runs_that_write_at_the_same_time_lose_nothing(tmp_path: Path, found: list[FileFacts]) -> None:
    one, other = KnownFacts(tmp_path / "known"), KnownFacts(tmp_path / "known")
    for number, each in enumerate(found):
        (one, other)[number % 2].keep(each, each.sha256)
    assert kept(tmp_path / "known", found) == found


def test_a_file_that_ends_anywhere_gives_its_whole_lines(tmp_path: Path, found: list[FileFacts]) -> None:
    """As a kill or a full disk leaves it; what is kept afterwards is found."""
    file = tmp_path / "known"
    facts = KnownFacts(file)
    for each in found[:-1]:
        facts.keep(each, each.sha256)
    content = file.read_bytes()
    for end in random.Random(1).sample(range(len(content)), 60):
        file.write_bytes(content[:end])
        whole = max(content[:end].count(b"\n") - 1, 0)
        before = kept(file, found)
        assert before[:whole] == found[:whole]
        assert before[whole + 1 :] == [None] * (len(found) - whole - 1)
        KnownFacts(file).keep(found[-1], found[-1].sha256)
        assert kept(file, found) == [*before[:-1], found[-1]]


def test_a_flipped_bit_costs_its_line_only(tmp_path: Path, found: list[FileFacts]) -> None:
    file = tmp_path / "known"
    facts = KnownFacts(file)
    for each in found:
        facts.keep(each, each.sha256)
    content = file.read_bytes()
    draw = random.Random(2)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        file.write_bytes(damaged)
        read = kept(file, found)
        assert all(now in (None, before) for now, before in zip(read, found, strict=True))
        assert read.count(None) <= 2  # a line end that is none joins two


def test_the_oldest_facts_that_nobody_asked_for_go_when_they_are_many(
    tmp_path: Path, found: list[FileFacts], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: the next run may have another source. What another run found meanwhile stays."""
    file = tmp_path / "known"
    first = KnownFacts(file)
    for each in found[:-1]:
        first.keep(each, each.sha256)
    size = len(file.read_bytes().splitlines()[1])
    second = KnownFacts(file)
    second.get(found[0].sha256)
    second.sweep()
    assert kept(file, found) == [*found[:-1], None]
    KnownFacts(file).keep(found[-1], found[-1].sha256)
    monkeypatch.setattr(known, "SPARE_BYTES", 2 * size)
    second.sweep()
    read = kept(file, found)
    assert read[0] == found[0]
    assert read[1:3] == [None, None]
    assert read[-1] == found[-1]


def test_a_folder_in_its_place_is_no_facts(tmp_path: Path) -> None:
    assert KnownFacts(tmp_path).get("a") is None
