"""The settings of the export stage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from impulse.config.ranges import check_numbers, check_range
from impulse.errors import ConfigError


class Compression(StrEnum):
    """Codec of exported Parquet files."""

    zstd = "zstd"
    snappy = "snappy"
    none = "none"


class FloatType(StrEnum):
    """Type of the exported float columns."""

    float16 = "float16"
    """Half precision for quantities with bounds, to 4 uu at the goals; times and the like stay float32."""
    float32 = "float32"
    """What the parser gives."""
    float64 = "float64"


class SplitBy(StrEnum):
    """What is never divided between splits."""

    match = "match"
    group = "group"
    """The matches of one group of the source, usually a series; a match without a group is by itself."""
    player = "player"
    """Matches that players link, directly or through others."""


@dataclass(frozen=True)
class ExportParams:
    """Settings of the export stage."""

    train: float = 0.8
    val: float = 0.1
    test: float = 0.1
    """Shares of the splits; must add up to 1."""
    split_by: SplitBy = SplitBy.match
    max_linked_share: float | None = 0.5
    """split_by player: refuse when players link a larger share of the matches than this; null warns only."""
    split_salt: str = "impulse"
    """Another text gives another assignment of matches to splits."""
    shards: int | None = None
    """Parquet files of frames, spread over the splits by their shares; a match's file then depends on its key alone. Null goes by
    size, 60 to 300 MB: a file that grows too large becomes two, and no other changes."""
    compression: Compression = Compression.zstd
    compression_level: int | None = None
    """Level of zstd; null takes 3, from which on a smaller file costs much more time."""
    float_type: FloatType = FloatType.float32
    numpy: bool = False
    """Also write memory-mappable arrays, one for each split."""

    def __post_init__(self) -> None:
        """Check values."""
        check_numbers(self, "export")
        for name in ("train", "val", "test"):
            check_range(f"export.{name}", getattr(self, name), 0, 1)
        if not math.isclose(self.train + self.val + self.test, 1.0, abs_tol=1e-9):
            raise ConfigError("export.train", f"train + val + test is {self.train + self.val + self.test:g}, must be 1")
        if self.shards is not None:
            check_range("export.shards", self.shards, 1, 4096)
        if self.max_linked_share is not None:
            check_range("export.max_linked_share", self.max_linked_share, 0, 1)
        if self.compression_level is not None:
            if self.compression is not Compression.zstd:
                raise ConfigError("export.compression_level", f"{self.compression} has no levels, only zstd has")
            check_range("export.compression_level", self.compression_level, 1, 22)
