"""What a long run does first, with programs that only write down that they were called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from impulse.config.lock_file import ACCESS_FILE, LOCK_FILE
from impulse.sharing.long_run import run as run_module

CUT_SHORT = "schema: '2.0'\nstages:\n  fetch:\n    cmd: [pyth"


def test_lock_files_are_mended_before_anything_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that lost its power while DVC wrote them goes on; the first program composes params.yaml and reads them."""
    (tmp_path / ACCESS_FILE).parent.mkdir(parents=True)
    (tmp_path / ACCESS_FILE).write_text("{")
    (tmp_path / LOCK_FILE).write_text(CUT_SHORT)
    (tmp_path / "params.yaml").write_text("fetch: {storage: s3}")
    seen: list[tuple[str, bool]] = []

    class Programs:
        is_stopping = False
        reason = ""

        def __init__(self, *_: object) -> None: ...

        def listen(self) -> None: ...

        def run(self, *command: str, **_: object) -> int:
            seen.append((command[1], (tmp_path / LOCK_FILE).exists() or (tmp_path / ACCESS_FILE).exists()))
            return 0

    @contextmanager
    def snapshots(root: Path) -> Iterator[MagicMock]:
        yield MagicMock(endpoint="http://127.0.0.1")

    monkeypatch.setattr(run_module, "Programs", Programs)
    monkeypatch.setattr(run_module, "open_snapshots", snapshots)
    monkeypatch.setattr(run_module, "refuse_damage", lambda _: seen.append(("check", False)))
    monkeypatch.setattr(run_module, "forget_index", lambda _: seen.append(("index", False)))
    monkeypatch.setattr(run_module, "refuse_incomplete", lambda _: seen.append(("complete", False)))
    assert run_module.run(tmp_path, {"AWS_EC2_METADATA_DISABLED": "true"}) == 0
    assert seen == [
        (name, False)
        for name in ("stages/config.py", "stages/fetch.py", "commit", "repro", "check", "index", "push", "complete")
    ]
