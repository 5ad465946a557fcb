"""Break the code on purpose, a line at a time, and see that the tests notice.

python tests/mutants/run.py [WORD ...]

Each edit of ``tests/mutants/edits.py`` is made in a copy of the checkout, where the tests that must notice it are run; with
words, those edits alone whose name or module has one. It fails when an edit goes unnoticed or cannot be made, or when a test
fails without any. An edit that goes unnoticed wants a better test, not another edit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.mutants.edit import Edit  # noqa: E402 - the path comes first
from tests.mutants.edits import EDITS  # noqa: E402

COPIED = ("stages", "tests", "conf", "params.yaml", "dvc.yaml", "pyproject.toml")
"""What the tests need of the checkout."""

AT_ONCE = 2
LONGEST_SECONDS = 300
"""Tests that take longer hang; most take three, on a machine with nothing else to do."""

TESTS_FAILED = 1
"""What pytest returns then; another number says that it could not run them."""


def main(words: Sequence[str]) -> int:
    """Make the edits and return the number of those that went wrong."""
    started = time.monotonic()
    edits = [edit for edit in EDITS if not words or any(word in edit.name or word in edit.path for word in words)]
    if not edits:
        print(f"no edit has a name or module with {' or '.join(words)}")
        return 1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        first, *others = trees = [Path(folder) / str(number) for number in range(AT_ONCE)]
        _copy(ROOT, first)
        checked = _tests(first, sorted({test for edit in edits for test in edit.tests}), keep_bytecode=True)
        if checked.returncode:
            print(f"the tests fail on the code as it is:\n{checked.stdout}{checked.stderr}")
            return 1
        for tree in others:
            _copy(first, tree)
        free: Queue[Path] = Queue()
        for tree in trees:
            free.put(tree)

        def outcome(edit: Edit) -> str | None:
            tree = free.get()
            try:
                return _outcome(edit, tree)
            finally:
                free.put(tree)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(zip(edits, pool.map(outcome, edits), strict=True))
    wrong = [f"{edit.name}: {what}" for edit, what in outcomes if what]
    for line in wrong:
        print(line)
    print(f"{len(edits) - len(wrong)} of {len(edits)} caught, {time.monotonic() - started:.0f} s")
    return len(wrong)


def _copy(source: Path, target: Path) -> None:
    target.mkdir()
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        else:
            shutil.copy2(source / name, target / name)


def _outcome(edit: Edit, tree: Path) -> str | None:
    """Return what went wrong with an edit; None when the tests noticed it."""
    if (found := (tree / edit.path).read_text(encoding="utf-8").count(edit.old)) != 1:
        return f"{edit.path} has {found} times {edit.old!r}, must have it once; change the edit as the code was changed"
    with _edited(edit, tree):
        try:
            result = _tests(tree, edit.tests)
        except subprocess.TimeoutExpired:
            return f"the tests took longer than {LONGEST_SECONDS} s"
    if result.returncode == TESTS_FAILED:
        return None
    if result.returncode == 0:
        return f"no test noticed; {' '.join(edit.tests)} must"
    last = (result.stdout + result.stderr).strip().splitlines()[-1:]
    return f"the tests could not run: {' '.join(last)}"


@contextmanager
def _edited(edit: Edit, tree: Path) -> Iterator[None]:
    """Have an edit in a tree for a while; the compiled module that lies there is valid again afterwards."""
    path = tree / edit.path
    before, stamp = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(before.replace(edit.old, edit.new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def _tests(tree: Path, tests: Sequence[str], *, keep_bytecode: bool = False) -> subprocess.CompletedProcess[str]:
    """Run tests in a tree; those that need nothing of tests/conftest.py, which takes longer than they do."""
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--noconftest", *tests)
    environment = {**os.environ, "CI": "true", "PYTHONPATH": str(tree / "stages")}  # Hypothesis draws the same in CI
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if not keep_bytecode:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        command,
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=None if keep_bytecode else LONGEST_SECONDS,
    )


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
