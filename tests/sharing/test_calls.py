"""Programs that commands wait for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from impulse.files.output import only_writer
from impulse.sharing import calls


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout whose DVC, one that never ends, keeps its hashes where no file may be longer than 1,000 bytes."""
    resource = pytest.importorskip("resource", reason="this system has no limit to the length of files")
    (tmp_path / "dvc").mkdir()
    (tmp_path / "dvc" / "__main__.py").write_text("while True: pass")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(calls, "LOOK_EVERY_SECONDS", 0.1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_dvc_that_cannot_note_hashes_is_ended(full_disk: Path) -> None:
    """It would try for ever, without a word. While a stage is at work it does not try."""
    with only_writer(full_disk / "data" / "parse"):
        assert calls.why_stuck(full_disk) is None
    with pytest.raises(OSError, match="File too large") as caught:
        calls.dvc(full_disk, "repro")
    assert caught.value.filename == str(full_disk)


def test_dvc_that_has_room_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one ended whose folder is not there yet."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path))
    assert calls.why_stuck(tmp_path) is None
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "not-there-yet"))
    assert calls.why_stuck(tmp_path) is None
