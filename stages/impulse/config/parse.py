"""The settings of the parse stage."""

from __future__ import annotations

from dataclasses import dataclass, field

from impulse.config.ranges import check_range
from impulse.schema.sampling import Sampling


@dataclass(frozen=True)
class ParseParams:
    """Settings of the parse stage."""

    fps: float = 10.0
    """Rows a second."""
    sampling: Sampling = Sampling.parser
    """Which network frame a row shows."""
    slots_per_team: int = 4
    """Player slots a side; fixes the width of the frames."""
    recover: bool = True
    """Decode replays whose players change in mid-match through the parser's slower frame data."""
    events: bool = False
    """Also make the events table (touches, pickups, shots, ...), which takes seconds a match."""
    global_features: list[str] = field(default_factory=list)
    player_features: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check values."""
        from impulse.schema import features

        check_range("parse.fps", self.fps, 1, 120)
        check_range("parse.slots_per_team", self.slots_per_team, 1, 8)
        features.check_features("parse.global_features", self.global_features, features.GLOBAL_FEATURES)
        features.check_features("parse.player_features", self.player_features, features.PLAYER_FEATURES)
