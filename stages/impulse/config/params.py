"""The parameters of every stage, as frozen dataclasses that check types, names and ranges.

One section of params.yaml is one class here. Each class holds the range checks of its own values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from impulse.config.dedupe import DedupeParams
from impulse.config.engine import EngineParams
from impulse.config.export import ExportParams
from impulse.config.fetch import FetchParams
from impulse.config.parse import ParseParams
from impulse.config.validate import ValidateParams
from impulse.errors import ConfigError

PARAMS_VERSION = 1


@dataclass(frozen=True)
class Params:
    """All of params.yaml."""

    params_version: int = PARAMS_VERSION
    """Version of this layout."""
    fetch: FetchParams = field(default_factory=FetchParams)
    parse: ParseParams = field(default_factory=ParseParams)
    validate: ValidateParams = field(default_factory=ValidateParams)
    dedupe: DedupeParams = field(default_factory=DedupeParams)
    export: ExportParams = field(default_factory=ExportParams)
    engine: EngineParams = field(default_factory=EngineParams)

    def __post_init__(self) -> None:
        """Check the version; each section has checked itself."""
        if self.params_version != PARAMS_VERSION:
            raise ConfigError(
                "params_version", f"says which layout the settings have; it is {PARAMS_VERSION}, not to be set"
            )
