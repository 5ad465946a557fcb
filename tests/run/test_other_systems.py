"""Systems that lack what only Linux or POSIX has: everything works there, with what the docstrings say is given up."""

from __future__ import annotations

import os
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


@pytest.mark.slow
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
