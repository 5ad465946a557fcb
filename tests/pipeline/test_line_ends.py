from __future__ import annotations

import subprocess
from pathlib import Path

from tests.paths import ROOT

PICTURE = b"\x89PNG\r\n\x1a\n\n"


def test_text_has_the_same_bytes_whatever_git_is_set_to(tmp_path: Path) -> None:
    """With core.autocrlf (the default of Git on Windows) every code dependency would count as modified."""

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=impulse", "-c", "user.email=impulse@example.org", "-c", "core.autocrlf=true"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    files = {
        ".gitattributes": (ROOT / ".gitattributes").read_bytes(),
        "stages/a.py": b"a = 1\nb = 2\n",
        "a.png": PICTURE,
    }
    git("init", "-q")
    (tmp_path / "stages").mkdir()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    git("add", "-A")
    git("commit", "-qm", "all")
    for name in files:
        (tmp_path / name).unlink()
    git("checkout", "--", ".")
    assert {name: (tmp_path / name).read_bytes() for name in files} == files
