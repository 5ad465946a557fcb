"""The digest of a product is complete: what it declares is what it imports, and nothing beyond that is reached."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.imports import imports

from impulse.files.digest import GROUND, PACKAGE, declared_rooms

PRODUCTS = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in (PACKAGE / "products").iterdir()
    if path.name not in ("__init__.py", "__pycache__")
)


def files_of(*paths: str) -> set[Path]:
    """Return the modules of rooms and files of the package."""
    return {
        file
        for path in paths
        for file in ((PACKAGE / path).rglob("*.py") if (PACKAGE / path).is_dir() else [PACKAGE / path])
    }


def imported_by(files: set[Path]) -> set[Path]:
    return {imported for file in files for _, imported in imports(file)}


def test_products_are_found() -> None:
    """A new one is held against its declaration too."""
    assert {"products/frames", "products/measures.py", "products/events.py"} <= set(PRODUCTS)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_declares_what_it_uses(product: str) -> None:
    """Not less, or an edit there would leave old values; not more, or it would make all again for nothing."""
    others = imported_by(files_of(product)) - files_of(product, *GROUND)
    used = declared_rooms(product)
    assert others <= files_of(*used), f"{product} imports what USES does not name"
    assert all(others & files_of(path) for path in used), f"{product} does not import all that USES names"


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_a_product_uses_reaches_nothing_else(product: str) -> None:
    """All code that can decide a value is in the digest."""
    covered = files_of(product, *declared_rooms(product), *GROUND)
    assert imported_by(covered) <= covered
