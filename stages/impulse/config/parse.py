"""The settings of the parse stage."""

from __future__ import annotations

from dataclasses import dataclass

from impulse.config.ranges import check_numbers, check_range
from impulse.errors import ConfigError
from impulse.schema.sampling import MOST_SLOTS_PER_TEAM, Decoder, FrameSettings, GroundControls, Sampling


@dataclass(frozen=True)
class ParseParams(FrameSettings):
    """Settings of the parse stage."""

    events: bool = False
    """Also make the events table (touches, passes, pickups, flips, ...). A replay without any stays. Costs: docs/products.md."""

    stats: bool = False
    """Also make the tables player_stats and team_stats, the parser's sums. A replay without any stays."""

    controls: bool = False
    """Also make the columns of controls (throttle, steer, pitch, yaw, roll, jump, boost, handbrake, dodges), from the raw data."""

    ground_controls: GroundControls | None = None
    """What pitch, yaw and roll are on the floor: null, or recorded (yaw is the steer, pitch and roll are 0)."""

    pads: bool = False
    """Also make the tables pads and pad_pickups (boost pads, and who picked which up), from the raw data: 3 to 20 kB a match."""

    pad_rows: bool = False
    """Also make columns of how long each big pad is still empty, from the raw data."""

    def __post_init__(self) -> None:
        """Check values."""
        from impulse.schema import features

        check_numbers(self, "parse")
        check_range("parse.fps", self.fps, 1, 120)
        check_range("parse.slots_per_team", self.slots_per_team, 1, MOST_SLOTS_PER_TEAM)
        if self.decoder is Decoder.array and self.sampling is not Sampling.parser:
            raise ConfigError(
                "parse.decoder",
                f"array gives no rows with sampling {self.sampling}; take auto or exact, or sampling: parser",
            )
        features.check_features("parse.global_features", self.global_features, features.GLOBAL_FEATURES)
        features.check_features("parse.player_features", self.player_features, features.PLAYER_FEATURES)
