"""Figures of a run as a section of docs/performance.md."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.paths import ROOT

PAGE = ROOT / "docs" / "performance.md"


@dataclass(frozen=True)
class Row:
    """A figure, and what it should be."""

    what: str
    value: float
    at_most: float | None
    """None where there is no limit."""
    unit: str = ""
    """Empty for a ratio."""

    def __str__(self) -> str:
        """Return the line of the table."""
        wanted = "" if self.at_most is None else f"<= {self.at_most:g} {self.unit}".rstrip()
        verdict = "" if self.at_most is None else "yes" if self.value <= self.at_most else "**no**"
        return f"| {self.what} | {self.value:.3g} {self.unit}".rstrip() + f" | {wanted} | {verdict} |"


def append(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Add a run to the page, with its machine and commit."""
    head = f"\n## {datetime.now(UTC):%Y-%m-%d}, {_commit()}\n\n{_machine()}\n\n| what | is | wanted | kept |\n|---|---|---|---|\n"
    with page.open("a", encoding="utf-8") as file:
        file.write(head + "".join(f"{row}\n" for row in rows))


def _commit() -> str:
    """Return the commit of the working tree, and whether there is more in it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores of {model}, {platform.system()}, Python {platform.python_version()}, load {load:.1f} at the end."
