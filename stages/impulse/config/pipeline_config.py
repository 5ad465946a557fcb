"""``PipelineConfig``: quality, redundancy and output settings under the names that library users know."""

from __future__ import annotations

from dataclasses import dataclass

from impulse.config.dedupe import DedupeParams
from impulse.config.export import Compression, ExportParams
from impulse.config.validate import Rule, ValidateParams
from impulse.errors import check_known


@dataclass(frozen=True)
class PipelineConfig:
    """Settings of validate, dedupe and export in one object; each section is checked on construction."""

    MIN_FRAMES: int = 100
    MAX_FRAMES: int = 100_000
    MIN_PLAYERS: int = 2
    MAX_PLAYERS: int = 8
    DEDUPLICATE_POSITION: bool = True
    KEEP_QUATERNIONS: bool = True
    KEEP_EULER_ANGLES: bool = False
    KEEP_VELOCITIES: bool = True
    PARQUET_COMPRESSION: str = "zstd"

    def __post_init__(self) -> None:
        """Check every section."""
        self.validate_params()
        self.dedupe_params()
        self.export_params()

    def validate_params(self) -> ValidateParams:
        """Return settings of the validate stage with the four rules that have names here; conf/quality has them all."""
        return ValidateParams(
            rules={
                "too_few_frames": Rule("rows", at_least=self.MIN_FRAMES, because="long enough to learn from"),
                "too_many_frames": Rule("rows", at_most=self.MAX_FRAMES, because="not a recording left running"),
                "too_few_players": Rule(
                    "n_players", at_least=self.MIN_PLAYERS, because="a match has at least two players"
                ),
                "too_many_players": Rule(
                    "players_at_once", at_most=self.MAX_PLAYERS, because="no more than 4 against 4"
                ),
            }
        )

    def dedupe_params(self) -> DedupeParams:
        """Return the settings of the dedupe stage."""
        return DedupeParams(
            deduplicate_position=self.DEDUPLICATE_POSITION,
            keep_quaternions=self.KEEP_QUATERNIONS,
            keep_euler_angles=self.KEEP_EULER_ANGLES,
            keep_velocities=self.KEEP_VELOCITIES,
        )

    def export_params(self) -> ExportParams:
        """Return the settings of the export stage."""
        check_known("PARQUET_COMPRESSION", self.PARQUET_COMPRESSION, list(Compression), what="codec")
        return ExportParams(compression=Compression(self.PARQUET_COMPRESSION))
