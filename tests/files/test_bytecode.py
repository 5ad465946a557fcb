from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.paths import STAGES

BLOCK = 4096
"""Bytes that common disks give out as a whole."""


@pytest.mark.skipif(os.name == "nt", reason="this system has no limit to the length of files")
def test_a_full_disk_leaves_no_compiled_module_cut_short(tmp_path: Path) -> None:
    """Older Pythons keep one, and end with an EOFError in every later start, when the disk has long had room again."""
    package = tmp_path / "impulse"
    package.mkdir()
    for name in ("__init__.py", "bytecode.py", "errors.py"):
        shutil.copy(STAGES / "impulse" / name, package)
    limited = f"import resource as r; r.setrlimit(r.RLIMIT_FSIZE, ({BLOCK}, r.RLIM_INFINITY)); import impulse.errors"
    environment = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]}
    for code in (limited, "import impulse.errors"):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    sizes = {path.name.partition(".")[0]: path.stat().st_size for path in package.rglob("*.pyc")}
    assert sizes["errors"] > BLOCK  # with room it is kept
    assert max(sizes.pop("__init__"), sizes.pop("bytecode", 0)) < BLOCK  # nothing sees to these
