"""Rooms and floors: who may import whom, read from every import of every module.

An import runs from a larger floor to a smaller one, or stays in its room. Imports within functions count, because they
run; those under ``TYPE_CHECKING`` count, because whoever reads the one module has to know the other.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.imports import imports
from tests.paths import STAGES

FLOORS = (
    {"errors", "bytecode"},
    {"replay", "schema", "s3"},
    {"files", "decoding", "demo", "geometry"},
    {"tables"},
    {"products", "config", "loading"},
    {"run", "training"},
    {"collection", "parsing", "validation", "dedupe", "export"},
    {"sharing"},
    {"cli"},
    {"__main__"},
)
"""Rooms of impulse, the ground floor first. Tables are written through files, so they are a floor above them."""

MAX_LINES = 300
"""A module that is longer does more than one thing."""


class Import(NamedTuple):
    """One import of a module of impulse by another."""

    importer: str
    line: int
    imported: str


def _name(path: Path) -> str:
    return ".".join(path.relative_to(STAGES).with_suffix("").parts)


MODULES = {_name(path): path for path in sorted((STAGES / "impulse").rglob("*.py"))}
"""Path by name; a package is ``impulse.room.__init__``."""

IMPORTS = sorted(Import(module, line, _name(file)) for module, path in MODULES.items() for line, file in imports(path))


def _room(module: str) -> str:
    return module.split(".")[1]


def _floor(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS, start=1) if room in rooms)


def _is_allowed(found: Import) -> bool:
    one, other = _room(found.importer), _room(found.imported)
    return one == other or "__init__" in (one, other) or _floor(one) > _floor(other)


def test_every_room_has_a_floor() -> None:
    """A new room is put on a floor, one that is gone leaves."""
    assert {_room(module) for module in MODULES} - {"__init__"} == set().union(*FLOORS)


def test_imports_run_downwards() -> None:
    """No module imports from its own floor or from above, but within its room."""
    broken = [
        f"{found.importer}:{found.line} imports {found.imported}: {_room(found.importer)} is on floor "
        f"{_floor(_room(found.importer))}, {_room(found.imported)} on floor {_floor(_room(found.imported))}"
        for found in IMPORTS
        if not _is_allowed(found)
    ]
    assert not broken, "\n".join(["imports run from a larger floor to a smaller one", *broken])


@pytest.mark.parametrize("folder", sorted({module.rpartition(".")[0] for module in MODULES}))
def test_nothing_in_a_folder_imports_in_a_circle(folder: str) -> None:
    """Neither the modules of a folder nor its inner rooms, each taken as a whole."""
    depth = folder.count(".") + 1
    graph: dict[str, set[str]] = {}
    for found in IMPORTS:
        if all(f"{module}.".startswith(f"{folder}.") for module in (found.importer, found.imported)):
            one, other = (module.split(".")[depth] for module in (found.importer, found.imported))
            if one != other:
                graph.setdefault(one, set()).add(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        raise AssertionError(f"circle in {folder}: {' <- '.join(circle)}") from None


def test_no_module_is_long() -> None:
    """Small modules say by their names what is in them."""
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    assert not {module: length for module, length in lengths.items() if length > MAX_LINES}
