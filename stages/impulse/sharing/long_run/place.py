"""Where a checkout keeps what checkpoints are made of, and who it is among those that use the same remote."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

from impulse.files.output import output_file


class Place:
    """The folders and files of one checkout that a long run reads and writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.raw = root / "data" / "raw"
        self.state = root / ".state"
        self.ledger = self.state / "ledger.sqlite"

    def maker(self) -> str:
        """Return the name of this checkout in checkpoints; it is lost with the machine."""
        path = self.state / "checkpoint-maker"
        if not path.is_file():
            with output_file(path) as partial:
                partial.write_text(secrets.token_hex(8), encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def continued(self) -> str | None:
        """Return the checkpoint that this checkout was restored from."""
        path = self.state / "checkpoint-restored"
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def set_continued(self, name: str) -> None:
        """Remember the checkpoint that this checkout goes on from."""
        with output_file(self.state / "checkpoint-restored") as partial:
            partial.write_text(name, encoding="utf-8")

    def revision(self) -> str:
        """Return the commit of the checkout."""
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.root, capture_output=True, text=True, check=False)
        return found.stdout.strip() or "unknown"
