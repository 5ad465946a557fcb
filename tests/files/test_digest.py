"""The digest of code: the same on every Python, blind for comments and layout, open-eyed for everything else."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from impulse.files import digest
from impulse.files.digest import code_digest, declared_rooms, product_digest, source_digest

SNIPPETS = {
    "constants": "x = 1\ny = (1.5, -2, 3j, b'a', 'ä', u'b', True, None, ...)\nz = 'a' 'b'\n",
    "f-strings": "f'{x:>{w}}{y!r}{z=} {{}} {a:{b}.{c}f}' f'tail' 'and' f'{q}'\n",
    "quotes": "f'{d[\"key\"]:>3} it''s' + f\"{e['k']}\"\n",
    "match": "match x:\n    case [1, *rest] if rest: pass\n    case {'a': b, **c} | None: pass\n    case P(q=1) as r: pass\n",
    "walrus": "if (n := len(a)) > 1 and not any((y := z) for z in a): print(n, y)\n",
    "functions": "@a\n@b.c(1)\nasync def f(x, /, y: int = 2, *z, k=None, **rest) -> str:\n    'doc'\n    return await g(*z)\n",
    "classes": "@dataclass(frozen=True)\nclass A(B[int], metaclass=M):\n    '''doc'''\n    x: int = 0\n    'of x'\n",
    "flow": "try:\n    with a as b, c: yield_ = [i async for i in b if i]\nexcept* E as e: raise X from e\nfinally: del b\n",
    "lambda": "h = lambda *a, b=1, **c: (yield)\nglobal h\nassert h, 'text'\nx[1:2, ::3] @= ~y if z else {**k}\n",
}

STORED = {
    "constants": "8278cedce288e0dc0f59265df902fbd1cc5707eea6d9c2eeac75908a4fc0223e",
    "f-strings": "00e949d59afce96dd193d028ce32bed77f25044c11ea703dea580037cf29285f",
    "quotes": "bdd6765b1dd9e7b5b5cc281decf91216e2391f9975cadd05ce9c3a2ed75c7e6d",
    "match": "207036887f0176e9d090e6b3eb32526d6d41a6df3471f45ebf6523edd86286fa",
    "walrus": "4098c7f9da0146b4a2ee5a23bb27fa0f147223fdbe0df74e951be50a66404a9e",
    "functions": "e2c7e988c23a26f4d3e6ecffdb9052d8d1e11f2738d26e78715345574fffb851",
    "classes": "682ce1ec47246336dcf31812b0531dc53956a9ed3d2a4e63d07f0ce940c6a87a",
    "flow": "ef0c1c028789f26e137769dec7dab0cd420150d4d1346dc870c2b8f0b55b2165",
    "lambda": "749a69879bf052bd3844667a7844d5dacef3aeaf0823cf66ac12e7dd7e0e5d77",
}
"""Taken on Python 3.11; 3.12.1, 3.12.7 and 3.13.2 gave the same."""


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_digest_is_the_same_on_every_python(name: str) -> None:
    """Syntax trees differ between Pythons; what is taken of them does not."""
    assert source_digest(SNIPPETS[name].encode()) == STORED[name]


BEFORE = '''"""Doc."""
LIMIT = 3  # of all
"""What it means."""

def f(x):
    """Doc."""
    return f"{x:>{LIMIT}}" + "a"
'''


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("# of all", "# of all of them"),
        BEFORE.replace("Doc", "Another text"),
        BEFORE.replace('    """Doc."""\n', ""),
        BEFORE.replace("What it means", "What it really means"),
        BEFORE.replace("return f", "return (\n        f").replace('"a"', "'a'\n    )"),
        BEFORE.replace("\n", "\r\n"),
    ],
    ids=["comment", "docstring", "docstring removed", "docstring of a constant", "layout", "line ends"],
)
def test_what_changes_nothing_changes_no_digest(after: str) -> None:
    """Comments, docstrings and layout."""
    assert after != BEFORE
    assert source_digest(after.encode()) == source_digest(BEFORE.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= 3", "= 4"),
        ("= 3", "= 3.0"),
        ("= 3", "= True"),
        ('"a"', '"A"'),
        ('"a"', 'b"a"'),
        (":>", ":<"),
        ("def f(x)", "def f(x=None)"),
        ('+ "a"', '- "a"'),
        ("return", "yield"),
        ("LIMIT = 3", "LIMIT: int = 3"),
    ],
)
def test_what_changes_something_changes_the_digest(old: str, new: str) -> None:
    """Constants, their types, operators, arguments."""
    assert old in BEFORE
    assert source_digest(BEFORE.replace(old, new).encode()) != source_digest(BEFORE.encode())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with one product, the room that it uses, and one that it does not."""
    for name, text in {
        "errors.py": "class E: pass\n",
        "replay/facts.py": "A = 1\n",
        "schema/frames.py": "A = 1\n",
        "schema/names.json": "{}",
        "decoding/walk.py": "A = 1\n",
        "tables/io.py": "A = 1\n",
        "products/frames/__init__.py": 'USES = ("decoding",)\n',
        "products/frames/build.py": "A = 1\n",
        "products/events.py": "A = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "frames", "events"),
    [
        ("products/frames/build.py", True, False),
        ("products/events.py", False, True),
        ("decoding/walk.py", True, False),
        ("schema/frames.py", True, True),
        ("schema/names.json", True, True),
        ("replay/facts.py", True, True),
        ("errors.py", True, True),
        ("tables/io.py", False, False),
    ],
)
def test_a_product_has_the_digest_of_all_code_that_it_may_use(
    package: Path, file: str, *, frames: bool, events: bool
) -> None:
    """Its own modules, the rooms that it declares, the ground rooms, and nothing else."""
    products = ("products/frames", "products/events.py")
    before = [product_digest(product, package=package) for product in products]
    (package / file).write_text((package / file).read_text() + "\nB = 2\n")
    after = [product_digest(product, package=package) for product in products]
    assert [old != new for old, new in zip(before, after, strict=True)] == [frames, events]


def test_a_comment_in_a_product_or_below_it_changes_nothing(package: Path) -> None:
    """Nothing is parsed again for it; other files than modules count by their bytes."""
    before = product_digest("products/frames", package=package)
    for file in ("products/frames/build.py", "decoding/walk.py", "schema/frames.py"):
        (package / file).write_text(f'"""What it does."""\n# why\n{(package / file).read_text()}')
    assert product_digest("products/frames", package=package) == before
    (package / "schema" / "names.json").write_text("{ }")
    assert product_digest("products/frames", package=package) != before


def test_a_new_and_a_renamed_file_count(package: Path) -> None:
    """Code that was added may be used."""
    before = code_digest("replay", package=package)
    (package / "replay" / "more.py").write_text("")
    added = code_digest("replay", package=package)
    (package / "replay" / "more.py").rename(package / "replay" / "other.py")
    assert len({before, added, code_digest("replay", package=package)}) == 3


@pytest.mark.parametrize(
    "stray",
    [
        ".facts.py.swp",
        "facts.py.orig",
        "facts.py.rej",
        "facts.py.bak",
        "facts copy.py",
        "4913",
        "facts.py~",
        "#facts.py#",
        ".DS_Store",
        ".ipynb_checkpoints/facts-checkpoint.py",
        "__pycache__/f.pyc",
    ],
)
def test_what_editors_and_systems_leave_is_no_code(package: Path, stray: str) -> None:
    """A file that is open in an editor parses nothing again."""
    before = product_digest("products/frames", package=package)
    for room in ("replay", "products/frames", "decoding"):
        (package / room / stray).parent.mkdir(exist_ok=True)
        (package / room / stray).write_text("A = 2\n")
    assert product_digest("products/frames", package=package) == before


def test_a_package_below_a_hidden_folder_counts(tmp_path: Path) -> None:
    """Where it is installed, for example in .venv, does not matter."""
    (tmp_path / ".venv" / "replay").mkdir(parents=True)
    (tmp_path / ".venv" / "replay" / "facts.py").write_text("A = 1\n")
    before = code_digest("replay", package=tmp_path / ".venv")
    (tmp_path / ".venv" / "replay" / "facts.py").write_text("A = 2\n")
    assert code_digest("replay", package=tmp_path / ".venv") != before


def test_declared_rooms_are_read_without_importing(package: Path) -> None:
    """Of a folder its __init__ speaks; who declares nothing uses the ground alone."""
    assert declared_rooms("products/frames", package=package) == ("decoding",)
    assert declared_rooms("products/events.py", package=package) == ()


@pytest.fixture
def known(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of digests that are known, at first empty; each digest is asked for as by a new process."""
    file = tmp_path_factory.mktemp("known") / "digests.txt"
    monkeypatch.setattr(digest, "DIGESTS", file)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    digest._known_digests.cache_clear()
    yield file
    digest._known_digests.cache_clear()


def in_a_new_process(package: Path) -> str:
    digest._known_digests.cache_clear()
    return product_digest("products/frames", package=package)


def test_a_module_is_walked_once_for_all_processes(package: Path, known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its source is read and hashed each time, so an edit is seen; a copy of the package with other code is another one."""
    before = in_a_new_process(package)
    walked = []

    def walking(source: bytes) -> str:
        walked.append(source)
        return source_digest(source)

    monkeypatch.setattr(digest, "source_digest", walking)
    assert in_a_new_process(package) == before
    assert walked == []
    (package / "decoding/walk.py").write_text("A = 2\n")
    after = in_a_new_process(package)
    assert (after != before, walked) == (True, [b"A = 2\n"])
    known.unlink()
    assert in_a_new_process(package) == after


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "other code"])
def test_digests_that_were_damaged_are_not_believed(package: Path, known: Path, damage: str) -> None:
    """Each of many places; a digest that another version of the module found is none either."""
    right = in_a_new_process(package)
    content = known.read_bytes()
    draw = random.Random(3)
    for _ in range(40):
        bad = bytearray(content)
        if damage == "flipped":
            bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        elif damage == "cut":
            del bad[draw.randrange(len(bad)) :]
        elif damage == "empty":
            bad.clear()
        else:
            bad[:64] = hashlib.sha256(b"another module" + content[65:]).hexdigest().encode()
        known.write_bytes(bad)
        assert in_a_new_process(package) == right


def test_digests_are_found_where_nothing_can_be_kept(package: Path, known: Path) -> None:
    """Here because the folder of compiled modules is a file."""
    right = in_a_new_process(package)
    known.unlink()
    known.parent.rmdir()
    known.parent.write_bytes(b"")
    assert in_a_new_process(package) == right


def test_code_that_is_edited_while_it_runs_vouches_for_nothing_new(
    package: Path, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it finds is believed by processes that loaded the same code, whatever stands in its file by now."""
    right = in_a_new_process(package)
    with monkeypatch.context() as older:
        older.setattr(digest, "_OWN", b"the code of another version")
        older.setattr(digest, "source_digest", lambda source: hashlib.md5(source).hexdigest())
        other = in_a_new_process(package)
        assert other != right
        assert in_a_new_process(package) == other
    assert in_a_new_process(package) == right
