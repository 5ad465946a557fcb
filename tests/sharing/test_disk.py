"""What takes the disk, against `du` and against what is free once it is gone."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.checkout import Checkout

from impulse.sharing.disk import Place, measured


def files_of(folder: Path) -> set[tuple[int, int]]:
    return {(path.stat().st_ino, path.stat().st_size) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Three files with names here and there."""
    for name, size in ((".state/parsed/ab/frames", 1000), (".state/raw/one", 500), ("multirun/own", 70)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(bytes(size))
    for folder in ("data/parsed", "data/raw", "cache/12"):
        (tmp_path / folder).mkdir(parents=True)
    for link, file in (
        ("data/parsed/frames", ".state/parsed/ab/frames"),
        ("cache/12/34", ".state/parsed/ab/frames"),
        ("data/raw/one", ".state/raw/one"),
        ("data/raw/again", ".state/raw/one"),
    ):
        os.link(tmp_path / file, tmp_path / link)
    (tmp_path / "data/raw/elsewhere").symlink_to(tmp_path / "multirun")
    return tmp_path


def test_a_file_with_several_names_is_counted_once(checkout: Path) -> None:
    """It goes with its last name alone, also where all of these are in one place."""
    places = {place.name: place for place in measured(checkout, checkout / "cache")}
    assert {name: (place.files, place.bytes, place.freed) for name, place in places.items() if place.files} == {
        "data/raw": (2, 500, 0),
        "data/parsed": (1, 1000, 0),
        ".state/raw": (1, 500, 0),
        ".state/parsed": (1, 1000, 0),
        "multirun": (1, 70, 70),
        "cache": (1, 1000, 0),
    }
    shutil.rmtree(checkout / "data/raw")
    (raw,) = (place for place in measured(checkout, checkout / "cache") if place.name == ".state/raw")
    assert raw.freed == 500


def test_a_file_that_has_vanished_is_none(tmp_path: Path) -> None:
    """A build may go on meanwhile."""
    place = Place("data/raw")
    place.add(tmp_path / "gone")
    assert (place.files, place.bytes, place.freed) == (0, 0, 0)


@pytest.mark.heavy
def test_what_is_said_to_be_freed_is_free_afterwards(
    clone: Callable[[str, Path], Checkout], small_source: Path
) -> None:
    """In a real checkout with an earlier build: what may go frees and costs what was said."""

    def on_disk() -> int:
        return sum(size for _, size in set().union(*(files_of(checkout.path / name) for name in folders)))

    def said(what: str) -> float:
        lines = checkout.run("python", "-m", "impulse", "disk", PYTHONPATH="stages").stdout
        found = re.search(rf"{re.escape(what)}.*?([\d.]+)( MB|$)", lines, re.MULTILINE)
        return float(found[1]) if found else 0.0

    folders = (
        "data/raw",
        "data/parsed",
        "data/validated",
        "data/deduped",
        "data/export",
        ".dvc/cache",
        ".dvc/tmp",
        ".state",
    )
    checkout = clone("disk", small_source)
    checkout.run("dvc", "repro")
    checkout.replace("conf/config.yaml", "fps: 10.0", "fps: 20")
    checkout.run("dvc", "repro")
    dataset = checkout.content("data/export")
    assert said("on the disk") == pytest.approx(on_disk() / 1e6, abs=0.2)  # .state has small files that are not listed
    for what, command in (
        ("`dvc gc --workspace`", ["dvc", "gc", "--workspace", "--force"]),
        ("`rm -rf .state/raw`", ["rm", "-rf", ".state/raw"]),
        ("`rm -rf .state/parsed`", ["rm", "-rf", ".state/parsed"]),
        ("`rm -rf data/*/`", ["sh", "-c", "rm -rf data/*/"]),
    ):
        before, expected = on_disk(), said(what)
        checkout.run(*command)
        assert (before - on_disk()) / 1e6 == pytest.approx(expected, abs=0.06), what
    checkout.run("dvc", "checkout")
    assert checkout.content("data/export") == dataset
    assert checkout.stages_run("dvc", "repro", "--force", "--single-item", "fetch") == ["fetch"]
    assert checkout.stages_run("dvc", "repro") == []
    assert len(list((checkout.path / ".state/raw").rglob("*.replay"))) == len(
        list((checkout.path / "data/raw").rglob("*.replay"))
    )
