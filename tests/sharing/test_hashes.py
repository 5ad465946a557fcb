"""What an upload reads again, and what it need not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from impulse.files.hashes import md5_and_sha256
from impulse.sharing.verify.check import READ_BEFORE, Hashes


def test_only_what_was_written_since_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where size and time are as they were; a memory that is damaged costs a reading."""
    files = [tmp_path / name for name in ("a", "b")]
    for file in files:
        file.write_bytes(file.name.encode() * 1000)
    read: list[Path] = []
    whole = md5_and_sha256

    def counted(path: Path) -> tuple[str, str]:
        read.append(path)
        return whole(path)

    monkeypatch.setattr("impulse.sharing.verify.check.md5_and_sha256", counted)

    def hashed() -> list[str]:
        read.clear()
        hashes = Hashes.remembered(tmp_path)
        found = [hashes.of(file) for file in files]
        hashes.remember(tmp_path)
        return [sha256 for each in found if each is not None for sha256 in each[1:]]

    before = hashed()
    assert read == files
    assert before == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert hashed() == before
    assert read == []

    status = files[1].stat()
    files[1].write_bytes(b"c" * 1000)
    os.utime(files[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert hashed() == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert read == [files[1]]

    for file in files:  # one that is protected may get and lose names
        file.chmod(0o444)
    hashed()
    (tmp_path / "name").hardlink_to(files[0])
    hashed()
    assert read == []

    (tmp_path / READ_BEFORE).write_text('[[["a", 1')
    hashed()
    assert read == files
