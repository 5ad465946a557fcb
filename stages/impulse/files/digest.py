"""What code does, as one hash: equal while only comments, docstrings and layout change, on every Python.

Results are kept by the digest of the code that made them, so no version is raised by hand. It is taken of syntax trees,
because a typo in a comment must not parse ten thousand replays again. ``ast.dump`` and ``ast.unparse`` give other texts on
other Pythons, so the trees are walked here.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from impulse.files.output import output_file

PACKAGE = Path(__file__).resolve().parent.parent

GROUND = ("errors.py", "replay", "schema")
"""What every product may use without declaring it."""

DIGESTS = PACKAGE / "__pycache__" / "digests.txt"
"""File of the digests that are known: walking the syntax trees of a hundred modules takes as long as starting a stage."""

MOST_DIGESTS = 2000
"""It keeps those of so many versions of modules."""

_OWN = Path(__file__).read_bytes()
"""The code that finds digests, as it was loaded: the file may be edited while this process runs."""

USES = "USES"
"""Name of the constant in which a product declares the other rooms that it uses."""


def product_digest(product: str, *, package: Path = PACKAGE) -> str:
    """Return the digest of a product with all the code that it may use.

    Args:
        product: its path inside the package, for example ``products/measures.py`` or ``products/frames``.
        package: the folder of the package.
    """
    return code_digest(product, *declared_rooms(product, package=package), *GROUND, package=package)


def declared_rooms(product: str, *, package: Path = PACKAGE) -> tuple[str, ...]:
    """Return what a product's :data:`USES` names, without importing it; nothing when it declares nothing."""
    path = package / product
    module = path / "__init__.py" if path.is_dir() else path
    for statement in ast.parse(module.read_bytes()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == USES:
            return tuple(ast.literal_eval(statement.value))
    return ()


def code_digest(*paths: str, package: Path = PACKAGE) -> str:
    """Return the digest of files and folders of the package, in any order.

    Python files count by what they do, all others by their bytes. Names that start with a dot or end with a tilde, and the
    like, do not count: editors leave them.
    """
    found = sorted({file for path in paths for file in _files(package / path)})
    digest, known = hashlib.sha256(), _known_digests()
    before = len(known)
    for file in found:
        content = file.read_bytes()
        part = hashlib.sha256(content).hexdigest()
        if file.suffix == ".py":
            if part not in known:
                known[part] = source_digest(content)
            part = known[part]
        digest.update(f"{file.relative_to(package).as_posix()} {part}\n".encode())
    if len(known) != before:
        _keep_digests(known)
    return digest.hexdigest()


def source_digest(source: bytes) -> str:
    """Return the digest of one module."""
    return hashlib.sha256("".join(_walk(ast.parse(source))).encode()).hexdigest()


@cache
def _known_digests() -> dict[str, str]:
    """Return digests of modules by the SHA-256 of their source, as earlier processes kept them beside the compiled modules.

    They are believed only where this module is the one that found them and their checksum is right.
    """
    try:
        head, _, body = DIGESTS.read_bytes().partition(b"\n")
        if head.decode() == _head(body):
            return dict(line.split(" ") for line in body.decode().splitlines())
    except (OSError, ValueError):
        pass
    return {}


def _keep_digests(known: Mapping[str, str]) -> None:
    """Keep digests for the next process, where the package can be written."""
    if sys.dont_write_bytecode or sys.pycache_prefix:
        return
    latest = list(known.items())[-MOST_DIGESTS:]
    body = "".join(f"{source} {digest}\n" for source, digest in latest).encode()
    with suppress(OSError), output_file(DIGESTS, sync=False) as partial:
        partial.write_bytes(_head(body).encode() + b"\n" + body)


def _head(body: bytes) -> str:
    return hashlib.sha256(_OWN + body).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    """Yield the files of a folder that are code: nothing that editors, notebooks and systems put beside it."""
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file() and not any(map(_is_stray, file.relative_to(path).parts)):
                yield file
    else:
        yield path


def _is_stray(name: str) -> bool:
    """Tell whether a name is of something that editors, merges and copies leave; a module with such a name has no import."""
    path = Path(name)
    if path.suffix == ".py" and not path.stem.isidentifier():
        return True
    return (
        name == "__pycache__"
        or name.isdigit()
        or name.startswith((".", "#"))
        or name.endswith(("~", ".orig", ".rej", ".bak"))
    )


def _walk(value: object) -> Iterator[str]:
    """Yield the text of a tree: what a newer Python adds as None or an empty list has none."""
    if isinstance(value, ast.AST):
        yield f"{type(value).__name__}("
        for name, field in ast.iter_fields(value):
            content = _significant(value, name, field)
            if content is not None and content != []:
                yield f"{name}="
                yield from _walk(content)
                yield ","
        yield ")"
    elif isinstance(value, list):
        yield "["
        for item in value:
            yield from _walk(item)
            yield ","
        yield "]"
    else:
        yield ascii(value)  # not repr, which depends on the letters that a Python knows


def _significant(node: ast.AST, name: str, field: object) -> object:
    if isinstance(node, ast.JoinedStr) and isinstance(field, list):
        return _joined(field)
    if isinstance(node, ast.Constant) and name == "kind":
        return None  # u"" and "" are the same
    if isinstance(field, list):
        return [item for item in field if not _is_docstring(item)]
    return field


def _is_docstring(statement: object) -> bool:
    """Tell whether a statement is a bare text: the docstring of a module, class, function, or of the constant above it."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _joined(parts: list[object]) -> list[object]:
    """Join neighbouring texts of an f-string and leave out empty ones, which only some Pythons have."""
    joined: list[object] = []
    for part in parts:
        if isinstance(part, ast.Constant):
            if joined and isinstance(joined[-1], ast.Constant):
                part = ast.Constant(joined.pop().value + part.value)  # type: ignore[attr-defined]
            if part.value == "":
                continue
        joined.append(part)
    return joined
