"""What a stage is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from impulse.config.engine import EngineParams

Settings_co = TypeVar("Settings_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Job(Generic[Settings_co]):
    """One run of a stage."""

    settings: Settings_co
    """The stage's own section of params.yaml."""
    engine: EngineParams
    """How work is spread; of it only ``accept_lost`` changes a result."""
    root: Path
    """Folder of the checkout."""
    data: Path
    """Folder that the stage reads other stages' outputs from."""
    output: Path
    """Folder that receives the stage's output folder; ``data`` itself, or one of its own for each member of a sweep."""
    state: Path
    """Folder of local state that survives DVC's cleaning and is shared by all experiments of a repository."""

    @property
    def home(self) -> Path:
        """The checkout that the user works in, also for an experiment in a folder of its own; relative paths start here."""
        return self.state.parent

    @property
    def env_file(self) -> Path:
        """File with secrets of the checkout, which git ignores."""
        return self.home / ".env"


@dataclass(frozen=True, slots=True)
class Counts:
    """What came into a stage and what left it; ``replays_in`` equals ``replays_out`` plus all rejects."""

    replays_in: int
    replays_out: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Rejects of this stage by reason code."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Further metrics, such as rows and bytes; they depend on the content alone, never on the run."""
    timing: Mapping[str, Any] = field(default_factory=dict)
    """Figures of this run, such as how many replays were parsed now; no stage depends on them."""
    packages: tuple[str, ...] = ()
    """Packages whose versions decide the output."""
    failure: str = ""
    """Why the stage fails although its outputs are written; empty when it does not."""
