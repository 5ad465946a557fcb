"""Imports of impulse's modules, read from their source."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.paths import STAGES


def imports(path: Path) -> set[tuple[int, Path]]:
    """Return line and file of every module of impulse that a file imports, wherever the import stands.

    A module that a stage's script names for ``run_program`` is imported there.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [[alias.name] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno} imports relatively"
            names = [[f"{node.module}.{alias.name}", str(node.module)] for alias in node.names]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "run_program":
            names = [[text] for item in node.args if "." in (text := str(getattr(item, "value", "")))]
        else:
            continue
        files = [next(filter(None, map(_file, choices)), None) for choices in names]
        found |= {(node.lineno, file) for file in files if file}
    return found


def _file(module: str) -> Path | None:
    base = STAGES.joinpath(*module.split("."))
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)
