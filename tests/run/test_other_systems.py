"""Systems that lack what only Linux or POSIX has: everything works there, with what the docstrings say is given up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.paths import ROOT, STAGES

OTHER_SYSTEM = Path(__file__).parent / "other_system"
BUILD = """
import sys
from pathlib import Path
from tests.exported import exported, prepared_data
from impulse.files.disk import link_folder
from impulse.files.memory import memory_file

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    exported(prepared_data(folder / "data"), folder)
    link_folder(folder / "data" / "raw", folder / "raw")
    with memory_file(b"a replay") as path:
        assert path.read_bytes() == b"a replay"
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


DOORS = {
    r"\.(write_text|symlink_to|hardlink_to|chmod)\(": {"files/output.py", "files/disk.py"},
    r"\bos\.(link|symlink|chmod|fsync|open)\b": {"files/disk.py"},
    r"\bos\.(memfd_create|posix_\w+)\b": {"files/memory.py"},
    r"\bos\.(killpg|setsid|getpgid|fork)\b": {"sharing/long_run/programs.py"},
    r"\b(import|from) (resource|fcntl|pwd|grp|termios)\b": {"run/limits.py"},
}
"""What does not work, or not alike, on every system, and the modules that may use it."""


@pytest.mark.parametrize("pattern", DOORS)
def test_each_lies_behind_its_door(pattern: str) -> None:
    """A module that needs one of these calls the door, which has the fallback."""
    package = STAGES / "impulse"
    found = {path for path in package.rglob("*.py") if re.search(pattern, path.read_text(encoding="utf-8"))}
    assert {path.relative_to(package).as_posix() for path in found} == DOORS[pattern]


@pytest.mark.heavy
def test_the_dataset_is_the_same_to_the_byte(tmp_path: Path, data: Path, dataset: Path) -> None:
    """Without limits of memory, links, modes and flushed folders the build ends in the same files, each a copy."""
    path = os.pathsep.join(map(str, (OTHER_SYSTEM, ROOT, STAGES)))
    (tmp_path / "build.py").write_text(BUILD)
    command = [sys.executable, str(tmp_path / "build.py"), str(tmp_path)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "export") == contents(dataset)
    assert contents(tmp_path / "raw") == contents(data / "raw")
    for folder, is_linked in ((tmp_path / "export", False), (dataset, True)):
        assert any(file.stat().st_nlink > 1 for file in folder.rglob("*.parquet")) == is_linked
