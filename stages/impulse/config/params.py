"""The parameters of every stage, as frozen dataclasses that check types, names and ranges.

One section of params.yaml is one class here. Each class holds the range checks of its own values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from impulse.config.fetch import FetchParams
from impulse.config.ranges import check_range
from impulse.config.validate import ValidateParams
from impulse.errors import ConfigError


class EngineKind(StrEnum):
    """What runs the parser."""

    local = "local"
    """Processes of this machine."""
    dask = "dask"
    """Workers of a Dask cluster that share a file system with this machine."""


class Sampling(StrEnum):
    """Which network frame a row shows."""

    parser = "parser"
    """The first one at or after the row's time, as the parser samples; rows run on through gaps of the recording."""
    causal = "causal"
    """The last one at or before the row's time: nothing from the future; no rows in gaps of the recording."""
    native = "native"
    """One row for each network frame; fps has no meaning."""


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


class Keep(StrEnum):
    """What makes one recording of a match better than another."""

    most_frames = "most_frames"
    """It shows more network frames."""
    longest = "longest"
    """More seconds lie between its first and its last row."""
    most_players = "most_players"
    """It has more players."""
    not_recovered = "not_recovered"
    """The parser's array call took it; in recovered ones bodies are interpolated."""
    earliest_upload = "earliest_upload"
    """It was uploaded first; those of sources without uploads come last."""
    smallest_id = "smallest_id"
    """Its id comes first; always the last criterion."""


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
    """How far start (apart from time zones) and length may differ."""
    keep: list[Keep] = field(
        default_factory=lambda: [Keep.most_frames, Keep.longest, Keep.earliest_upload, Keep.smallest_id]
    )
    """What makes a recording the one to keep, the weightiest first."""
    deduplicate_position: bool = True
    """Drop columns that repeat another column of the frames."""
    keep_quaternions: bool = True
    keep_euler_angles: bool = False
    """False drops them where a quaternion of the same body tells the rotation."""
    keep_velocities: bool = True

    def __post_init__(self) -> None:
        """Check values."""
        check_range("dedupe.min_goals", self.min_goals, 3, 100)
        check_range("dedupe.goal_tolerance_seconds", self.goal_tolerance_seconds, 0, 2)
        check_range("dedupe.window_seconds", self.window_seconds, 0, 300)
        if len(set(self.keep)) != len(self.keep):
            raise ConfigError("dedupe.keep", "names a criterion twice")


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
    shards: int = 8
    """Parquet files of frames, spread over the splits by their shares; a match's file depends on its key alone."""
    compression: Compression = Compression.zstd
    compression_level: int | None = None
    """Level of zstd; null takes 3, from which on a smaller file costs much more time."""
    float_type: FloatType = FloatType.float32
    long: bool = False
    """Also write frames_long, one row for each player and frame."""
    numpy: bool = False
    """Also write memory-mappable arrays, one for each split."""
    npz: bool = False
    """Also write one .npz file for each replay."""

    def __post_init__(self) -> None:
        """Check values."""
        for name in ("train", "val", "test"):
            check_range(f"export.{name}", getattr(self, name), 0, 1)
        if not math.isclose(self.train + self.val + self.test, 1.0, abs_tol=1e-9):
            raise ConfigError("export.train", f"train + val + test is {self.train + self.val + self.test:g}, must be 1")
        check_range("export.shards", self.shards, 1, 4096)
        if self.max_linked_share is not None:
            check_range("export.max_linked_share", self.max_linked_share, 0, 1)
        if self.compression_level is not None:
            if self.compression is not Compression.zstd:
                raise ConfigError("export.compression_level", f"{self.compression} has no levels, only zstd has")
            check_range("export.compression_level", self.compression_level, 1, 22)


@dataclass(frozen=True)
class EngineParams:
    """How work is spread; nothing here changes a result, so no stage depends on it."""

    kind: EngineKind = EngineKind.local
    address: str | None = None
    """dask: address of the scheduler, such as tcp://host:8786; null starts a cluster on this machine."""
    workers: int = 0
    """Worker processes; 0 takes one for each core."""
    timeout_seconds: float = 300.0
    """Time limit of one replay."""
    memory_limit_mb: int = 4096
    """Address space of one worker; 0 sets no limit."""

    def __post_init__(self) -> None:
        """Check values."""
        check_range("engine.workers", self.workers, 0, 1024)
        check_range("engine.timeout_seconds", self.timeout_seconds, 1)
        if self.memory_limit_mb:
            check_range("engine.memory_limit_mb", self.memory_limit_mb, 1024)


@dataclass(frozen=True)
class Params:
    """All of params.yaml."""

    params_version: int = 1
    """Version of this layout."""
    fetch: FetchParams = field(default_factory=FetchParams)
    parse: ParseParams = field(default_factory=ParseParams)
    validate: ValidateParams = field(default_factory=ValidateParams)
    dedupe: DedupeParams = field(default_factory=DedupeParams)
    export: ExportParams = field(default_factory=ExportParams)
    engine: EngineParams = field(default_factory=EngineParams)
