"""The settings of the dedupe stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from impulse.config.ranges import check_numbers, check_range
from impulse.errors import ConfigError


class Keep(StrEnum):
    """What makes one recording of a match better than another."""

    most_frames = "most_frames"
    """It shows more network frames."""
    longest = "longest"
    """More seconds lie between its first and its last row."""
    most_players = "most_players"
    """It has more players."""
    earliest_upload = "earliest_upload"
    """It was uploaded first; those of sources without uploads come last."""
    smallest_id = "smallest_id"
    """Its id comes first; always the last criterion."""


@dataclass(frozen=True)
class DedupeParams:
    """Settings of the dedupe stage."""

    by_recording: bool = True
    """Files with the same recording id are the same recording."""
    by_match_guid: bool = True
    """Recordings with the same match guid are the same match."""
    by_fingerprint: bool = True
    """Recordings without a common id are the same match where map, players, score, goals and times leave no doubt."""
    min_goals: int = 3
    """Goals that a match must have for that."""
    goal_tolerance_seconds: float = 0.5
    """How far the times between goals may differ, beside the rounding to rows."""
    window_seconds: float = 120.0
    """How far the times of saving (apart from time zones) and the lengths may differ."""
    keep: list[Keep] = field(
        default_factory=lambda: [Keep.most_frames, Keep.longest, Keep.earliest_upload, Keep.smallest_id]
    )
    """What makes a recording the one to keep, the weightiest first."""
    deduplicate_position: bool = True
    """Drop columns that repeat another column of the frames."""
    keep_quaternions: bool = True
    keep_euler_angles: bool = False
    """False drops them where a quaternion of the same body gives the rotation."""
    keep_velocities: bool = True

    def __post_init__(self) -> None:
        """Check values."""
        check_numbers(self, "dedupe")
        check_range("dedupe.min_goals", self.min_goals, 3, 100)
        check_range("dedupe.goal_tolerance_seconds", self.goal_tolerance_seconds, 0, 2)
        check_range("dedupe.window_seconds", self.window_seconds, 0, 300)
        if len(set(self.keep)) != len(self.keep):
            raise ConfigError("dedupe.keep", "names a criterion twice")
