from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from tests.paths import STAGES

from impulse.files.output import (
    output_file,
    output_folder,
)


def test_output_folder_appears_only_when_complete(tmp_path: Path) -> None:
    """An error on the way leaves the earlier output as it was and nothing else."""
    target = tmp_path / "out"
    with output_folder(target) as folder:
        (folder / "a").write_text("first")

    def fail() -> None:
        with output_folder(target) as folder:
            (folder / "a").write_text("second")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert (target / "a").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_folder_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    """Files of a killed run never reach the output of the next one."""
    target = tmp_path / "out"
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "stale").write_text("x")
    with output_folder(target) as folder:
        (folder / "a").write_text("x")

    assert [path.name for path in target.iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_file_keeps_the_old_content_on_error(tmp_path: Path) -> None:
    """A file is replaced as a whole or not at all."""
    target = tmp_path / "file"
    target.write_text("old")

    def fail() -> None:
        with output_file(target) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """The lock goes with its process, so that nobody ever has to remove a lock file by hand."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom impulse.files.output import only_writer\n"
        "with only_writer(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(STAGES)},
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        holder.wait()
        with FileLock(tmp_path / ".out.lock").acquire(timeout=5):
            pass
    finally:
        holder.stdin.close()
        holder.stdout.close()
